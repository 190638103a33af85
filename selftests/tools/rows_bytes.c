// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Packets that stay the kernel's by what their own bytes say. */
#include "rows_make.h"

#include <arpa/inet.h>
#include <linux/in.h>
#include <string.h>

#define MF 0x2000

static void ttl_over(struct packet *packet, unsigned int nth)
{
	packet_udp(packet, chance(1000));
	packet_ip(packet)->ttl = nth % 2;
	packet_seal(packet);
}

static void padded_segments(struct packet *packet, unsigned int nth)
{
	make_segments_tcp(packet, 3000 + nth % 1000, 1000);
	packet_pad(packet, 1 + nth % 60);
}

static void from_nobody(struct packet *packet, unsigned int nth)
{
	const __u32 sources[] = {
		ADDRESS(127, 0, 0, 1),	     ADDRESS(127, 0, 0, 0) + chance(1 << 24),
		ADDRESS(0, 0, 0, 0),	     ADDRESS(224, 0, 0, 0) + chance(1 << 28),
		ADDRESS(255, 255, 255, 255),
	};

	packet->flow.saddr = sources[nth % 5];
	make_small(packet);
}

static void to_multicast(struct packet *packet, unsigned int nth)
{
	const __u32 destinations[] = {
		ADDRESS(224, 0, 0, 1),
		ADDRESS(224, 0, 0, 0) + chance(1 << 28),
		ADDRESS(255, 255, 255, 255),
	};

	packet->flow.daddr = destinations[nth % 3];
	make_small(packet);
}

static void to_nobody(struct packet *packet, unsigned int nth)
{
	packet->flow.daddr = nth % 2 ? ADDRESS(127, 0, 0, 0) + chance(1 << 24) : 0;
	make_small(packet);
}

static void version(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	packet_ip(packet)->version = (5 + nth % 15) % 16;
	packet_seal(packet);
}

static void short_ihl(struct packet *packet, unsigned int nth)
{
	make_small(packet);
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
	make_small(packet);
	packet_ip(packet)->check ^= nth % 2 ? 1U << chance(16) : 1 + chance(0xfffe);
}

static void length_below(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	packet_ip(packet)->tot_len = htons(nth % IP_MINIMUM);
	packet_seal(packet);
}

static void length_beyond(struct packet *packet, unsigned int nth)
{
	struct iphdr *ip = packet_ip(packet);
	__u32 more = nth % 2 ? 1 + nth % 100 : 1 + chance(60000);

	make_small(packet);
	ip->tot_len = htons(ntohs(ip->tot_len) + more);
	packet_seal(packet);
}

/* iph_totlen: from a TCP GSO packet the kernel takes a 0 for its real length. */
static void length_of_big_tcp(struct packet *packet, unsigned int nth)
{
	make_segments_tcp(packet, 3000 + nth % 1000, 1000);
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
	make_fragment_field(packet, fields[nth % 6]);
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

	make_small(packet);
	packet_options(packet, options[nth % 14], sizeof(options[0]));
}

static void options_junk(struct packet *packet, unsigned int nth)
{
	__u8 options[40];
	size_t length = 4 + nth % 10 * 4;

	chance_fill(options, sizeof(options));
	no_time(options, sizeof(options));
	make_small(packet);
	packet_options(packet, options, length);
}

/* The router is a stop on the way: it writes the next one into the header. */
static void options_stop(struct packet *packet, unsigned int nth)
{
	__u8 options[] = { nth % 2 ? 131 : 137, 7, 4, 10, 7, 3, 2, 0 };

	packet->flow.daddr = ROUTER_IN;
	make_small(packet);
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
	make_small(packet);
	packet->frame[1 + nth % 5] ^= 1 + chance(255);
}

static void mac_of_many(struct packet *packet, unsigned int nth)
{
	make_small(packet);
	memset(packet->frame, 0xff, ETH_ALEN);
	if (nth % 2)
		packet->frame[0] = 0x01;
}

static void tags(struct packet *packet, unsigned int nth)
{
	make_small(packet);
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

	make_small(packet);
	memcpy(packet->frame + 2 * ETH_ALEN, &type, sizeof(type));
}

static void frame_alone(struct packet *packet, unsigned int nth)
{
	make_small(packet);
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

const struct row rows_bytes[] = {
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
	{ "options_stop", .kind = ROW_NEVER, .miss = VERDICT(IP_OPTIONS),
	  .warm = VERDICT(IP_OPTIONS), options_stop, 1 },
	{ "fragments", BYTES(FRAGMENT), fragments, 6, .ends = true },
	{ "mac_of_another", BYTES(OTHER_HOST), mac_of_another, 2 },
	{ "mac_of_many", BYTES(MULTICAST), mac_of_many, 2 },
	{ "tags", BYTES(VLAN_TAG), tags, 4 },
	{ "ethertypes", BYTES(NOT_IPV4), ethertypes, 4 },
	{ "frame_alone", .kind = ROW_BYTES, .miss = VERDICT(BAD_HEADER) | VERDICT(NOT_IPV4),
	  .warm = VERDICT(BAD_HEADER) | VERDICT(NOT_IPV4), frame_alone, 1 },

	{ "from_nobody", NEVER(MARTIAN), from_nobody, 4 },
	{ "to_multicast", NEVER(MULTICAST), to_multicast, 2 },
	{ "to_nobody", NEVER(MARTIAN), to_nobody, 2 },
	{ "flips", .kind = ROW_LEASE, .miss = ANY_VERDICT, .warm = ANY_VERDICT, flips, 24 },
	{},
};
