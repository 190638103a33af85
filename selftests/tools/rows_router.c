// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets whose verdict the router makes: its settings, and what changes there under a lease. */
#include "rows_make.h"

#include <arpa/inet.h>
#include <linux/in.h>
#include <string.h>

#define HASH_POLICY "ip netns exec $ROUTER sysctl -qw net.ipv4.fib_multipath_hash_policy="
#define MORTAL "ip -n $ROUTER neigh replace 10.7.3.6 dev r2 "
#define MORTAL_ALIVE MORTAL "lladdr 02:00:00:00:03:06 nud permanent"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

/* What fib_multipath_hash looks into, and what it does not. */
static void tunnels(struct packet *packet, unsigned int nth)
{
	const __u8 protocols[] = { IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE };

	make_to(packet, ROUTE(9));
	packet_begin(packet, protocols[nth % 3], IP_MINIMUM + UDP_HEADER + chance(60));
	packet_body(packet)[0] = 0x45;
}

/* proto_ports_offset: the SPI where others have their ports. */
static void ipsec(struct packet *packet, unsigned int nth)
{
	make_to(packet, ROUTE(9));
	packet_begin(packet, nth % 2 ? IPPROTO_ESP : IPPROTO_AH, 24 + chance(60));
}

/* About a packet of other hosts, by whose addresses ip_multipath_l3_keys chooses the path. */
static void icmp_errors(struct packet *packet, unsigned int nth)
{
	struct iphdr quoted = {
		.version = 4,
		.ihl = 5,
		.tot_len = htons(IP_MINIMUM + UDP_HEADER),
		.ttl = 64,
		.protocol = IPPROTO_UDP,
		.saddr = chance(~0),
		.daddr = chance(~0),
	};

	make_to(packet, ROUTE(9));
	packet_icmp(packet, icmp_error_types[nth % ICMP_ERROR_TYPES], IP_MINIMUM + UDP_HEADER);
	memcpy(packet_body(packet) + ICMP_HEADER, &quoted, sizeof(quoted));
}

/* From a neighbour of its own on r0, so that each is owed a redirect. */
static void back_out(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(10, 7, 1, 20 + nth % 50);
	make_other_route(packet, 7);
}

static void plain(struct packet *packet, unsigned int nth)
{
	(void)nth;
	make_small(packet);
}

static void by_mortal(struct packet *packet, unsigned int nth)
{
	(void)nth;
	make_other_route(packet, 11);
}

const struct row rows_router[] = {
	{ "icmp_errors", BYTES(ICMP_ERROR), icmp_errors, 2 },
	{ "icmp_errors_ports", .kind = ROW_LEASE, .miss = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), icmp_errors, 1, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "ipsec", BYTES(TUNNEL_HASH), ipsec, 1, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "multipath_ports", .kind = ROW_LEASE, .miss = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), make_multipath, 2, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "multipath_inner", .kind = ROW_LEASE, .miss = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), make_multipath, 1, .before = HASH_POLICY "2",
	  .after = HASH_POLICY "0" },
	{ "tunnels", BYTES(TUNNEL_HASH), tunnels, 1, .before = HASH_POLICY "2",
	  .after = HASH_POLICY "0" },
	{ "back_out", LEASE(SAME_DEVICE), back_out },
	{ "rp_strict_kept", TAKEN, plain, 1, .before = R0_RP_FILTER "1",
	  .after = R0_RP_FILTER "0" },
	{ "rp_loose_kept", TAKEN, make_from_behind, 1, .before = R0_RP_FILTER "2",
	  .after = R0_RP_FILTER "0" },
	{ "route_added", LEASE(ROUTES_CHANGED), plain,
	  .change = "ip -n $ROUTER route add 192.0.2.0/24 via 10.7.3.2",
	  .undo = "ip -n $ROUTER route del 192.0.2.0/24" },
	{ "route_refused", LEASE(ROUTES_CHANGED), by_mortal,
	  .change = "ip -n $ROUTER route replace prohibit 11.11.0.0/16",
	  .undo = "ip -n $ROUTER route replace 11.11.0.0/16 via 10.7.3.6" },
	{ "neighbour_replaced", LEASE(NEIGHBOUR_CHANGED), by_mortal,
	  .change = MORTAL "lladdr 02:00:00:00:03:66 nud permanent", .undo = MORTAL_ALIVE },
	{ "neighbour_dead", LEASE(NEIGHBOUR_CHANGED), by_mortal, .change = MORTAL "nud failed",
	  .undo = MORTAL_ALIVE },
	{ "setting_changed", LEASE(SETTINGS_CHANGED), plain, .change = R0_RP_FILTER "2",
	  .undo = R0_RP_FILTER "0" },
	{ "outlived", .kind = ROW_LEASE, .miss = MISS, .warm = VERDICT(EXPIRED) | VERDICT(MISS),
	  plain, .outlive = true, .before = "$ATTACH --mode offload lease-ms=" TEXT(OUTLIVE_MS),
	  .after = "$ATTACH --mode offload lease-ms=60000" },
	{ "shadow", LEASE(WOULD_TAKE), plain, .before = "$ATTACH --mode shadow transit=on",
	  .after = "$ATTACH --mode offload" },
	{},
};
