/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is it a packet that was asked about? */
#ifndef TXPATH_FILTER_BPF_H
#define TXPATH_FILTER_BPF_H

#include "sight.bpf.h"

static __always_inline bool filter_place(const struct txp_sight *sight)
{
	return (!txp_watch.filter.netns || txp_watch.filter.netns == sight->netns) &&
	       (!txp_watch.filter.ifindex || txp_watch.filter.ifindex == sight->ifindex);
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

static __always_inline bool filter_addresses(const struct txp_sight *sight)
{
	const volatile struct txp_filter *filter = &txp_watch.filter;

	return prefix_has(&filter->src, sight->family, sight->saddr) &&
	       prefix_has(&filter->dst, sight->family, sight->daddr) &&
	       (prefix_has(&filter->host, sight->family, sight->saddr) ||
		prefix_has(&filter->host, sight->family, sight->daddr));
}

static __always_inline bool filter_ports(const struct txp_sight *sight)
{
	const volatile struct txp_filter *filter = &txp_watch.filter;

	if (!filter->sport && !filter->dport && !filter->port)
		return true;
	return sight->flags & TXP_SIGHT_PORTS &&
	       (!filter->sport || filter->sport == sight->sport) &&
	       (!filter->dport || filter->dport == sight->dport) &&
	       (!filter->port || filter->port == sight->sport || filter->port == sight->dport);
}

static __always_inline bool filter_packet(const struct txp_sight *sight)
{
	const volatile struct txp_filter *filter = &txp_watch.filter;

	if ((sight->mark & filter->mark_mask) != filter->mark)
		return false;
	if (!filter->asks_header)
		return true;
	return sight->family && (!filter->has_protocol || filter->protocol == sight->protocol) &&
	       filter_addresses(sight) && filter_ports(sight);
}

#endif /* TXPATH_FILTER_BPF_H */
