/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long a packet takes from station to station. What is on the road is known by the address of
 * its skb. Memory is used again, so that is believed only of a packet with the same addresses
 * that is further on the road and younger than a packet gets.
 */
#ifndef TXPATH_FLIGHT_BPF_H
#define TXPATH_FLIGHT_BPF_H

#include "filter.bpf.h"
#include "shortcoming.bpf.h"

#define TXP_SPANS 1024
#define TXP_FLIGHT_NS (30ULL * 1000 * 1000 * 1000) /* no qdisc keeps a packet for longer */

/* The kernel drops the oldest: what was freed unseen is no leak. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TXP_FLIGHTS);
	__type(key, __u64);
	__type(value, struct txp_flight);
} flights SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, TXP_SPANS);
	__type(key, struct txp_span_key);
	__type(value, struct txp_span);
} spans SEC(".maps");

static const struct txp_span no_span;

static __always_inline __u32 log2_of(__u64 value)
{
	__u32 log = 0;

#pragma unroll
	for (__u32 shift = 32; shift; shift /= 2) {
		if (value >> shift) {
			value >>= shift;
			log += shift;
		}
	}
	return log;
}

static __always_inline void span_add(const struct txp_span_key *key, __u64 ns)
{
	struct txp_span *span = bpf_map_lookup_elem(&spans, key);
	__u32 bucket = log2_of(ns);

	if (!span) {
		bpf_map_update_elem(&spans, key, &no_span, BPF_NOEXIST);
		span = bpf_map_lookup_elem(&spans, key);
	}
	if (!span) {
		shortcoming(uncounted);
		return;
	}
	__sync_fetch_and_add(&span->count, 1);
	__sync_fetch_and_add(&span->sum, ns);
	if (ns > span->max)
		span->max = ns;
	if (bucket >= TXP_SPAN_BUCKETS)
		bucket = TXP_SPAN_BUCKETS - 1;
	__sync_fetch_and_add(&span->bucket[bucket], 1);
}

static __always_inline __u32 sight_identity(const struct txp_sight *sight)
{
	__u32 sum = sight->protocol | 0x100;

	for (int i = 0; i < 4; i++)
		sum = sum * 31 + (sight->saddr[i] ^ sight->daddr[i] * 7);
	return sight->family ? sum ?: 1 : 0;
}

static __always_inline bool has_trait(__u32 station, enum txp_station_trait trait)
{
	return txp_stations_with(trait) >> (station % 32) & 1;
}

static __always_inline void flight_begin(__u64 skb, enum txp_station station, __u32 identity,
					 __u64 now)
{
	struct txp_flight flight = {
		.first_ns = now,
		.last_ns = now,
		.identity = identity,
		.first = station,
		.last = station,
	};

	bpf_map_update_elem(&flights, &skb, &flight, BPF_ANY);
}

/* A device above another begins a road of its own: the packet comes by dev_queue_xmit again. */
static __always_inline bool is_same(const struct txp_flight *flight, enum txp_station station,
				    __u32 identity, __u64 now)
{
	return flight->last < station && now - flight->last_ns < TXP_FLIGHT_NS &&
	       (flight->identity == identity || has_trait(flight->last, TXP_BEFORE_NETFILTER));
}

static __always_inline void flight_end(struct txp_flight *flight, __u64 skb)
{
	struct txp_span_key key = { .from = flight->first, .to = flight->last, .whole = 1 };

	span_add(&key, flight->last_ns - flight->first_ns);
	bpf_map_delete_elem(&flights, &skb);
}

static __always_inline void flight_advance(struct txp_flight *flight, enum txp_station station,
					   __u64 now)
{
	struct txp_span_key key = { .from = flight->last, .to = station };

	span_add(&key, now - flight->last_ns);
	flight->last_ns = now;
	flight->last = station;
}

static __always_inline void flight_pass(__u64 skb, enum txp_station station,
					const struct txp_sight *sight)
{
	__u32 identity = sight_identity(sight);
	__u64 now = bpf_ktime_get_ns();
	struct txp_flight *flight = bpf_map_lookup_elem(&flights, &skb);
	bool entry = has_trait(station, TXP_ENTRY);

	if (flight && !entry && is_same(flight, station, identity, now)) {
		flight_advance(flight, station, now);
		flight->identity = identity;
		return;
	}
	if (flight && !entry && flight->last < station)
		shortcoming(replaced);
	else if (!flight && !entry)
		shortcoming(unpaired);
	flight_begin(skb, station, identity, now);
}

#define TXP_NETDEV_TX_BUSY 0x10

/*
 * What the driver was given is not ours to read any more. Where it is busy the packet waits in the
 * qdisc again (dev_requeue_skb).
 */
static __always_inline void flight_answered(__u64 skb, int answer)
{
	struct txp_flight *flight = bpf_map_lookup_elem(&flights, &skb);

	/* the peer of a veth may have sent it on */
	if (!flight || flight->last != TXP_STATION_NET_DEV_START_XMIT)
		return;
	flight_advance(flight, TXP_STATION_NET_DEV_XMIT, bpf_ktime_get_ns());
	if (answer == TXP_NETDEV_TX_BUSY)
		flight->last = TXP_STATION_QDISC_ENQUEUE;
	else
		flight_end(flight, skb);
}

static __always_inline void flight_forget(__u64 skb)
{
	bpf_map_delete_elem(&flights, &skb);
}

#endif /* TXPATH_FLIGHT_BPF_H */
