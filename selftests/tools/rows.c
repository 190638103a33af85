// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* All rows in their order, and what several of them make their packets with. */
#include "rows_make.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/tcp.h>

#define GROUPS (sizeof(groups) / sizeof(*groups))

/* What is refused comes first, while there is room for what is known of them. */
static const struct row *const groups[] = {
	rows_refused, rows_taken, rows_size, rows_bytes, rows_router,
};

const struct row *row_at(unsigned int nth)
{
	for (size_t i = 0; i < GROUPS; i++) {
		for (const struct row *row = groups[i]; row->name; row++) {
			if (!nth--)
				return row;
		}
	}
	return NULL;
}

const verdicts rows_demand =
	VERDICT(TAKEN) | VERDICT(WOULD_TAKE) | VERDICT(MISS) | VERDICT(COLLISION) |
	VERDICT(EXPIRED) | VERDICT(ROUTES_CHANGED) | VERDICT(NEIGHBOUR_CHANGED) |
	VERDICT(SETTINGS_CHANGED) | VERDICT(NOT_IPV4) | VERDICT(VLAN_TAG) | VERDICT(OTHER_HOST) |
	VERDICT(BAD_HEADER) | VERDICT(BAD_LENGTH) | VERDICT(PADDED) | VERDICT(TUNNEL_HASH) |
	VERDICT(ICMP_ERROR) | VERDICT(IP_OPTIONS) | VERDICT(FRAGMENT) | VERDICT(TTL_OVER) |
	VERDICT(MULTICAST) | VERDICT(MARTIAN) | VERDICT(OWN_SOURCE) | VERDICT(RP_FILTER) |
	VERDICT(NOT_UNICAST) | VERDICT(NO_NEIGHBOUR) | VERDICT(TOO_BIG) | VERDICT(SPLIT_HEADER) |
	VERDICT(SAME_DEVICE);

void row_packet(const struct row *row, struct packet *packet, unsigned int nth)
{
	packet->flow = flow_new();
	row->make(packet, nth);
}

void row_good(struct packet *good, const struct packet *packet)
{
	good->flow = packet->flow;
	packet_udp(good, 16);
}

void make_to(struct packet *packet, __u32 network)
{
	packet->flow.daddr = network + chance(0x10000);
}

void make_small(struct packet *packet)
{
	packet_udp(packet, chance(64));
}

void make_fragment_field(struct packet *packet, __u16 field)
{
	packet_ip(packet)->frag_off = htons(field);
	packet_seal(packet);
}

void make_other_route(struct packet *packet, unsigned int network)
{
	make_to(packet, ROUTE(network));
	make_small(packet);
}

void make_multipath(struct packet *packet, unsigned int nth)
{
	(void)nth;
	make_other_route(packet, 9);
}

void make_segments_tcp(struct packet *packet, size_t payload, size_t gso_size)
{
	packet_tcp(packet, TCP_ACK, payload);
	packet_partial(packet, offsetof(struct tcphdr, check));
	packet_segments(packet, VIRTIO_NET_HDR_GSO_TCPV4, TCP_HEADER, gso_size);
}

void make_from_unroutable(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(203, 0, 113, nth % 256);
	make_small(packet);
}

/* An address behind the output, or the output's own network. */
void make_from_behind(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr =
		nth % 2 ? ADDRESS(10, 128, 0, 0) + chance(1 << 23) : ADDRESS(10, 7, 3, 2);
	make_small(packet);
}

/* icmp_is_err */
const __u8 icmp_error_types[ICMP_ERROR_TYPES] = {
	ICMP_DEST_UNREACH,  ICMP_SOURCE_QUENCH, ICMP_REDIRECT,
	ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB,
};
