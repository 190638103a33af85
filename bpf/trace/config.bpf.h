/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The configuration of a trace session, and its filter. The loader writes it to .rodata before it
 * loads the programs: the verifier removes the code that this session does not want.
 */
#ifndef TXPATH_BPF_TRACE_CONFIG_H
#define TXPATH_BPF_TRACE_CONFIG_H

#include <txpath/trace.h>
#include "kernel/kernel.bpf.h"

const volatile struct txp_trace_config txp_trace_config;

/* what: any of these bits of enum txp_trace_what */
static __always_inline bool wants(__u32 what)
{
	return txp_trace_config.what & what;
}

static __always_inline bool wants_probe(enum txp_probe probe)
{
	return txp_trace_config.probes & TXP_PROBE_BIT(probe);
}

static __always_inline bool wants_header(void)
{
	return txp_trace_config.filter.asks_header || wants(TXP_TRACE_LATENCY | TXP_TRACE_RECORD);
}

static __always_inline bool wants_mark(void)
{
	return txp_trace_config.filter.mark_mask || wants(TXP_TRACE_RECORD);
}

static __always_inline bool wants_packet(void)
{
	return txp_asks_packet(&txp_trace_config);
}

/* The conditions that need only the device and the namespace. */
static __always_inline bool filter_place(const struct txp_pkt_info *info)
{
	return (!txp_trace_config.filter.netns || txp_trace_config.filter.netns == info->netns) &&
	       (!txp_trace_config.filter.ifindex ||
		txp_trace_config.filter.ifindex == info->ifindex);
}

static __always_inline bool prefix_has(const volatile struct txp_prefix *prefix, __u8 family,
				       const __be32 *address)
{
	return !prefix->family ||
	       (prefix->family == family && (address[0] & prefix->mask[0]) == prefix->address[0] &&
		(address[1] & prefix->mask[1]) == prefix->address[1] &&
		(address[2] & prefix->mask[2]) == prefix->address[2] &&
		(address[3] & prefix->mask[3]) == prefix->address[3]);
}

/* All other conditions. */
static __always_inline bool filter_packet(const struct txp_pkt_info *info)
{
	const volatile struct txp_filter *filter = &txp_trace_config.filter;

	if ((info->mark & filter->mark_mask) != filter->mark)
		return false;
	if (!filter->asks_header)
		return true;
	if (!info->family || (filter->has_protocol && filter->protocol != info->protocol))
		return false;
	if (!prefix_has(&filter->src, info->family, info->saddr) ||
	    !prefix_has(&filter->dst, info->family, info->daddr) ||
	    (!prefix_has(&filter->host, info->family, info->saddr) &&
	     !prefix_has(&filter->host, info->family, info->daddr)))
		return false;
	if (!filter->sport && !filter->dport && !filter->port)
		return true;
	return info->flags & TXP_PKT_INFO_PORTS &&
	       (!filter->sport || filter->sport == info->sport) &&
	       (!filter->dport || filter->dport == info->dport) &&
	       (!filter->port || filter->port == info->sport || filter->port == info->dport);
}

#endif /* TXPATH_BPF_TRACE_CONFIG_H */
