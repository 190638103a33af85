/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a watch asks for. What it does not is no code, and is not read (.rodata is constant). */
#ifndef TXPATH_ASKED_BPF_H
#define TXPATH_ASKED_BPF_H

#include <txpath/watch.h>
#include "kernel.bpf.h"

const volatile struct txp_watch txp_watch;

/* what: of enum txp_watch_what, any of them */
static __always_inline bool asks_for(__u32 what)
{
	return txp_watch.what & what;
}

static __always_inline bool asks_station(enum txp_station station)
{
	return txp_watch.stations & TXP_STATION_BIT(station);
}

static __always_inline bool asks_header(void)
{
	return txp_watch.filter.asks_header || asks_for(TXP_WATCH_LATENCY | TXP_WATCH_TRACE);
}

static __always_inline bool asks_mark(void)
{
	return txp_watch.filter.mark_mask || asks_for(TXP_WATCH_TRACE);
}

static __always_inline bool asks_packet(void)
{
	return txp_asks_packet(&txp_watch);
}

#endif /* TXPATH_ASKED_BPF_H */
