/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Making the packets of the differential test: a good one first, then what is wrong with it. */
#ifndef PACKETS_H
#define PACKETS_H

#include "wire.h"

#include <linux/ip.h>
#include <linux/types.h>

#define MAC_CLIENT                                                                                 \
	{                                                                                          \
		0x02, 0, 0, 0, 1, 2                                                                \
	}
#define MAC_ROUTER                                                                                 \
	{                                                                                          \
		0x02, 0, 0, 0, 1, 1                                                                \
	}

#define ADDRESS(a, b, c, d) ((__u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))

/* The router's own, where the client and where the server is. */
#define ROUTER_IN ADDRESS(10, 7, 1, 1)
#define ROUTER_OUT ADDRESS(10, 7, 3, 1)

#define IP_MINIMUM sizeof(struct iphdr)
#define UDP_HEADER 8
#define TCP_HEADER 20
#define TCP_FLAGS_AT 13 /* in its header */
#define TCP_ACK 0x10
#define ICMP_HEADER 8

/* What of a packet decides which lease it finds; host byte order. */
struct flow {
	__u32 saddr;
	__u32 daddr;
	__u8 tos;
};

struct packet {
	struct flow flow;
	struct virtio_net_hdr meta;
	size_t length; /* of the frame */
	unsigned char frame[WIRE_MAX_FRAME];
};

/* The same numbers in every run: below BELOW. */
void chance_seed(__u64 seed);
__u32 chance(__u32 below);
void chance_fill(void *bytes, size_t length);

/* No packet had it before: from the client's network to the server's. */
struct flow flow_new(void);

/* A packet of its flow that nothing is wrong with, SIZE random bytes behind the IP header. */
void packet_begin(struct packet *packet, __u8 protocol, size_t size);
void packet_udp(struct packet *packet, size_t payload);
void packet_tcp(struct packet *packet, __u8 flags, size_t payload);
void packet_icmp(struct packet *packet, __u8 type, size_t payload);

struct iphdr *packet_ip(struct packet *packet);
unsigned char *packet_body(struct packet *packet);

/* Options behind the header: LENGTH is a multiple of 4. */
void packet_options(struct packet *packet, const void *options, size_t length);

/* Bytes behind what the header says is the end. */
void packet_pad(struct packet *packet, size_t length);

/* Of the IP packet only LENGTH bytes are left. */
void packet_cut(struct packet *packet, size_t length);

/* A tag between the addresses and the ethertype. */
void packet_tag(struct packet *packet, __u16 ethertype, __u16 tag);

/* For the device to segment and to sum up, as a local sender leaves it. */
void packet_partial(struct packet *packet, size_t checksum_offset);
void packet_segments(struct packet *packet, __u8 gso_type, size_t header, size_t gso_size);

/* The header's checksum, after it was changed. */
void packet_seal(struct packet *packet);

#endif /* PACKETS_H */
