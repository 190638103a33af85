/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is it a packet that was asked about? */
#ifndef TXPATH_BPF_TRACE_FILTER_H
#define TXPATH_BPF_TRACE_FILTER_H

#include "trace/pkt_info.bpf.h"

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

static __always_inline bool filter_addresses(const struct txp_pkt_info *info)
{
	const volatile struct txp_filter *filter = &txp_trace_config.filter;

	return prefix_has(&filter->src, info->family, info->saddr) &&
	       prefix_has(&filter->dst, info->family, info->daddr) &&
	       (prefix_has(&filter->host, info->family, info->saddr) ||
		prefix_has(&filter->host, info->family, info->daddr));
}

static __always_inline bool filter_ports(const struct txp_pkt_info *info)
{
	const volatile struct txp_filter *filter = &txp_trace_config.filter;

	if (!filter->sport && !filter->dport && !filter->port)
		return true;
	return info->flags & TXP_PKT_INFO_PORTS &&
	       (!filter->sport || filter->sport == info->sport) &&
	       (!filter->dport || filter->dport == info->dport) &&
	       (!filter->port || filter->port == info->sport || filter->port == info->dport);
}

static __always_inline bool filter_packet(const struct txp_pkt_info *info)
{
	const volatile struct txp_filter *filter = &txp_trace_config.filter;

	if ((info->mark & filter->mark_mask) != filter->mark)
		return false;
	if (!filter->asks_header)
		return true;
	return info->family && (!filter->has_protocol || filter->protocol == info->protocol) &&
	       filter_addresses(info) && filter_ports(info);
}

#endif /* TXPATH_BPF_TRACE_FILTER_H */
