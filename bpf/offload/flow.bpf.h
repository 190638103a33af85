/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Leases: what the kernel did with a flow a moment ago. Egress learns them (learn.bpf.h), ingress
 * sends by them.
 *
 * The table is per CPU and direct-mapped. The kernel forwards a packet on one CPU from TC ingress
 * to TC egress, so ingress looks where egress has learned. No other CPU touches the table, and
 * nothing needs to be evicted: a flow whose place is taken stays on the kernel's path.
 *
 * A lease also names the next hop's neighbour record by its address. Neighbours have no
 * generation, so each use of the lease reads the record again.
 */
#ifndef TXPATH_BPF_OFFLOAD_FLOW_H
#define TXPATH_BPF_OFFLOAD_FLOW_H

#include "lib/flow_maps.bpf.h"
#include "lib/parse.bpf.h"

#define TXP_GOLDEN_RATIO 0x9e3779b97f4a7c15ULL

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

/*
 * The hash of a key, by its words. Its first bits are the flow's place in the table, and all of it
 * is the flow's tag. A product carries differences to higher bits only, so the result is taken
 * from the top. The addresses are swapped, because their last bits tell most flows apart.
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

static __always_inline struct txp_lease *lease_in(struct txp_lease_page *page, __u32 hash)
{
	struct txp_lease *lease = &page->lease[lease_in_page(hash)];

	/* one register from here on, not two that are added at each use */
	asm volatile("" : "+r"(lease));
	return lease;
}

/* The flow's place on this CPU, whichever flow has it now. */
static __always_inline struct txp_lease *lease_place(const struct txp_lease_key *key)
{
	__u32 hash = lease_hash_of(key);
	struct txp_lease_page *page = lease_page(hash);

	return page ? lease_in(page, hash) : NULL;
}

/* Required after each write of a lease's key or learned: a packet compares the tag first. */
static __always_inline void tag_write(const struct txp_lease_key *key, __u64 learned)
{
	__u32 hash = lease_hash_of(key);
	struct txp_lease_page *page = lease_page(hash);
	struct txp_lease_tag *tag;

	if (!page)
		return;
	tag = &page->tag[lease_in_page(hash)];
	tag->hash = hash;
	tag->time = learned ? bpf_jiffies64() : 0;
}

static __always_inline bool genids_equal(const struct txp_genid_snapshot *a,
					 const struct txp_genid_snapshot *b)
{
	return a->rt_genid == b->rt_genid && a->fib_seq == b->fib_seq &&
	       a->nexthop_seq == b->nexthop_seq && a->rp_filter == b->rp_filter &&
	       a->settings == b->settings && a->netfilter == b->netfilter && a->hash == b->hash;
}

/* TXP_TRANSIT_TAKEN: the lease holds; else why it does not. */
static __always_inline enum txp_transit lease_check(const struct txp_lease *lease,
						    const struct txp_genid_snapshot *now,
						    __u64 time_ns, __u64 lease_ns)
{
	const struct txp_genid_snapshot *then = &lease->genids;

	if (then->rt_genid != now->rt_genid || then->fib_seq != now->fib_seq ||
	    then->nexthop_seq != now->nexthop_seq)
		return TXP_TRANSIT_ROUTES_CHANGED;
	if (then->rp_filter != now->rp_filter || then->settings != now->settings ||
	    then->netfilter != now->netfilter)
		return TXP_TRANSIT_SETTINGS_CHANGED;
	if (then->hash != now->hash)
		return TXP_TRANSIT_HASH_CHANGED;
	if (time_ns - lease->learned >= lease_ns)
		return TXP_TRANSIT_EXPIRED;
	return TXP_TRANSIT_TAKEN;
}

/*
 * Ends the flow's lease because one of its packets is left to the kernel: the packets behind it
 * may not overtake it. Egress learns a new lease when it has left.
 */
static __always_inline void lease_end(struct txp_lease *lease, const struct txp_lease_key *key)
{
	if (!lease_key_equal(&lease->key, key))
		return;
	lease->learned = 0;
	lease->mode_epoch = 0;
	tag_write(key, 0);
}

/* The eight bytes that txp_lease.next_hop compares: they end with the address's last word. */
static __always_inline __u64 neighbour_next_hop_at(__u64 address, __u32 at)
{
	return address + bpf_core_field_offset(struct neighbour, primary_key) + at - sizeof(__be32);
}

/*
 * The lease's record is still its next hop's, alive, and has the MAC address that the lease
 * writes. A record that was freed and used again fails one of these.
 */
static __always_inline bool neighbour_holds(const struct txp_lease *lease)
{
	const struct neighbour *neigh = (const void *)lease->neighbour;
	__u64 mac_at = lease->neighbour + bpf_core_field_offset(struct neighbour, ha);

	if (!(KERNEL_READ(neigh, nud_state) & TXP_NUD_VALID) || KERNEL_READ(neigh, dead))
		return false;
	return (__u64)KERNEL_READ(neigh, dev) == lease->output &&
	       kernel_word(neighbour_next_hop_at(lease->neighbour, lease->next_hop_at)) ==
		       *(const __u64 *)lease->next_hop &&
	       mac_equal(kernel_word(mac_at), lease->ethernet);
}

#endif /* TXPATH_BPF_OFFLOAD_FLOW_H */
