/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Leases: what the kernel did with a flow a moment ago. Egress learns them, transit uses them.
 *
 * The table is per CPU and direct-mapped: forwarding is done on one CPU from TC ingress to TC
 * egress, so what egress learns is where transit looks. Nobody else touches it, nothing needs
 * to be evicted, and a flow that finds its place taken simply goes the kernel's road.
 */
#ifndef TXPATH_BPF_OFFLOAD_FLOW_H
#define TXPATH_BPF_OFFLOAD_FLOW_H

#include "lib/flow_maps.bpf.h"
#include "lib/parse.bpf.h"

static __always_inline __u64 lease_key_word(const struct txp_lease_key *key, __u32 word)
{
	return ((const __u64 *)key)[word];
}

static __always_inline bool lease_key_equal(const struct txp_lease_key *a,
					    const struct txp_lease_key *b)
{
	return lease_key_word(a, 0) == lease_key_word(b, 0) &&
	       lease_key_word(a, 1) == lease_key_word(b, 1) &&
	       lease_key_word(a, 2) == lease_key_word(b, 2);
}

#define TXP_GOLDEN_RATIO 0x9e3779b97f4a7c15ULL

/*
 * Where in the table a flow belongs, by the words of its key: the first bits of this say it, and
 * all of it is the sign of the flow. A product moves what tells flows apart upwards only: so it is
 * taken from the top, and the last bits of the addresses, which tell most flows apart, are turned
 * to the low end.
 */
static __always_inline __u32 lease_hash(__u64 addresses, __u64 device, __u64 ports)
{
	__u64 hash = bpf_be64_to_cpu(addresses) ^ device ^ ports * TXP_GOLDEN_RATIO;

	return hash * TXP_GOLDEN_RATIO >> 32;
}

static __always_inline __u32 lease_hash_of(const struct txp_lease_key *key)
{
	return lease_hash(lease_key_word(key, 0), lease_key_word(key, 1), lease_key_word(key, 2));
}

static __always_inline struct txp_lease_page *lease_page(__u32 hash)
{
	__u32 at = hash >> (32 - TXP_LEASES_SHIFT + TXP_LEASE_PAGE_SHIFT);

	return bpf_map_lookup_elem(&leases, &at);
}

static __always_inline __u32 lease_in_page(__u32 hash)
{
	return hash >> (32 - TXP_LEASES_SHIFT) & (TXP_LEASES_PER_PAGE - 1);
}

static __always_inline struct txp_lease_tag *tag_in(struct txp_lease_page *page, __u32 hash)
{
	return &page->tag[lease_in_page(hash)];
}

static __always_inline struct txp_lease *lease_in(struct txp_lease_page *page, __u32 hash)
{
	struct txp_lease *lease = &page->lease[lease_in_page(hash)];

	/* one register from here on, not two that are added up at each use */
	asm volatile("" : "+r"(lease));
	return lease;
}

/* The flow's place on this CPU, whoever has it now. */
static __always_inline struct txp_lease *lease_place(const struct txp_lease_key *key)
{
	__u32 hash = lease_hash_of(key);
	struct txp_lease_page *page = lease_page(hash);

	return page ? lease_in(page, hash) : NULL;
}

/* Whoever writes a key or learned has to: the flow is not found by another's sign. */
static __always_inline void tag_write(const struct txp_lease_key *key, __u64 learned)
{
	__u32 hash = lease_hash_of(key);
	struct txp_lease_page *page = lease_page(hash);
	struct txp_lease_tag *tag;

	if (!page)
		return;
	tag = tag_in(page, hash);
	tag->hash = hash;
	tag->time = learned ? bpf_jiffies64() : 0;
}

/* lease_is_forgotten, by a clock that costs a load */
static __always_inline bool tag_is_forgotten(const struct txp_lease_tag *tag,
					     const struct txp_instance *inst)
{
	__u32 age = bpf_jiffies64() - tag->time;

	return !tag->time || age * inst->tick_ns >= 2 * inst->lease_ns;
}

/* Sysctls that decide about forwarding and have no generation. */
static __always_inline __u16 settings_pack(__u32 hash_policy, __u32 use_pmtu)
{
	return (hash_policy & 3) | (use_pmtu & 1) << 2;
}

static __always_inline bool genids_equal_settings(const struct txp_genid_snapshot *a,
						  const struct txp_genid_snapshot *b)
{
	return a->rp_filter == b->rp_filter && a->settings == b->settings &&
	       a->netfilter == b->netfilter;
}

static __always_inline bool genids_equal_routes(const struct txp_genid_snapshot *a,
						const struct txp_genid_snapshot *b)
{
	return a->rt_genid == b->rt_genid && a->fib_seq == b->fib_seq &&
	       a->nexthop_seq == b->nexthop_seq;
}

static __always_inline bool genids_equal(const struct txp_genid_snapshot *a,
					 const struct txp_genid_snapshot *b)
{
	return genids_equal_routes(a, b) && genids_equal_settings(a, b) && a->hash == b->hash;
}

/* Why a lease does not hold any more; TXP_TRANSIT_TAKEN: it holds. */
static __always_inline enum txp_transit lease_check(const struct txp_lease *lease,
						    const struct txp_genid_snapshot *now,
						    __u64 time_ns, __u64 lease_ns)
{
	if (!genids_equal_routes(&lease->genids, now))
		return TXP_TRANSIT_ROUTES_CHANGED;
	if (!genids_equal_settings(&lease->genids, now))
		return TXP_TRANSIT_SETTINGS_CHANGED;
	if (lease->genids.hash != now->hash)
		return TXP_TRANSIT_HASH_CHANGED;
	if (time_ns - lease->learned >= lease_ns)
		return TXP_TRANSIT_EXPIRED;
	return TXP_TRANSIT_TAKEN;
}

/* Nothing that is still of use: another flow may have the place. */
static __always_inline bool lease_is_forgotten(const struct txp_lease *lease, __u64 time_ns,
					       __u64 lease_ns)
{
	return !lease->learned || time_ns - lease->learned >= 2 * lease_ns;
}

/* The flow's next packet is judged in full. */
static __always_inline void lease_invalidate(struct txp_lease *lease,
					     const struct txp_lease_key *key)
{
	if (lease_key_equal(&lease->key, key))
		lease->mode_epoch = 0;
}

/*
 * The flow's next packets follow one that is left to the kernel: they may not overtake it. Egress
 * learns anew when it has left.
 */
static __always_inline void lease_end(struct txp_lease *lease, const struct txp_lease_key *key)
{
	if (!lease_key_equal(&lease->key, key))
		return;
	lease->learned = 0;
	lease->mode_epoch = 0;
	tag_write(key, 0);
}

#endif /* TXPATH_BPF_OFFLOAD_FLOW_H */
