/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packets of the program harness, and sending them for real. */
#ifndef FRAME_H
#define FRAME_H

#include <linux/if_ether.h>
#include <linux/types.h>

#define FRAME_LEN 60 /* the shortest of Ethernet, without its checksum */

struct frame {
	__u8 bytes[FRAME_LEN];
	__u32 base_sum; /* of the IP header without check and daddr, not folded */
};

/* A whole UDP or TCP packet of protocol, to the first flow. */
void frame_make(struct frame *frame, int protocol, const __u8 *destination, const __u8 *source);

/* To the flow I, as it was made. */
void frame_address(struct frame *frame, __u32 i);

/* The link-layer address of a device of this namespace; says what is wrong and exits. */
void device_mac(const char *dev, __u8 *mac);

/* A packet socket that sends from a device of this namespace; says what is wrong and exits. */
int sender_open(const char *dev);

#endif /* FRAME_H */
