/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * txpath latency: how long a packet takes from probe to probe. A packet on the transmit path is
 * known by the address of its skb. The kernel reuses this memory. So a tracking entry is believed
 * only of a packet with the same addresses, at a later probe, and within TXP_TRACKING_NS.
 */
#ifndef TXPATH_BPF_TRACE_TRACKING_H
#define TXPATH_BPF_TRACE_TRACKING_H

#include "trace/config.bpf.h"
#include "trace/counters.bpf.h"

#define TXP_SPANS 1024
#define TXP_TRACKING_NS (30ULL * 1000 * 1000 * 1000) /* no qdisc keeps a packet for longer */

/* The kernel evicts the oldest: a packet that is freed without a probe is no leak. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, TXP_SKB_TRACKED_MAX);
	__type(key, __u64);
	__type(value, struct txp_skb_tracking);
} skb_tracking SEC(".maps");

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
		loss(uncounted);
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

/* A hash of the addresses and the protocol; 0: not known. */
static __always_inline __u32 pkt_info_identity(const struct txp_pkt_info *info)
{
	__u32 sum = info->protocol | 0x100;

	for (int i = 0; i < 4; i++)
		sum = sum * 31 + (info->saddr[i] ^ info->daddr[i] * 7);
	return info->family ? sum ?: 1 : 0;
}

static __always_inline bool has_trait(__u32 probe, enum txp_probe_trait trait)
{
	return txp_probes_with(trait) >> (probe % 32) & 1;
}

static __always_inline void tracking_begin(__u64 skb, enum txp_probe probe, __u32 identity,
					   __u64 now)
{
	struct txp_skb_tracking tracking = {
		.first_ns = now,
		.last_ns = now,
		.identity = identity,
		.first = probe,
		.last = probe,
	};

	bpf_map_update_elem(&skb_tracking, &skb, &tracking, BPF_ANY);
}

/*
 * Does the entry belong to this packet? A device above another one begins a transmit path of its
 * own: the packet comes by dev_queue_xmit again.
 */
static __always_inline bool is_same(const struct txp_skb_tracking *tracking, enum txp_probe probe,
				    __u32 identity, __u64 now)
{
	return tracking->last < probe && now - tracking->last_ns < TXP_TRACKING_NS &&
	       (tracking->identity == identity || has_trait(tracking->last, TXP_BEFORE_NETFILTER));
}

static __always_inline void tracking_end(struct txp_skb_tracking *tracking, __u64 skb)
{
	struct txp_span_key key = { .from = tracking->first, .to = tracking->last, .whole = 1 };

	span_add(&key, tracking->last_ns - tracking->first_ns);
	bpf_map_delete_elem(&skb_tracking, &skb);
}

static __always_inline void tracking_advance(struct txp_skb_tracking *tracking,
					     enum txp_probe probe, __u64 now)
{
	struct txp_span_key key = { .from = tracking->last, .to = probe };

	span_add(&key, now - tracking->last_ns);
	tracking->last_ns = now;
	tracking->last = probe;
}

static __always_inline void tracking_pass(__u64 skb, enum txp_probe probe,
					  const struct txp_pkt_info *info)
{
	__u32 identity = pkt_info_identity(info);
	__u64 now = bpf_ktime_get_ns();
	struct txp_skb_tracking *tracking = bpf_map_lookup_elem(&skb_tracking, &skb);
	bool entry = has_trait(probe, TXP_ENTRY);

	if (tracking && !entry && is_same(tracking, probe, identity, now)) {
		tracking_advance(tracking, probe, now);
		tracking->identity = identity;
		return;
	}
	if (tracking && !entry && tracking->last < probe)
		loss(replaced);
	else if (!tracking && !entry)
		loss(unpaired);
	tracking_begin(skb, probe, identity, now);
}

#define TXP_NETDEV_TX_BUSY 0x10

/*
 * The driver has returned, and the packet may be freed: only its address is used. If the driver was
 * busy, the packet waits in the qdisc again (dev_requeue_skb).
 */
static __always_inline void tracking_xmit_done(__u64 skb, int rc)
{
	struct txp_skb_tracking *tracking = bpf_map_lookup_elem(&skb_tracking, &skb);

	/* the peer of a veth may have sent the packet on */
	if (!tracking || tracking->last != TXP_PROBE_NET_DEV_START_XMIT)
		return;
	tracking_advance(tracking, TXP_PROBE_NET_DEV_XMIT, bpf_ktime_get_ns());
	if (rc == TXP_NETDEV_TX_BUSY)
		tracking->last = TXP_PROBE_QDISC_ENQUEUE;
	else
		tracking_end(tracking, skb);
}

static __always_inline void tracking_forget(__u64 skb)
{
	bpf_map_delete_elem(&skb_tracking, &skb);
}

#endif /* TXPATH_BPF_TRACE_TRACKING_H */
