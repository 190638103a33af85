// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes a frame as it comes in from the wire. Only what a router looks at is filled; the rest is 0,
 * the checksum of the payload as well.
 */
#include <arpa/inet.h>
#include <string.h>

#include <linux/icmp.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>

#include "packet/frame.h"

/* The sender's address is never checked. This one is locally administered. */
static const __u8 sender_mac[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 1 };

__u32 frame_least(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_TCP:
		return sizeof(struct iphdr) + sizeof(struct tcphdr);
	case IPPROTO_UDP:
		return sizeof(struct iphdr) + sizeof(struct udphdr);
	case IPPROTO_ICMP:
		return sizeof(struct iphdr) + sizeof(struct icmphdr);
	}
	return sizeof(struct iphdr);
}

/* RFC 1071, of a header whose checksum is 0. */
static __u16 header_checksum(const struct iphdr *ip)
{
	__u16 words[sizeof(*ip) / 2];
	__u32 sum = 0;
	size_t i;

	memcpy(words, ip, sizeof(words));
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

static void make_transport(const struct frame *frame, void *header)
{
	struct tcphdr *tcp = header;
	struct udphdr *udp = header;
	struct icmphdr *icmp = header;

	switch (frame->protocol) {
	case IPPROTO_TCP:
		tcp->source = htons(frame->sport);
		tcp->dest = htons(frame->dport);
		tcp->doff = sizeof(*tcp) / 4;
		tcp->ack = 1;
		break;
	case IPPROTO_UDP:
		udp->source = htons(frame->sport);
		udp->dest = htons(frame->dport);
		udp->len = htons(frame->total - sizeof(struct iphdr));
		break;
	case IPPROTO_ICMP:
		icmp->type = ICMP_ECHO;
		break;
	}
}

__u32 frame_make(const struct frame *frame, __u8 *bytes)
{
	struct ethhdr *ethernet = (void *)bytes;
	struct iphdr ip = {
		.version = 4,
		.ihl = sizeof(ip) / 4,
		.tos = frame->tos,
		.tot_len = htons(frame->total),
		.ttl = FRAME_HOP,
		.protocol = frame->protocol,
		.saddr = frame->saddr,
		.daddr = frame->daddr,
	};

	memset(bytes, 0, FRAME_MAX);
	memcpy(ethernet->h_dest, frame->dmac, ETH_ALEN);
	memcpy(ethernet->h_source, sender_mac, ETH_ALEN);
	ethernet->h_proto = htons(ETH_P_IP);
	ip.check = header_checksum(&ip);
	memcpy(bytes + ETH_HLEN, &ip, sizeof(ip));
	make_transport(frame, bytes + ETH_HLEN + sizeof(ip));
	return ETH_HLEN + frame->total;
}
