// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that are too big for the route, or whose headers are not in one piece. */
#include "rows_make.h"

static void too_big(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, OUTPUT_MTU - IP_MINIMUM - UDP_HEADER + 1 + nth * 13 % 2000);
	make_fragment_field(packet, nth % 2 ? DF : 0);
}

/* Nothing can be learned of its flow from it, and no way leads back to its source. */
static void too_big_from_unroutable(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(203, 0, 113, nth % 256);
	too_big(packet, nth);
}

static void route_mtu_broken(struct packet *packet, unsigned int nth)
{
	make_to(packet, ROUTE(1 + nth % 2));
	packet_udp(packet, ROUTE_MTU - IP_MINIMUM - UDP_HEADER + 1 + nth % 400);
	make_fragment_field(packet, nth % 4 / 2 ? DF : 0);
}

static void segments_too_big(struct packet *packet, unsigned int nth)
{
	make_to(packet, ROUTE(1 + nth % 2));
	make_segments_tcp(packet, 5000, ROUTE_MTU - IP_MINIMUM - TCP_HEADER + 1 + nth % 300);
	make_fragment_field(packet, nth % 4 / 2 ? DF : 0);
}

/*
 * packet_alloc_skb: a frame above a page has only its link-layer header in the first part, unless
 * the sender says how long the headers are.
 */
static void split(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 4100 + nth % 4000);
}

const struct row rows_size[] = {
	{ "too_big", LEASE(TOO_BIG), too_big, 4, .ends = true },
	{ "too_big_from_unroutable", LEASE(TOO_BIG), too_big_from_unroutable, 1, .ends = true },
	{ "route_mtu_broken", LEASE(TOO_BIG), route_mtu_broken, 4, .ends = true },
	{ "segments_too_big", LEASE(TOO_BIG), segments_too_big, 2, .ends = true },
	{ "split", LEASE(SPLIT_HEADER), split, 2, .ends = true },
	{},
};
