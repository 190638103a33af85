// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that a router forwards to nobody, by their addresses: nothing is learned of them. */
#include "rows_make.h"

#include <linux/icmp.h>

static void from_ourselves(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ROUTER_IN;
	make_small(packet);
}

/* Another device's address: transit cannot tell it from a source that no way leads back to. */
static void from_our_output(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ROUTER_OUT;
	make_small(packet);
}

static void to_ourselves(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ROUTER_IN : ROUTER_OUT;
	if (nth % 3 == 0)
		make_small(packet);
	else if (nth % 3 == 1)
		packet_tcp(packet, chance(0x40), 0);
	else
		packet_icmp(packet, ICMP_ECHO, chance(100));
}

static void to_broadcast(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(10, 7, 1, 255) : ADDRESS(10, 7, 3, 255);
	make_small(packet);
}

static void to_refused(struct packet *packet, unsigned int nth)
{
	if (nth % 5 == 4)
		make_to(packet, ADDRESS(12, 0, 0, 0)); /* no route */
	else
		make_to(packet, ROUTE(3 + nth % 5)); /* unreachable prohibit blackhole throw */
	packet_udp(packet, chance(1000));
}

static void to_no_neighbour(struct packet *packet, unsigned int nth)
{
	(void)nth;
	make_other_route(packet, 8);
}

const struct row rows_refused[] = {
	{ "from_ourselves", REFUSED(OWN_SOURCE), from_ourselves, 1 },
	{ "from_our_output", .kind = ROW_NEVER, .miss = MISS, .warm = MISS | VERDICT(OWN_SOURCE),
	  from_our_output, 1 },
	{ "to_ourselves", REFUSED(NOT_UNICAST), to_ourselves, 4 },
	{ "to_broadcast", REFUSED(NOT_UNICAST), to_broadcast, 2 },
	{ "to_refused", REFUSED(NOT_UNICAST), to_refused, 6 },
	{ "to_no_neighbour", REFUSED(NO_NEIGHBOUR), to_no_neighbour, 2 },
	{ "rp_strict_broken", REFUSED(RP_FILTER), make_from_behind, 1, .before = R0_RP_FILTER "1",
	  .after = R0_RP_FILTER "0" },
	{ "rp_loose_broken", REFUSED(RP_FILTER), make_from_unroutable, 1,
	  .before = R0_RP_FILTER "2", .after = R0_RP_FILTER "0" },
	{},
};
