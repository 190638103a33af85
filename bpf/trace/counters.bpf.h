/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * txpath probes: packets and bytes by probe, device and code, and the loss stats of a session.
 *
 * A key has a place in an array of each CPU, which is found without a hash look-up. A key that
 * finds its place taken by another key is counted in a hash map.
 */
#ifndef TXPATH_BPF_TRACE_COUNTERS_H
#define TXPATH_BPF_TRACE_COUNTERS_H

#include <txpath/trace.h>
#include "kernel/kernel.bpf.h"

#define TXP_PROBE_BITS 5 /* the lowest bits of a place's number are the probe */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_loss_stats);
} loss_stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, TXP_COUNTS);
	__type(key, struct txp_count_key);
	__type(value, struct txp_count);
} counts SEC(".maps");

/* The key of each place, the same on every CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TXP_COUNT_PLACES);
	__type(key, __u32);
	__type(value, struct txp_count_key);
} places SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_COUNT_PLACES);
	__type(key, __u32);
	__type(value, struct txp_count_place);
} placed SEC(".maps");

static const struct txp_count no_count;

/* Adds one to a member of struct txp_loss_stats. */
#define loss(name)                                                                                 \
	do {                                                                                       \
		__u32 zero = 0;                                                                    \
		struct txp_loss_stats *row = bpf_map_lookup_elem(&loss_stats, &zero);              \
                                                                                                   \
		if (row)                                                                           \
			__sync_fetch_and_add(&row->name, 1);                                       \
	} while (0)

/* What a key has beside netns. Never 0. */
static __always_inline __u64 key_rest(const struct txp_count_key *key)
{
	return key->ifindex | (__u64)(key->probe + 1) << 32 | (__u64)key->code << 48;
}

/*
 * Two keys may want the same place at the same time, on other CPUs, or in a softirq and in the
 * program that it interrupts. One gets it (BPF_NOEXIST). All of them then write the key that got
 * it, so they need not know of each other.
 */
static __always_inline void place_fill(struct txp_count_place *place, __u32 at,
				       const struct txp_count_key *key)
{
	const struct txp_count_key *owner;

	bpf_map_update_elem(&places, &at, key, BPF_NOEXIST);
	owner = bpf_map_lookup_elem(&places, &at);
	if (!owner)
		return;
	*(volatile __u64 *)&place->netns = owner->netns;
	*(volatile __u64 *)&place->rest =
		key_rest(owner); /* last: the place is valid from now on */
}

/* The probe is part of the place's number: the probes of one device do not share a place. */
static __always_inline struct txp_count *count_placed(const struct txp_count_key *key)
{
	__u32 device = (key->ifindex ^ (__u32)key->netns * 0x9e3779b1) + key->code;
	__u32 at = (device << TXP_PROBE_BITS | key->probe) % TXP_COUNT_PLACES;
	struct txp_count_place *place = bpf_map_lookup_elem(&placed, &at);

	if (!place)
		return NULL;
	if (!place->rest)
		place_fill(place, at, key);
	return place->rest == key_rest(key) && place->netns == key->netns ? &place->count : NULL;
}

static __always_inline struct txp_count *count_hashed(const struct txp_count_key *key)
{
	struct txp_count *count = bpf_map_lookup_elem(&counts, key);

	if (count)
		return count;
	bpf_map_update_elem(&counts, key, &no_count, BPF_NOEXIST);
	return bpf_map_lookup_elem(&counts, key);
}

static __always_inline void counters_add(const struct txp_count_key *key, __u32 packets,
					 __u32 bytes)
{
	struct txp_count *count = count_placed(key) ?: count_hashed(key);

	if (!count) {
		loss(uncounted);
		return;
	}
	__sync_fetch_and_add(&count->packets, packets);
	__sync_fetch_and_add(&count->bytes, bytes);
}

#endif /* TXPATH_BPF_TRACE_COUNTERS_H */
