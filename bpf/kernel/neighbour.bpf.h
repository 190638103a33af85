/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Neighbours and their tables. */
#ifndef TXPATH_BPF_KERNEL_NEIGHBOUR_H
#define TXPATH_BPF_KERNEL_NEIGHBOUR_H

#include "kernel/types.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct neigh_hash_table;

struct neigh_table {
	struct neigh_hash_table *nht;
};

struct neigh_parms {
	struct neigh_table *tbl;
};

struct neigh_hash_table {
	struct neighbour **hash_buckets; /* up to 6.12 */
	unsigned int hash_shift;
	__u32 hash_rnd[4];
};

struct neigh_hash_table___hlist {
	struct hlist_head *hash_heads; /* 6.13 */
};

struct neighbour {
	struct neighbour *next; /* up to 6.12 */
	struct net_device *dev;
	__u8 nud_state;
	__u8 dead;
	__u8 ha[32] __attribute__((aligned(8)));
	__u8 primary_key[1];
};

struct neighbour___hlist {
	struct hlist_node hash; /* 6.13 */
};

#pragma clang attribute pop

#define TXP_NUD_VALID 0xde /* PERMANENT, NOARP, REACHABLE, PROBE, STALE, DELAY */

#endif /* TXPATH_BPF_KERNEL_NEIGHBOUR_H */
