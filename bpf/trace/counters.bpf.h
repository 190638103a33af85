/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * txpath probes: packets and bytes by probe, device and code. A row has a place in an array of
 * each CPU, found without a hash; the rows that come too late for theirs are in a hash map.
 */
#ifndef TXPATH_BPF_TRACE_COUNTERS_H
#define TXPATH_BPF_TRACE_COUNTERS_H

#include <txpath/trace.h>
#include "kernel/kernel.bpf.h"
#include "trace/loss_stats.bpf.h"

#define TXP_PROBE_BITS 5 /* of a place's number, the lowest */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, TXP_COUNTS);
	__type(key, struct txp_count_key);
	__type(value, struct txp_count);
} counts SEC(".maps");

/* Whose a place is, on every CPU. */
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

/* A probe's places are its own: those of one device do not push each other out. */
static __always_inline __u32 place_of(const struct txp_count_key *key)
{
	__u32 device = (key->ifindex ^ (__u32)key->netns * 0x9e3779b1) + key->code;

	return (device << TXP_PROBE_BITS | key->probe) % TXP_COUNT_PLACES;
}

/* Never 0. */
static __always_inline __u64 key_rest(const struct txp_count_key *key)
{
	return key->ifindex | (__u64)(key->probe + 1) << 32 | (__u64)key->code << 48;
}

/*
 * Of those that want a place, a softirq and the program that it interrupts among them, one gets it:
 * BPF_NOEXIST. All write the same into it, whoever got it, and so need not know of each other.
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
	*(volatile __u64 *)&place->rest = key_rest(owner); /* last: now it is filled */
}

static __always_inline struct txp_count *count_placed(const struct txp_count_key *key)
{
	__u32 at = place_of(key);
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
