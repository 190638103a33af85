/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An end of a wire: a packet socket on a device of some network namespace, that sends frames as
 * they are and collects what comes in there, bytes and metadata.
 */
#ifndef WIRE_H
#define WIRE_H

#include <linux/if_ether.h>
#include <linux/types.h>
#include <linux/virtio_net.h>
#include <stdbool.h>
#include <stddef.h>

#define WIRE_MAX_FRAME (ETH_HLEN + 65535)

struct wire {
	int fd;
	const char *netns;
	const char *device;
	__be32 peer; /* an address of the device at the other end */
	__u32 markers;
};

/* Frames that came in, one behind the other: struct wire_frame and its bytes. */
struct wire_frames {
	size_t used;
	unsigned int count;
	unsigned char *bytes;
};

struct wire_frame {
	struct virtio_net_hdr meta;
	__u16 vlan_tag; /* that was pending, with its ethertype */
	__u16 vlan_type;
	__u32 length;
};

/* Enters NETNS to open its socket and leaves it again. */
void wire_open(struct wire *wire, const char *netns, const char *device, const char *peer);

/* false: the kernel does not send such a frame. */
bool wire_send(const struct wire *wire, const struct virtio_net_hdr *meta, const void *frame,
	       size_t length);

/*
 * Sends a marker, which the router answers, and adds to FRAMES what comes in before the answer:
 * all that the router sends this way for the frames that were sent before it.
 */
void wire_collect(struct wire *wire, struct wire_frames *frames);

#endif /* WIRE_H */
