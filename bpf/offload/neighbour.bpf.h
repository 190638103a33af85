/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress looks up the neighbour record of the next hop that the kernel has used, for the lease
 * that it learns: ___neigh_lookup_noref, in the kernel's own hash table.
 */
#ifndef TXPATH_BPF_OFFLOAD_NEIGHBOUR_H
#define TXPATH_BPF_OFFLOAD_NEIGHBOUR_H

#include "offload/flow.bpf.h"
#include "lib/route.bpf.h"

#define TXP_NEIGH_CHAIN 16 /* records of one bucket that are looked at */
#define TXP_INET6_LAST_WORD 12

/* The key of a neighbour table, IPv4 in the first word: numbers, for neighbour_find. */
struct txp_neigh_key {
	__u64 low;
	__u64 high;
	__u32 words; /* 1 or 4 */
};

static __always_inline __u32 neigh_key_word(const struct txp_neigh_key *key, __u32 word)
{
	return (word < 2 ? key->low : key->high) >> (word % 2 * 32);
}

/* arp_hashfn and ndisc_hashfn: each word of the key, the first one with hash32_ptr(dev). */
static __always_inline __u32 neighbour_hash(const struct neigh_hash_table *table, __u64 dev,
					    const struct txp_neigh_key *key)
{
	__u32 device = dev ^ (dev >> 32);
	__u32 hash = (neigh_key_word(key, 0) ^ device) * KERNEL_READ(table, hash_rnd[0]);

	if (key->words == 1)
		return hash;
	for (__u32 word = 1; word < 4; word++)
		hash += neigh_key_word(key, word) * KERNEL_READ(table, hash_rnd[word]);
	return hash;
}

static __always_inline bool neighbour_is_listed(void)
{
	return bpf_core_field_exists(((struct neighbour___hlist *)0)->hash);
}

/* The address of the record that a pointer of the chain leads to. */
static __always_inline __u64 neighbour_of_link(__u64 link)
{
	if (!link || !neighbour_is_listed())
		return link;
	return link - bpf_core_field_offset(struct neighbour___hlist, hash);
}

static __always_inline __u64 neighbour_first(const struct neigh_hash_table *table, __u32 bucket)
{
	const struct neigh_hash_table___hlist *listed = (const void *)table;
	__u64 heads, first = 0;

	if (neighbour_is_listed())
		heads = kernel_address(KERNEL_READ(listed, hash_heads));
	else
		heads = kernel_address(KERNEL_READ(table, hash_buckets));
	bpf_probe_read_kernel(&first, sizeof(first), (void *)(heads + bucket * sizeof(first)));
	return neighbour_of_link(first);
}

static __always_inline __u64 neighbour_next(__u64 address)
{
	const struct neighbour___hlist *listed = (const void *)address;
	const struct neighbour *neigh = (const void *)address;

	if (neighbour_is_listed())
		return neighbour_of_link(kernel_address(KERNEL_READ(listed, hash.next)));
	return kernel_address(KERNEL_READ(neigh, next));
}

static __always_inline bool neighbour_fits(__u64 address, __u64 dev,
					   const struct txp_neigh_key *key)
{
	__u64 own = address + bpf_core_field_offset(struct neighbour, primary_key);
	const struct neighbour *neigh = (const void *)address;
	__u32 differ;

	differ = kernel_int(own) ^ neigh_key_word(key, 0);
	for (__u32 word = 1; word < 4 && key->words == 4; word++)
		differ |= kernel_int(own + word * 4) ^ neigh_key_word(key, word);
	return !differ && kernel_address(KERNEL_READ(neigh, dev)) == dev;
}

/*
 * ___neigh_lookup_noref: the address of the record, 0: there is none. Kept as a separate function,
 * with numbers as arguments, so that the verifier checks it once.
 */
__noinline __u64 neighbour_find(__u64 hash_table, __u64 dev, __u64 low, __u64 high, __u32 words)
{
	const struct neigh_hash_table *table = (const void *)hash_table;
	const struct txp_neigh_key key = { .low = low, .high = high, .words = words };
	__u32 shift = 32 - KERNEL_READ(table, hash_shift);
	__u64 found;

	found = neighbour_first(table, neighbour_hash(table, dev, &key) >> (shift & 31));
	for (__u32 i = 0; i < TXP_NEIGH_CHAIN && found; i++) {
		if (neighbour_fits(found, dev, &key))
			return found;
		found = neighbour_next(found);
	}
	return 0;
}

static __always_inline __u64 neighbour_table(const struct neigh_parms *parms)
{
	return kernel_address(KERNEL_READ(parms, tbl, nht));
}

/* The record of the route's next hop on the device; 0: there is none. */
static __always_inline __u64 neighbour_of_gateway(const struct net_device *dev,
						  const struct txp_route *route, __be32 destination)
{
	const __be32 *gateway = route->gateway6;
	__u64 device = kernel_address(dev);

	if (route->gateway_family != TXP_AF_INET6)
		return neighbour_find(neighbour_table(KERNEL_READ(dev, ip_ptr, arp_parms)), device,
				      route->gateway ?: destination, 0, 1);
	if (!bpf_core_field_exists(dev->ip6_ptr)) /* CONFIG_IPV6 */
		return 0;
	return neighbour_find(neighbour_table(KERNEL_READ(dev, ip6_ptr, nd_parms)), device,
			      (__u64)gateway[1] << 32 | gateway[0],
			      (__u64)gateway[3] << 32 | gateway[2], 4);
}

/* ip_neigh_for_gw: puts the next hop into the lease. false: no neighbour that is alive. */
static __always_inline bool neighbour_resolve(struct txp_lease *lease,
					      const struct txp_route *route, __be32 destination,
					      const struct net_device *dev)
{
	bool inet6 = route->gateway_family == TXP_AF_INET6;
	__be32 *next_hop = (__be32 *)lease->next_hop + 1;

	lease->next_hop_at = inet6 ? TXP_INET6_LAST_WORD : 0;
	*next_hop = inet6 ? route->gateway6[3] : route->gateway ?: destination;
	lease->neighbour = neighbour_of_gateway(dev, route, destination);
	if (!lease->neighbour)
		return false;
	*(__u64 *)lease->next_hop =
		kernel_word(neighbour_next_hop_at(lease->neighbour, lease->next_hop_at));
	return neighbour_holds(lease);
}

#endif /* TXPATH_BPF_OFFLOAD_NEIGHBOUR_H */
