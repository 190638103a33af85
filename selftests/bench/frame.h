/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The packets of progrun, and a socket that sends them through the kernel. */
#ifndef FRAME_H
#define FRAME_H

#include <linux/if_ether.h>
#include <linux/types.h>

#define FRAME_LEN 60 /* the shortest of Ethernet, without its checksum */

struct frame {
	__u8 bytes[FRAME_LEN];
	__u32 base_sum; /* of the IP header without check and daddr, not folded */
};

/* Makes a whole UDP or TCP packet of the first flow. */
void frame_make(struct frame *frame, int protocol, const __u8 *destination, const __u8 *source);

/* Changes a packet that frame_make() made to flow number i. */
void frame_address(struct frame *frame, __u32 i);

/* Reads the link-layer address of a device of this namespace. Exits on errors. */
void device_mac(const char *dev, __u8 *mac);

/* Opens a packet socket that sends from a device of this namespace. Exits on errors. */
int sender_open(const char *dev);

#endif /* FRAME_H */
