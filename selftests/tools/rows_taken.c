// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that are taken over: everything that forwarding does not change, in all its values. */
#include "rows_make.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

/* Newer than the headers. */
#define GSO_UDP_L4 5 /* VIRTIO_NET_HDR_GSO_UDP_L4 */

#define RESERVED 0x8000

static void udp_sizes(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, nth * 7 % (OUTPUT_MTU - IP_MINIMUM - UDP_HEADER + 1));
}

static void largest(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, OUTPUT_MTU - IP_MINIMUM - UDP_HEADER - nth % 2);
	make_fragment_field(packet, nth % 3 ? DF : 0);
}

static void header_alone(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, nth, 0);
}

static void tos(struct packet *packet, unsigned int nth)
{
	packet->flow.tos = nth;
	make_small(packet);
}

static void ttl_alive(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	packet_ip(packet)->ttl = 2 + nth % 254;
	packet_seal(packet);
}

static void id(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	packet_ip(packet)->id = nth % 4 ? chance(0x10000) : nth % 8 ? 0xffff : 0;
	packet_seal(packet);
}

static void df(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	make_fragment_field(packet, nth % 3 == 0 ? DF : nth % 3 == 1 ? RESERVED : DF | RESERVED);
}

/* Every sum that ip_decrease_ttl carries over, and its neighbours. */
static void checksum_edges(struct packet *packet, unsigned int nth)
{
	__u16 wanted = nth % 2 ? 0xfef0 + nth / 2 % 0x20 : nth % 4 ? chance(0x10000) : 0;
	struct iphdr *ip = packet_ip(packet);
	__u16 sum;

	make_small(packet);
	ip->id = 0;
	packet_seal(packet);
	sum = ntohs(ip->check);
	ip->id = htons(sum - wanted - (sum < wanted));
	packet_seal(packet);
	if (!ip->check && nth % 8)
		ip->check = 0xffff; /* right as well */
}

static void protocols(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, nth, chance(100));
}

static void tcp_flags(struct packet *packet, unsigned int nth)
{
	packet_tcp(packet, nth, chance(100));
	packet_body(packet)[12] = chance(256); /* data offset */
}

static void tcp_short(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, IPPROTO_TCP, nth % TCP_HEADER);
}

static void udp_short(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, IPPROTO_UDP, nth % UDP_HEADER);
}

static void udp_lies(struct packet *packet, unsigned int nth)
{
	struct udphdr *udp;

	make_small(packet);
	udp = (struct udphdr *)packet_body(packet);
	udp->len = nth % 2 ? chance(0x10000) : 0;
	udp->check = nth % 4 ? chance(0x10000) : 0;
}

static void icmp(struct packet *packet, unsigned int nth)
{
	__u8 type = nth;

	packet_icmp(packet, memchr(icmp_error_types, type, ICMP_ERROR_TYPES) ? ICMP_ECHO : type,
		    chance(60));
}

static void padded(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, chance(40));
	packet_pad(packet, 1 + nth % 60);
}

static void padded_partial(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 20);
	packet_partial(packet, offsetof(struct udphdr, check));
	packet_pad(packet, 1 + nth % 60);
}

static void tos_route(struct packet *packet, unsigned int nth)
{
	packet->flow.tos = nth % 2 ? 0x10 : chance(256);
	make_other_route(packet, 10);
}

/* While the lease of its flow is that of another TOS, which goes another way. */
static void tos_of_another(struct packet *packet, unsigned int nth)
{
	make_other_route(packet, 10);
	packet_ip(packet)->tos = (nth % 2 ? 0x10 : 0) | chance(4);
	packet_seal(packet);
}

static void on_link(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(10, 7, 3, 2) : ADDRESS(10, 7, 3, 7);
	make_small(packet);
}

static void partial_udp(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, nth * 11 % 1400);
	packet_partial(packet, offsetof(struct udphdr, check));
}

static void partial_tcp(struct packet *packet, unsigned int nth)
{
	packet_tcp(packet, TCP_ACK, nth * 11 % 1400);
	packet_partial(packet, offsetof(struct tcphdr, check));
}

static void segments_tcp(struct packet *packet, unsigned int nth)
{
	size_t gso_size = nth % 2 ? OUTPUT_MTU - IP_MINIMUM - TCP_HEADER : 100 + chance(1000);

	make_segments_tcp(packet, gso_size + 1 + chance(60000), gso_size);
	make_fragment_field(packet, nth % 3 ? DF : 0);
}

static void segments_udp(struct packet *packet, unsigned int nth)
{
	size_t gso_size = nth % 2 ? OUTPUT_MTU - IP_MINIMUM - UDP_HEADER : 400 + chance(800);

	packet_udp(packet, gso_size + 1 + chance(20000));
	packet_partial(packet, offsetof(struct udphdr, check));
	packet_segments(packet, GSO_UDP_L4, UDP_HEADER, gso_size);
	make_fragment_field(packet, nth % 3 ? DF : 0);
}

static void from_subnet_broadcast(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ADDRESS(10, 7, 1, 255);
	make_small(packet);
}

static void from_class_e(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ADDRESS(240, 0, 0, 0) + chance((1 << 28) - 1);
	make_small(packet);
}

/* ipv4_is_zeronet: only 0.0.0.0 is nobody's */
static void from_zero_net(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = 1 + chance((1 << 24) - 1);
	make_small(packet);
}

static void to_zero_net(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.daddr = 1 + chance((1 << 24) - 1);
	make_small(packet);
}

static void to_class_e(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.daddr = ADDRESS(240, 0, 0, 0) + chance((1 << 28) - 1);
	make_small(packet);
}

static void route_mtu_kept(struct packet *packet, unsigned int nth)
{
	make_to(packet, ROUTE(1 + nth % 2));
	packet_udp(packet, ROUTE_MTU - IP_MINIMUM - UDP_HEADER - nth % 3);
}

static void segments_just_fit(struct packet *packet, unsigned int nth)
{
	make_to(packet, ROUTE(1 + nth % 2));
	make_segments_tcp(packet, 5000, ROUTE_MTU - IP_MINIMUM - TCP_HEADER - nth % 3);
}

static void mac_source(struct packet *packet, unsigned int nth)
{
	(void)nth;
	make_small(packet);
	chance_fill(packet->frame + ETH_ALEN, ETH_ALEN);
}

const struct row rows_taken[] = {
	{ "udp_sizes", TAKEN, udp_sizes, 12 },
	{ "largest", TAKEN, largest, 2 },
	{ "header_alone", TAKEN, header_alone, 4 },
	{ "tos", TAKEN, tos, 12 },
	{ "ttl", TAKEN, ttl_alive, 12 },
	{ "id", TAKEN, id, 4 },
	{ "df", TAKEN, df, 4 },
	{ "checksum_edges", TAKEN, checksum_edges, 12 },
	{ "protocols", TAKEN, protocols, 12 },
	{ "tcp_flags", TAKEN, tcp_flags, 12 },
	{ "tcp_short", TAKEN, tcp_short, 2 },
	{ "udp_short", TAKEN, udp_short, 2 },
	{ "udp_lies", TAKEN, udp_lies, 2 },
	{ "icmp", TAKEN, icmp, 8 },
	{ "padded", TAKEN, padded, 6 },
	{ "padded_partial", TAKEN, padded_partial, 2 },
	{ "multipath", TAKEN, make_multipath, 2 },
	{ "tos_route", TAKEN, tos_route, 4 },
	{ "tos_of_another", .kind = ROW_LEASE, .miss = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), tos_of_another, 4 },
	{ "on_link", TAKEN, on_link, 2 },
	{ "mac_source", TAKEN, mac_source, 2 },
	{ "partial_udp", TAKEN, partial_udp, 4 },
	{ "partial_tcp", TAKEN, partial_tcp, 4 },
	{ "segments_tcp", TAKEN, segments_tcp, 4 },
	{ "segments_udp", TAKEN, segments_udp, 4, .newer = true },
	{ "route_mtu_kept", TAKEN, route_mtu_kept, 2 },
	{ "segments_just_fit", TAKEN, segments_just_fit, 2 },
	{ "from_subnet_broadcast", TAKEN, from_subnet_broadcast, 1 },
	{ "from_unroutable", TAKEN, make_from_unroutable, 1 },
	{ "from_behind", TAKEN, make_from_behind, 2 },
	{ "from_class_e", TAKEN, from_class_e, 1 },
	{ "to_class_e", TAKEN, to_class_e, 1 },
	{ "from_zero_net", TAKEN, from_zero_net, 1 },
	{ "to_zero_net", TAKEN, to_zero_net, 1 },
	{},
};
