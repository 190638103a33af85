/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet has passed a station: is it asked about, and what is done with it. */
#ifndef TXPATH_WATCH_BPF_H
#define TXPATH_WATCH_BPF_H

#include "flight.bpf.h"
#include "handed.bpf.h"
#include "passages.bpf.h"
#include "record.bpf.h"

/* Where a packet is seen, beside the packet. */
struct txp_passage {
	const struct sk_buff *skb;
	const struct net *net;
	const struct net_device *dev; /* that it leaves by; NULL: not known yet */
	const struct dst_entry *dst;  /* that the next hop is of; NULL: the packet's own */
	__u64 location;
	__u32 packets; /* that it stands for */
	__u16 code;
	enum txp_station station;
	__u8 family; /* of the station; 0: of the packet */
};

static __always_inline void count_passage(const struct txp_sight *sight, enum txp_station station,
					  __u16 code, __u32 packets)
{
	const struct txp_count_key key = {
		.netns = sight->netns,
		.ifindex = sight->ifindex,
		.station = station,
		.code = code,
	};

	passages_add(&key, packets, sight->len);
}

static __always_inline void trace(const struct txp_passage *at, struct txp_sight *sight, __u64 skb)
{
	sight_next_hop(sight, at->dst ?: skb_route(at->skb));
	if (at->station >= TXP_STATION_NET_DEV_QUEUE && at->station != TXP_STATION_DROP)
		sight->flags |= TXP_SIGHT_QUEUE;
	record_write(sight, at->skb, skb, at->dev, at->station, at->code, at->location);
}

static __always_inline void take(const struct txp_passage *at, struct txp_sight *sight)
{
	__u64 skb = 0;

	if (asks_for(TXP_WATCH_COUNT))
		count_passage(sight, at->station, at->code, at->packets);
	if (asks_for(TXP_WATCH_LATENCY | TXP_WATCH_TRACE))
		skb = kernel_address(at->skb);
	if (asks_for(TXP_WATCH_LATENCY) && at->station == TXP_STATION_DROP)
		flight_forget(skb);
	else if (asks_for(TXP_WATCH_LATENCY))
		flight_pass(skb, at->station, sight);
	if (asks_for(TXP_WATCH_TRACE))
		trace(at, sight, skb);
	if (at->station == TXP_STATION_NET_DEV_START_XMIT && asks_station(TXP_STATION_NET_DEV_XMIT))
		hand_over(sight, at->skb, at->dev);
}

/* From ip_local_out on: what there is to know stands in the packet. */
static __always_inline int passed(const struct txp_passage *at)
{
	struct txp_sight sight = {};

	sight_place(&sight, at->net, at->dev);
	if (!filter_place(&sight) || !asks_station(at->station))
		return 0;
	sight_packet(&sight, at->skb);
	if (asks_header())
		sight_header(&sight, at->skb, at->family);
	if (filter_packet(&sight))
		take(at, &sight);
	return 0;
}

/* Before: the caller has filled in whence and where to. */
static __always_inline int passed_without_header(const struct txp_passage *at,
						 struct txp_sight *sight)
{
	const struct sk_buff *skb = at->skb; /* KERNEL_READ would relocate at->skb too */

	sight_place(sight, at->net, at->dev);
	sight->len = KERNEL_READ(skb, len);
	if (filter_place(sight) && filter_packet(sight))
		take(at, sight);
	return 0;
}

#endif /* TXPATH_WATCH_BPF_H */
