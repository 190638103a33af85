/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a watch asks for. What it does not is no code, and is not read (.rodata is constant). */
#ifndef TXPATH_BPF_TRACE_CONFIG_H
#define TXPATH_BPF_TRACE_CONFIG_H

#include <txpath/trace.h>
#include "kernel/kernel.bpf.h"

const volatile struct txp_trace_config txp_trace_config;

/* what: of enum txp_trace_what, any of them */
static __always_inline bool asks_for(__u32 what)
{
	return txp_trace_config.what & what;
}

static __always_inline bool asks_probe(enum txp_probe probe)
{
	return txp_trace_config.probes & TXP_PROBE_BIT(probe);
}

static __always_inline bool asks_header(void)
{
	return txp_trace_config.filter.asks_header ||
	       asks_for(TXP_TRACE_LATENCY | TXP_TRACE_RECORD);
}

static __always_inline bool asks_mark(void)
{
	return txp_trace_config.filter.mark_mask || asks_for(TXP_TRACE_RECORD);
}

static __always_inline bool asks_packet(void)
{
	return txp_asks_packet(&txp_trace_config);
}

#endif /* TXPATH_BPF_TRACE_CONFIG_H */
