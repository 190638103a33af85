/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet has passed a station: is it asked about, and what is done with it. */
#ifndef TXPATH_WATCH_BPF_H
#define TXPATH_WATCH_BPF_H

#include "flight.bpf.h"
#include "record.bpf.h"

#define TXP_COUNTS 16384
#define TXP_HANDED 8 /* per CPU; devices above each other */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, TXP_COUNTS);
	__type(key, struct txp_count_key);
	__type(value, struct txp_count);
} counts SEC(".maps");

/*
 * What was handed to the driver: when it answers, the packet may be gone. A device above another
 * hands on the same packet before it answers.
 */
struct txp_handed {
	__u64 skb;
	__u64 dev;
	struct txp_sight sight;
};

struct txp_handed_stack {
	__u32 next; /* place of the next one, modulo TXP_HANDED */
	__u32 reserved;
	struct txp_handed place[TXP_HANDED];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_handed_stack);
} handed SEC(".maps");

static const struct txp_count no_count;

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

static __always_inline struct txp_handed_stack *handed_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&handed, &zero);
}

/* The last one handed over is the first that is answered. NULL: it was not seen, or not asked for.
 */
static __always_inline struct txp_handed *handed_take(__u64 skb, __u64 dev)
{
	struct txp_handed_stack *stack = handed_get();

	if (!stack)
		return NULL;
	for (__u32 i = 1; i <= TXP_HANDED; i++) {
		struct txp_handed *place = &stack->place[(stack->next - i) % TXP_HANDED];

		if (place->skb != skb || place->dev != dev)
			continue;
		place->skb = 0;
		stack->next -= i == 1;
		return place;
	}
	return NULL;
}

static __always_inline void count_passage(const struct txp_sight *sight, enum txp_station station,
					  __u16 code, __u32 packets)
{
	struct txp_count_key key = {
		.netns = sight->netns,
		.ifindex = sight->ifindex,
		.station = station,
		.code = code,
	};
	struct txp_count *count = bpf_map_lookup_elem(&counts, &key);

	if (!count) {
		bpf_map_update_elem(&counts, &key, &no_count, BPF_NOEXIST);
		count = bpf_map_lookup_elem(&counts, &key);
	}
	if (!count) {
		shortcoming(uncounted);
		return;
	}
	__sync_fetch_and_add(&count->packets, packets);
	__sync_fetch_and_add(&count->bytes, sight->len);
}

static __always_inline void hand_over(const struct txp_sight *sight, __u64 skb, __u64 dev)
{
	struct txp_handed_stack *stack = handed_get();
	struct txp_handed *place;

	if (!stack)
		return;
	place = &stack->place[stack->next++ % TXP_HANDED];
	place->skb = skb;
	place->dev = dev;
	place->sight = *sight;
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

	if (txp_watch.what & TXP_WATCH_COUNT)
		count_passage(sight, at->station, at->code, at->packets);
	if (txp_watch.what & (TXP_WATCH_LATENCY | TXP_WATCH_TRACE) ||
	    at->station == TXP_STATION_NET_DEV_START_XMIT)
		skb = kernel_address(at->skb);
	if (txp_watch.what & TXP_WATCH_LATENCY && at->station == TXP_STATION_DROP)
		flight_forget(skb);
	else if (txp_watch.what & TXP_WATCH_LATENCY)
		flight_pass(skb, at->station, sight);
	if (txp_watch.what & TXP_WATCH_TRACE)
		trace(at, sight, skb);
	if (at->station == TXP_STATION_NET_DEV_START_XMIT)
		hand_over(sight, skb, kernel_address(at->dev));
}

/* From ip_local_out on: what there is to know stands in the packet. */
static __always_inline int passed(const struct txp_passage *at)
{
	struct txp_sight sight = {};

	sight_place(&sight, at->net, at->dev);
	if (!filter_place(&sight))
		return 0;
	sight_packet(&sight, at->skb);
	if (filter_needs_header())
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
