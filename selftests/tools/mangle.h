/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What mangle.bpf.c does to a leaving IPv4 packet; nothing where a member is 0. */
#ifndef MANGLE_H
#define MANGLE_H

#include <linux/types.h>

struct mangle {
	__u32 ip_offset; /* of 16 bits in the IP header */
	__u32 ip_flip;	 /* host order: bits of those to flip */
	__u32 bad_sum;	 /* 1: leave the header checksum as it was */
	__u32 mac_flip;	 /* bits of the last byte of a MAC address to flip */
	__u32 mac_offset;
	__u32 mark;	/* bits to flip */
	__u32 priority; /* bits to flip */
	__u32 vlan_tci; /* bits to flip, of a tag that is pending */
	__u32 daddr;	/* host order: the new destination */
	__u32 tail;	/* bytes to append */
	__u32 options;	/* bytes of no-operation to add to the header: 4 */
	__u32 room;	/* bytes to push between the IP header and what it carries */
};

#endif /* MANGLE_H */
