/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Frames as they come in from the wire, for trial runs. */
#ifndef TXPATH_PACKET_FRAME_H
#define TXPATH_PACKET_FRAME_H

#include <linux/if_ether.h>
#include <linux/types.h>

#define FRAME_MAX 3072 /* every kernel allows that much in a trial run: a page, less headroom */
#define FRAME_TOTAL 84 /* default length in bytes: a ping's */
#define FRAME_HOP 64   /* its time to live */

struct frame {
	__u8 dmac[ETH_ALEN];
	__be32 saddr;
	__be32 daddr;
	__u8 protocol;
	__u8 tos;
	__u16 sport; /* 0 where the protocol has none; host byte order */
	__u16 dport;
	__u16 total; /* bytes from the IP header on */
};

/* The smallest total: the IP header and the header of the protocol. */
__u32 frame_least(__u8 protocol);

/* Writes it to bytes, of FRAME_MAX. Returns its length. total: frame_least() to FRAME_MAX -
 * ETH_HLEN */
__u32 frame_make(const struct frame *frame, __u8 *bytes);

#endif /* TXPATH_PACKET_FRAME_H */
