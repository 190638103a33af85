// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The router's routes that decide about a row are in differential.sh. */
#include "rows.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

/* Newer than the headers. */
#define GSO_UDP_L4 5 /* VIRTIO_NET_HDR_GSO_UDP_L4 */

#define DF 0x4000
#define MF 0x2000
#define RESERVED 0x8000

#define ROUTE(n) ADDRESS(11, n, 0, 0) /* a /16 */

#define OUTPUT_MTU 1500 /* r2's; r0's is 9000 */
#define ROUTE_MTU 1000

/* Packets */

static void to(struct packet *packet, __u32 network)
{
	packet->flow.daddr = network + chance(0x10000);
}

static void small(struct packet *packet)
{
	packet_udp(packet, chance(64));
}

static void set_fragment_field(struct packet *packet, __u16 field)
{
	packet_ip(packet)->frag_off = htons(field);
	packet_seal(packet);
}

static void udp_sizes(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, nth * 7 % (OUTPUT_MTU - IP_MINIMUM - UDP_HEADER + 1));
}

static void largest(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, OUTPUT_MTU - IP_MINIMUM - UDP_HEADER - nth % 2);
	set_fragment_field(packet, nth % 3 ? DF : 0);
}

static void header_alone(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, nth, 0);
}

static void tos(struct packet *packet, unsigned int nth)
{
	packet->flow.tos = nth;
	small(packet);
}

static void ttl_alive(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->ttl = 2 + nth % 254;
	packet_seal(packet);
}

static void ttl_over(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, chance(1000));
	packet_ip(packet)->ttl = nth % 2;
	packet_seal(packet);
}

static void id(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->id = nth % 4 ? chance(0x10000) : nth % 8 ? 0xffff : 0;
	packet_seal(packet);
}

static void df(struct packet *packet, unsigned int nth)
{
	small(packet);
	set_fragment_field(packet, nth % 3 == 0 ? DF : nth % 3 == 1 ? RESERVED : DF | RESERVED);
}

/* Every sum that ip_decrease_ttl carries over, and its neighbours. */
static void checksum_edges(struct packet *packet, unsigned int nth)
{
	__u16 wanted = nth % 2 ? 0xfef0 + nth / 2 % 0x20 : nth % 4 ? chance(0x10000) : 0;
	struct iphdr *ip = packet_ip(packet);
	__u16 sum;

	small(packet);
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

	small(packet);
	udp = (struct udphdr *)packet_body(packet);
	udp->len = nth % 2 ? chance(0x10000) : 0;
	udp->check = nth % 4 ? chance(0x10000) : 0;
}

/* icmp_is_err */
static const __u8 error_types[] = {
	ICMP_DEST_UNREACH,  ICMP_SOURCE_QUENCH, ICMP_REDIRECT,
	ICMP_TIME_EXCEEDED, ICMP_PARAMETERPROB,
};

#define ERROR_TYPES sizeof(error_types)

static void icmp(struct packet *packet, unsigned int nth)
{
	__u8 type = nth;

	packet_icmp(packet, memchr(error_types, type, ERROR_TYPES) ? ICMP_ECHO : type, chance(60));
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

static void other_route(struct packet *packet, unsigned int network)
{
	to(packet, ROUTE(network));
	small(packet);
}

static void multipath(struct packet *packet, unsigned int nth)
{
	(void)nth;
	other_route(packet, 9);
}

static void tos_route(struct packet *packet, unsigned int nth)
{
	packet->flow.tos = nth % 2 ? 0x10 : chance(256);
	other_route(packet, 10);
}

/* While the lease of its flow is that of another TOS, which goes another way. */
static void tos_of_another(struct packet *packet, unsigned int nth)
{
	other_route(packet, 10);
	packet_ip(packet)->tos = (nth % 2 ? 0x10 : 0) | chance(4);
	packet_seal(packet);
}

static void on_link(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(10, 7, 3, 2) : ADDRESS(10, 7, 3, 7);
	small(packet);
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

static void segments_tcp_of(struct packet *packet, size_t payload, size_t gso_size)
{
	packet_tcp(packet, TCP_ACK, payload);
	packet_partial(packet, offsetof(struct tcphdr, check));
	packet_segments(packet, VIRTIO_NET_HDR_GSO_TCPV4, TCP_HEADER, gso_size);
}

static void segments_tcp(struct packet *packet, unsigned int nth)
{
	size_t gso_size = nth % 2 ? OUTPUT_MTU - IP_MINIMUM - TCP_HEADER : 100 + chance(1000);

	segments_tcp_of(packet, gso_size + 1 + chance(60000), gso_size);
	set_fragment_field(packet, nth % 3 ? DF : 0);
}

static void segments_udp(struct packet *packet, unsigned int nth)
{
	size_t gso_size = nth % 2 ? OUTPUT_MTU - IP_MINIMUM - UDP_HEADER : 400 + chance(800);

	packet_udp(packet, gso_size + 1 + chance(20000));
	packet_partial(packet, offsetof(struct udphdr, check));
	packet_segments(packet, GSO_UDP_L4, UDP_HEADER, gso_size);
	set_fragment_field(packet, nth % 3 ? DF : 0);
}

static void padded_segments(struct packet *packet, unsigned int nth)
{
	segments_tcp_of(packet, 3000 + nth % 1000, 1000);
	packet_pad(packet, 1 + nth % 60);
}

/* What fib_multipath_hash looks into, and what it does not. */
static void tunnels(struct packet *packet, unsigned int nth)
{
	const __u8 protocols[] = { IPPROTO_IPIP, IPPROTO_IPV6, IPPROTO_GRE };

	to(packet, ROUTE(9));
	packet_begin(packet, protocols[nth % 3], IP_MINIMUM + UDP_HEADER + chance(60));
	packet_body(packet)[0] = 0x45;
}

/* proto_ports_offset: the SPI where others have their ports. */
static void ipsec(struct packet *packet, unsigned int nth)
{
	to(packet, ROUTE(9));
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

	to(packet, ROUTE(9));
	packet_icmp(packet, error_types[nth % ERROR_TYPES], IP_MINIMUM + UDP_HEADER);
	memcpy(packet_body(packet) + ICMP_HEADER, &quoted, sizeof(quoted));
}

/* Sources */

static void from_subnet_broadcast(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ADDRESS(10, 7, 1, 255);
	small(packet);
}

static void from_unroutable(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(203, 0, 113, nth % 256);
	small(packet);
}

static void from_class_e(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ADDRESS(240, 0, 0, 0) + chance((1 << 28) - 1);
	small(packet);
}

/* ipv4_is_zeronet: only 0.0.0.0 is nobody's */
static void from_zero_net(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = 1 + chance((1 << 24) - 1);
	small(packet);
}

static void to_zero_net(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.daddr = 1 + chance((1 << 24) - 1);
	small(packet);
}

/* An address behind the output, or the output's own network. */
static void from_behind(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr =
		nth % 2 ? ADDRESS(10, 128, 0, 0) + chance(1 << 23) : ADDRESS(10, 7, 3, 2);
	small(packet);
}

static void from_nobody(struct packet *packet, unsigned int nth)
{
	const __u32 sources[] = {
		ADDRESS(127, 0, 0, 1),	     ADDRESS(127, 0, 0, 0) + chance(1 << 24),
		ADDRESS(0, 0, 0, 0),	     ADDRESS(224, 0, 0, 0) + chance(1 << 28),
		ADDRESS(255, 255, 255, 255),
	};

	packet->flow.saddr = sources[nth % 5];
	small(packet);
}

static void from_ourselves(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ROUTER_IN;
	small(packet);
}

/* Another device's address: transit cannot tell it from a source that no way leads back to. */
static void from_our_output(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.saddr = ROUTER_OUT;
	small(packet);
}

/* Destinations */

static void to_ourselves(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ROUTER_IN : ROUTER_OUT;
	if (nth % 3 == 0)
		small(packet);
	else if (nth % 3 == 1)
		packet_tcp(packet, chance(0x40), 0);
	else
		packet_icmp(packet, ICMP_ECHO, chance(100));
}

static void to_broadcast(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(10, 7, 1, 255) : ADDRESS(10, 7, 3, 255);
	small(packet);
}

static void to_multicast(struct packet *packet, unsigned int nth)
{
	const __u32 destinations[] = {
		ADDRESS(224, 0, 0, 1),
		ADDRESS(224, 0, 0, 0) + chance(1 << 28),
		ADDRESS(255, 255, 255, 255),
	};

	packet->flow.daddr = destinations[nth % 3];
	small(packet);
}

static void to_class_e(struct packet *packet, unsigned int nth)
{
	(void)nth;
	packet->flow.daddr = ADDRESS(240, 0, 0, 0) + chance((1 << 28) - 1);
	small(packet);
}

static void to_nobody(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(127, 0, 0, 0) + chance(1 << 24) : 0;
	small(packet);
}

static void to_refused(struct packet *packet, unsigned int nth)
{
	if (nth % 5 == 4)
		to(packet, ADDRESS(12, 0, 0, 0)); /* no route */
	else
		to(packet, ROUTE(3 + nth % 5)); /* unreachable prohibit blackhole throw */
	packet_udp(packet, chance(1000));
}

static void to_no_neighbour(struct packet *packet, unsigned int nth)
{
	(void)nth;
	other_route(packet, 8);
}

/* From a neighbour of its own on r0, so that each is owed a redirect. */
static void back_out(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(10, 7, 1, 20 + nth % 50);
	other_route(packet, 7);
}

/* Sizes */

static void too_big(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, OUTPUT_MTU - IP_MINIMUM - UDP_HEADER + 1 + nth * 13 % 2000);
	set_fragment_field(packet, nth % 2 ? DF : 0);
}

/* Nothing can be learned of its flow from it, and no way leads back to its source. */
static void too_big_from_unroutable(struct packet *packet, unsigned int nth)
{
	packet->flow.saddr = ADDRESS(203, 0, 113, nth % 256);
	too_big(packet, nth);
}

static void route_mtu_kept(struct packet *packet, unsigned int nth)
{
	to(packet, ROUTE(1 + nth % 2));
	packet_udp(packet, ROUTE_MTU - IP_MINIMUM - UDP_HEADER - nth % 3);
}

static void route_mtu_broken(struct packet *packet, unsigned int nth)
{
	to(packet, ROUTE(1 + nth % 2));
	packet_udp(packet, ROUTE_MTU - IP_MINIMUM - UDP_HEADER + 1 + nth % 400);
	set_fragment_field(packet, nth % 4 / 2 ? DF : 0);
}

static void segments_too_big(struct packet *packet, unsigned int nth)
{
	to(packet, ROUTE(1 + nth % 2));
	segments_tcp_of(packet, 5000, ROUTE_MTU - IP_MINIMUM - TCP_HEADER + 1 + nth % 300);
	set_fragment_field(packet, nth % 4 / 2 ? DF : 0);
}

static void segments_just_fit(struct packet *packet, unsigned int nth)
{
	to(packet, ROUTE(1 + nth % 2));
	segments_tcp_of(packet, 5000, ROUTE_MTU - IP_MINIMUM - TCP_HEADER - nth % 3);
}

/*
 * packet_alloc_skb: a frame above a page has only its link-layer header in the first part, unless
 * the sender says how long the headers are.
 */
static void split(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 4100 + nth % 4000);
}

/* Bytes */

static void version(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->version = (5 + nth % 15) % 16;
	packet_seal(packet);
}

static void short_ihl(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->ihl = nth % 5;
	packet_seal(packet);
}

/* The option that writes the time of day is never the same twice. */
static void no_time(unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] ^= bytes[i] == 68;
}

/* Where options should be is the transport header. */
static void long_ihl(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 40 + chance(100));
	no_time(packet_body(packet), 40);
	packet_ip(packet)->ihl = 6 + nth % 10;
	packet_seal(packet);
}

static void ihl_beyond(struct packet *packet, unsigned int nth)
{
	packet_begin(packet, IPPROTO_UDP, chance(4));
	packet_ip(packet)->ihl = 7 + nth % 9;
}

static void checksum(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->check ^= nth % 2 ? 1U << chance(16) : 1 + chance(0xfffe);
}

static void length_below(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_ip(packet)->tot_len = htons(nth % IP_MINIMUM);
	packet_seal(packet);
}

static void length_beyond(struct packet *packet, unsigned int nth)
{
	struct iphdr *ip = packet_ip(packet);
	__u32 more = nth % 2 ? 1 + nth % 100 : 1 + chance(60000);

	small(packet);
	ip->tot_len = htons(ntohs(ip->tot_len) + more);
	packet_seal(packet);
}

/* iph_totlen: from a TCP GSO packet the kernel takes a 0 for its real length. */
static void length_of_big_tcp(struct packet *packet, unsigned int nth)
{
	segments_tcp_of(packet, 3000 + nth % 1000, 1000);
	packet_ip(packet)->tot_len = 0;
	packet_seal(packet);
}

static void cut_in_header(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 40);
	packet_cut(packet, nth % IP_MINIMUM);
}

static void cut_behind(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, 40);
	packet_cut(packet, IP_MINIMUM + nth % 48);
}

static void fragments(struct packet *packet, unsigned int nth)
{
	const __u16 fields[] = {
		MF, MF | DF, 1, 0x1fff, MF | chance(0x2000), DF | (1 + chance(0x1fff)),
	};

	packet_udp(packet, chance(1400));
	set_fragment_field(packet, fields[nth % 6]);
}

static void options_known(struct packet *packet, unsigned int nth)
{
	static const __u8 options[][12] = {
		{ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 },	      /* no operation */
		{ 0 },					      /* end of list */
		{ 7, 11, 4 },				      /* record route */
		{ 7, 11, 12, 1, 2, 3, 4, 5, 6, 7, 8 },	      /* it is full */
		{ 131, 7, 4, 10, 128, 0, 9 },		      /* loose source route */
		{ 131, 7, 8, 10, 128, 0, 9 },		      /* it is used up */
		{ 137, 7, 4, 10, 7, 3, 2 },		      /* strict source route */
		{ 137, 7, 4, 10, 128, 0, 9 },		      /* it needs a gateway */
		{ 148, 4, 0, 0 },			      /* router alert */
		{ 68, 12, 13, 0, 1, 2, 3, 4, 5, 6, 7, 8 },    /* timestamps: overflow counted */
		{ 68, 12, 13, 0xf0, 1, 2, 3, 4, 5, 6, 7, 8 }, /* the counter is full */
		{ 68, 12, 5, 3, 10, 128, 0, 9 },	      /* timestamp of another router */
		{ 134, 11, 0, 0, 0, 1, 1, 5, 0, 1, 5 },	      /* CIPSO */
		{ 130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 },    /* basic security */
	};

	small(packet);
	packet_options(packet, options[nth % 14], sizeof(options[0]));
}

static void options_junk(struct packet *packet, unsigned int nth)
{
	__u8 options[40];
	size_t length = 4 + nth % 10 * 4;

	chance_fill(options, sizeof(options));
	no_time(options, sizeof(options));
	small(packet);
	packet_options(packet, options, length);
}

/* The router is a stop on the way: it writes the next one into the header. */
static void options_stop(struct packet *packet, unsigned int nth)
{
	__u8 options[] = { nth % 2 ? 131 : 137, 7, 4, 10, 7, 3, 2, 0 };

	packet->flow.daddr = ROUTER_IN;
	small(packet);
	packet_options(packet, options, sizeof(options));
}

static void options_ttl_over(struct packet *packet, unsigned int nth)
{
	options_known(packet, nth % 9);
	packet_ip(packet)->ttl = 1;
	packet_seal(packet);
}

static void mac_of_another(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet->frame[1 + nth % 5] ^= 1 + chance(255);
}

static void mac_of_many(struct packet *packet, unsigned int nth)
{
	small(packet);
	memset(packet->frame, 0xff, ETH_ALEN);
	if (nth % 2)
		packet->frame[0] = 0x01;
}

static void mac_source(struct packet *packet, unsigned int nth)
{
	(void)nth;
	small(packet);
	chance_fill(packet->frame + ETH_ALEN, ETH_ALEN);
}

static void tags(struct packet *packet, unsigned int nth)
{
	small(packet);
	if (nth % 5 == 4)
		packet_tag(packet, ETH_P_8021Q, chance(0x10000));
	packet_tag(packet, nth % 2 ? ETH_P_8021Q : ETH_P_8021AD, nth % 3 ? chance(0x10000) : 0);
}

static void ethertypes(struct packet *packet, unsigned int nth)
{
	const __u16 types[] = {
		ETH_P_IPV6,	  ETH_P_ARP,
		ETH_P_MPLS_UC,	  chance(ETH_P_802_3_MIN),
		ETH_P_PPP_SES,	  0,
		ETH_P_IP + 1,	  ETH_P_LOOP,
		chance(ETH_P_IP), 0xff00 + chance(0x100),
	};
	__u16 type = htons(types[nth % 10]);

	small(packet);
	memcpy(packet->frame + 2 * ETH_ALEN, &type, sizeof(type));
}

static void frame_alone(struct packet *packet, unsigned int nth)
{
	small(packet);
	packet_cut(packet, 0);
	packet->frame[2 * ETH_ALEN] = nth % 2 ? 0x86 : 0x08;
}

/* Anything may be wrong, more than once. ip_error counts how often it answers a source. */
static void flips(struct packet *packet, unsigned int nth)
{
	unsigned char *at;

	packet->flow.saddr = ADDRESS(10, 64, 0, 0) + chance(1 << 22);
	packet_udp(packet, 32 + chance(100));
	for (__u32 n = 1 + chance(3); n; n--) {
		at = packet->frame + ETH_HLEN + chance(IP_MINIMUM + UDP_HEADER);
		*at ^= 1 << chance(8);
	}
	no_time(packet->frame + ETH_HLEN + IP_MINIMUM, 40);
	if (nth % 4 && packet_ip(packet)->ihl >= 5)
		packet_seal(packet);
	packet->flow.saddr = ntohl(packet_ip(packet)->saddr);
	packet->flow.daddr = ntohl(packet_ip(packet)->daddr);
	packet->flow.tos = packet_ip(packet)->tos;
}

static void plain(struct packet *packet, unsigned int nth)
{
	(void)nth;
	small(packet);
}

static void by_mortal(struct packet *packet, unsigned int nth)
{
	(void)nth;
	other_route(packet, 11);
}

/* What is known of no flow before its first packet. */
#define MISS (VERDICT(COLD) | VERDICT(COLLISION))

#define BYTES(verdict)                                                                             \
	.kind = ROW_BYTES, .cold = 1ULL << TXP_TRANSIT_##verdict,                                  \
	.warm = 1ULL << TXP_TRANSIT_##verdict
#define NEVER(verdict) .kind = ROW_NEVER, .cold = VERDICT(verdict), .warm = VERDICT(verdict)
#define LEASE(verdict) .kind = ROW_LEASE, .cold = MISS, .warm = VERDICT(verdict)
#define REFUSED(verdict)                                                                           \
	.kind = ROW_NEVER, .cold = MISS, .warm = VERDICT(COLLISION) | VERDICT(verdict)
#define TAKEN LEASE(TAKEN)

#define R0_RP_FILTER "ip netns exec $ROUTER sysctl -qw net.ipv4.conf.r0.rp_filter="
#define HASH_POLICY "ip netns exec $ROUTER sysctl -qw net.ipv4.fib_multipath_hash_policy="
#define MORTAL "ip -n $ROUTER neigh replace 10.7.3.6 dev r2 "
#define MORTAL_ALIVE MORTAL "lladdr 02:00:00:00:03:06 nud permanent"

#define TEXT_OF(number) #number
#define TEXT(number) TEXT_OF(number)

const struct row rows[] = {
	/* First, while there is room for what is known of them. */
	{ "from_ourselves", REFUSED(OWN_SOURCE), from_ourselves, 1 },
	{ "from_our_output", .kind = ROW_NEVER, .cold = MISS, .warm = MISS | VERDICT(OWN_SOURCE),
	  from_our_output, 1 },
	{ "to_ourselves", REFUSED(NOT_UNICAST), to_ourselves, 4 },
	{ "to_broadcast", REFUSED(NOT_UNICAST), to_broadcast, 2 },
	{ "to_refused", REFUSED(NOT_UNICAST), to_refused, 6 },
	{ "to_no_neighbour", REFUSED(NO_NEIGHBOUR), to_no_neighbour, 2 },
	{ "rp_strict_broken", REFUSED(RP_FILTER), from_behind, 1, .before = R0_RP_FILTER "1",
	  .after = R0_RP_FILTER "0" },
	{ "rp_loose_broken", REFUSED(RP_FILTER), from_unroutable, 1, .before = R0_RP_FILTER "2",
	  .after = R0_RP_FILTER "0" },

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
	{ "multipath", TAKEN, multipath, 2 },
	{ "tos_route", TAKEN, tos_route, 4 },
	{ "tos_of_another", .kind = ROW_LEASE, .cold = MISS,
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
	{ "from_unroutable", TAKEN, from_unroutable, 1 },
	{ "from_behind", TAKEN, from_behind, 2 },
	{ "from_class_e", TAKEN, from_class_e, 1 },
	{ "to_class_e", TAKEN, to_class_e, 1 },
	{ "from_zero_net", TAKEN, from_zero_net, 1 },
	{ "to_zero_net", TAKEN, to_zero_net, 1 },

	{ "too_big", LEASE(TOO_BIG), too_big, 4, .ends = true },
	{ "too_big_from_unroutable", LEASE(TOO_BIG), too_big_from_unroutable, 1, .ends = true },
	{ "route_mtu_broken", LEASE(TOO_BIG), route_mtu_broken, 4, .ends = true },
	{ "segments_too_big", LEASE(TOO_BIG), segments_too_big, 2, .ends = true },
	{ "split", LEASE(SPLIT_HEADER), split, 2, .ends = true },

	{ "ttl_over", BYTES(TTL_OVER), ttl_over, 4 },
	{ "version", BYTES(BAD_HEADER), version, 4 },
	{ "short_ihl", BYTES(BAD_HEADER), short_ihl, 2 },
	{ "ihl_beyond", BYTES(BAD_HEADER), ihl_beyond, 2 },
	{ "checksum", BYTES(BAD_HEADER), checksum, 8 },
	{ "cut_in_header", BYTES(BAD_HEADER), cut_in_header, 2 },
	{ "cut_behind", BYTES(BAD_LENGTH), cut_behind, 4 },
	{ "length_below", BYTES(BAD_LENGTH), length_below, 2 },
	{ "length_beyond", BYTES(BAD_LENGTH), length_beyond, 4 },
	{ "length_of_big_tcp", BYTES(BAD_LENGTH), length_of_big_tcp, 1 },
	{ "padded_segments", BYTES(PADDED), padded_segments, 1, .ends = true },
	{ "long_ihl", BYTES(IP_OPTIONS), long_ihl, 4, .ends = true },
	{ "options_known", BYTES(IP_OPTIONS), options_known, 8, .ends = true },
	{ "options_junk", BYTES(IP_OPTIONS), options_junk, 8, .ends = true },
	{ "options_ttl_over", BYTES(IP_OPTIONS), options_ttl_over, 2, .ends = true },
	{ "options_stop", .kind = ROW_NEVER, .cold = VERDICT(IP_OPTIONS),
	  .warm = VERDICT(IP_OPTIONS), options_stop, 1 },
	{ "fragments", BYTES(FRAGMENT), fragments, 6, .ends = true },
	{ "mac_of_another", BYTES(OTHER_HOST), mac_of_another, 2 },
	{ "mac_of_many", BYTES(MULTICAST), mac_of_many, 2 },
	{ "tags", BYTES(VLAN_TAG), tags, 4 },
	{ "ethertypes", BYTES(NOT_IPV4), ethertypes, 4 },
	{ "frame_alone", .kind = ROW_BYTES, .cold = VERDICT(BAD_HEADER) | VERDICT(NOT_IPV4),
	  .warm = VERDICT(BAD_HEADER) | VERDICT(NOT_IPV4), frame_alone, 1 },

	{ "from_nobody", NEVER(MARTIAN), from_nobody, 4 },
	{ "to_multicast", NEVER(MULTICAST), to_multicast, 2 },
	{ "to_nobody", NEVER(MARTIAN), to_nobody, 2 },
	{ "flips", .kind = ROW_LEASE, .cold = ANY_VERDICT, .warm = ANY_VERDICT, flips, 24 },

	{ "icmp_errors", BYTES(ICMP_ERROR), icmp_errors, 2 },
	{ "icmp_errors_ports", .kind = ROW_LEASE, .cold = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), icmp_errors, 1, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "ipsec", BYTES(TUNNEL_HASH), ipsec, 1, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "multipath_ports", .kind = ROW_LEASE, .cold = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), multipath, 2, .before = HASH_POLICY "1",
	  .after = HASH_POLICY "0" },
	{ "multipath_inner", .kind = ROW_LEASE, .cold = MISS,
	  .warm = VERDICT(TAKEN) | VERDICT(COLLISION), multipath, 1, .before = HASH_POLICY "2",
	  .after = HASH_POLICY "0" },
	{ "tunnels", BYTES(TUNNEL_HASH), tunnels, 1, .before = HASH_POLICY "2",
	  .after = HASH_POLICY "0" },
	{ "back_out", LEASE(SAME_DEVICE), back_out },
	{ "rp_strict_kept", TAKEN, plain, 1, .before = R0_RP_FILTER "1",
	  .after = R0_RP_FILTER "0" },
	{ "rp_loose_kept", TAKEN, from_behind, 1, .before = R0_RP_FILTER "2",
	  .after = R0_RP_FILTER "0" },
	{ "route_added", LEASE(ROUTES_MOVED), plain,
	  .change = "ip -n $ROUTER route add 192.0.2.0/24 via 10.7.3.2",
	  .undo = "ip -n $ROUTER route del 192.0.2.0/24" },
	{ "route_refused", LEASE(ROUTES_MOVED), by_mortal,
	  .change = "ip -n $ROUTER route replace prohibit 11.11.0.0/16",
	  .undo = "ip -n $ROUTER route replace 11.11.0.0/16 via 10.7.3.6" },
	{ "neighbour_replaced", LEASE(NEIGHBOUR_MOVED), by_mortal,
	  .change = MORTAL "lladdr 02:00:00:00:03:66 nud permanent", .undo = MORTAL_ALIVE },
	{ "neighbour_dead", LEASE(NEIGHBOUR_MOVED), by_mortal, .change = MORTAL "nud failed",
	  .undo = MORTAL_ALIVE },
	{ "setting_changed", LEASE(SETTINGS_MOVED), plain, .change = R0_RP_FILTER "2",
	  .undo = R0_RP_FILTER "0" },
	{ "outlived", .kind = ROW_LEASE, .cold = MISS, .warm = VERDICT(EXPIRED) | VERDICT(COLD),
	  plain, .outlive = true, .before = "$ATTACH --mode offload lease-ms=" TEXT(OUTLIVE_MS),
	  .after = "$ATTACH --mode offload lease-ms=60000" },
	{ "shadow", LEASE(WOULD_TAKE), plain, .before = "$ATTACH --mode shadow transit=on",
	  .after = "$ATTACH --mode offload" },
};

const unsigned int row_count = sizeof(rows) / sizeof(rows[0]);

const verdicts rows_demand =
	VERDICT(TAKEN) | VERDICT(WOULD_TAKE) | VERDICT(COLD) | VERDICT(COLLISION) |
	VERDICT(EXPIRED) | VERDICT(ROUTES_MOVED) | VERDICT(NEIGHBOUR_MOVED) |
	VERDICT(SETTINGS_MOVED) | VERDICT(NOT_IPV4) | VERDICT(VLAN_TAG) | VERDICT(OTHER_HOST) |
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
