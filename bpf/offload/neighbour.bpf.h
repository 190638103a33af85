/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's own record of a next hop. Neighbours have no generation, so a lease remembers
 * where the record is, and every use of the lease looks at it: is it still this address, alive,
 * and does it say the MAC address that the lease writes? What was freed fails one of these.
 */
#ifndef TXPATH_BPF_OFFLOAD_NEIGHBOUR_H
#define TXPATH_BPF_OFFLOAD_NEIGHBOUR_H

#include "offload/flow.bpf.h"
#include "lib/route.bpf.h"

#define TXP_NEIGH_CHAIN 16 /* records of one bucket that are looked at */
#define TXP_INET6_LAST_WORD 12

/* kernel_typed of a number that may be any address. */
static __always_inline const struct neighbour *neighbour_at(__u64 address)
{
	return (void *)address;
}

/* Where what struct txp_lease has in next_hop stands: the last word of the address ends it. */
static __always_inline __u64 neighbour_next_hop_at(__u64 address, __u32 at)
{
	return address + bpf_core_field_offset(struct neighbour, primary_key) + at - sizeof(__be32);
}

static __always_inline __be32 neighbour_key(__u64 address, __u32 at)
{
	return kernel_int(address + bpf_core_field_offset(struct neighbour, primary_key) + at);
}

/* Its link-layer address: the first bytes of an array that is longer. */
static __always_inline bool neighbour_has_mac(__u64 address, const __u8 *mac)
{
	return mac_equal(kernel_word(address + bpf_core_field_offset(struct neighbour, ha)), mac);
}

static __always_inline bool neighbour_is_valid(__u64 address)
{
	const struct neighbour *neigh = neighbour_at(address);

	return KERNEL_READ(neigh, nud_state) & TXP_NUD_VALID && !KERNEL_READ(neigh, dead);
}

/* Still the next hop's record, and still its MAC address? */
static __always_inline bool neighbour_holds(const struct txp_lease *lease)
{
	const struct neighbour *neigh = neighbour_at(lease->neighbour);

	return neighbour_is_valid(lease->neighbour) &&
	       (__u64)KERNEL_READ(neigh, dev) == lease->output &&
	       kernel_word(neighbour_next_hop_at(lease->neighbour, lease->next_hop_at)) ==
		       *(const __u64 *)lease->next_hop &&
	       neighbour_has_mac(lease->neighbour, lease->ethernet);
}

/*
 * The same of an IPv4 next hop, since 6.2. Its device is before the address, and half of it in what
 * is compared: another record of that address, with the same MAC address, is as good.
 */
static __always_inline bool neighbour_is_noted(const struct txp_lease *lease)
{
	const struct neighbour *neigh = kernel_typed(neighbour_at(lease->neighbour));

	return neigh->nud_state & TXP_NUD_VALID && !neigh->dead &&
	       mac_equal(*(const __u64 *)neigh->ha, lease->ethernet) &&
	       typed_word(neighbour_next_hop_at(lease->neighbour, 0)) ==
		       *(const __u64 *)lease->next_hop;
}

/* The key of a neighbour table, IPv4 in the first word: what a function of its own can be given. */
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

/* The record that a pointer of the chain stands for, as a number. */
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
	const struct neighbour *neigh = neighbour_at(address);

	if (neighbour_is_listed())
		return neighbour_of_link(kernel_address(KERNEL_READ(listed, hash.next)));
	return kernel_address(KERNEL_READ(neigh, next));
}

static __always_inline bool neighbour_fits(__u64 address, __u64 dev,
					   const struct txp_neigh_key *key)
{
	const struct neighbour *neigh = neighbour_at(address);
	__u32 differ;

	differ = neighbour_key(address, 0) ^ neigh_key_word(key, 0);
	for (__u32 word = 1; word < 4 && key->words == 4; word++)
		differ |= neighbour_key(address, word * 4) ^ neigh_key_word(key, word);
	return !differ && kernel_address(KERNEL_READ(neigh, dev)) == dev;
}

/*
 * ___neigh_lookup_noref: the address of the record, 0: there is none. A function of its own, with
 * numbers for arguments: the verifier looks at it once.
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

/* The record of an address, IPv6 where it has four words, on the device; 0: there is none. */
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

/* ip_neigh_for_gw: where the route leads, into the lease. false: no such neighbour that is alive.
 */
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
