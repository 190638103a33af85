// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "packets.h"

#include <arpa/inet.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <string.h>

/* Their networks in differential.sh: 10.64.0.0/10 and 10.128.0.0/9. */
#define SOURCES ADDRESS(10, 64, 0, 0)
#define DESTINATIONS ADDRESS(10, 128, 0, 0)
#define DESTINATION_COUNT (1 << 23)

static __u64 chance_state;

void chance_seed(__u64 seed)
{
	chance_state = seed;
}

/* splitmix64 */
__u32 chance(__u32 below)
{
	__u64 mixed = chance_state += 0x9e3779b97f4a7c15ULL;

	mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9ULL;
	mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebULL;
	return (mixed >> 32) * below >> 32;
}

void chance_fill(void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((unsigned char *)bytes)[i] = chance(256);
}

struct flow flow_new(void)
{
	static __u32 flows;

	return (struct flow){
		.saddr = SOURCES + ++flows,
		.daddr = DESTINATIONS + chance(DESTINATION_COUNT),
	};
}

struct iphdr *packet_ip(struct packet *packet)
{
	return (struct iphdr *)(packet->frame + ETH_HLEN);
}

unsigned char *packet_body(struct packet *packet)
{
	return packet->frame + ETH_HLEN + packet_ip(packet)->ihl * 4;
}

/* RFC 1071, not folded */
static __u64 sum_of(const void *bytes, size_t length)
{
	__u64 sum = 0;
	__u16 word;

	for (size_t i = 0; i < length; i += sizeof(word)) {
		word = 0;
		memcpy(&word, (const char *)bytes + i, i + 1 < length ? 2 : 1);
		sum += word;
	}
	return sum;
}

static __u16 fold(__u64 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void packet_seal(struct packet *packet)
{
	struct iphdr *ip = packet_ip(packet);

	ip->check = 0;
	ip->check = ~fold(sum_of(ip, ip->ihl * 4));
}

static size_t body_length(struct packet *packet)
{
	return packet->frame + packet->length - packet_body(packet);
}

/* Addresses, protocol, length */
static __u64 sum_of_pseudo_header(struct packet *packet)
{
	const struct iphdr *ip = packet_ip(packet);

	return sum_of(&ip->saddr, 2 * sizeof(ip->saddr)) + htons(ip->protocol) +
	       htons(body_length(packet));
}

/* The transport's checksum, OFFSET bytes behind the IP header, over PSEUDO_HEADER and the body. */
static void seal_body(struct packet *packet, size_t offset, __u64 pseudo_header)
{
	unsigned char *body = packet_body(packet);
	__u16 check = 0;

	memcpy(body + offset, &check, sizeof(check));
	check = ~fold(sum_of(body, body_length(packet)) + pseudo_header);
	memcpy(body + offset, &check, sizeof(check));
}

static void ethernet(struct packet *packet)
{
	static const struct ethhdr header = {
		.h_dest = MAC_ROUTER,
		.h_source = MAC_CLIENT,
		.h_proto = __constant_htons(ETH_P_IP),
	};

	memcpy(packet->frame, &header, sizeof(header));
}

void packet_begin(struct packet *packet, __u8 protocol, size_t size)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = 5,
		.tos = packet->flow.tos,
		.tot_len = htons(IP_MINIMUM + size),
		.id = chance(0x10000),
		.ttl = 64,
		.protocol = protocol,
		.saddr = htonl(packet->flow.saddr),
		.daddr = htonl(packet->flow.daddr),
	};

	memset(&packet->meta, 0, sizeof(packet->meta));
	ethernet(packet);
	memcpy(packet_ip(packet), &ip, sizeof(ip));
	chance_fill(packet_body(packet), size);
	packet->length = ETH_HLEN + IP_MINIMUM + size;
	packet_seal(packet);
}

void packet_udp(struct packet *packet, size_t payload)
{
	struct udphdr udp = {
		.source = chance(0x10000),
		.dest = chance(0x10000),
		.len = htons(UDP_HEADER + payload),
	};

	packet_begin(packet, IPPROTO_UDP, UDP_HEADER + payload);
	memcpy(packet_body(packet), &udp, sizeof(udp));
	seal_body(packet, offsetof(struct udphdr, check), sum_of_pseudo_header(packet));
}

void packet_tcp(struct packet *packet, __u8 flags, size_t payload)
{
	struct tcphdr tcp = {
		.source = chance(0x10000),
		.dest = chance(0x10000),
		.seq = chance(~0),
		.ack_seq = chance(~0),
		.doff = TCP_HEADER / 4,
		.window = chance(0x10000),
	};

	packet_begin(packet, IPPROTO_TCP, TCP_HEADER + payload);
	memcpy(packet_body(packet), &tcp, sizeof(tcp));
	packet_body(packet)[TCP_FLAGS_AT] = flags;
	seal_body(packet, offsetof(struct tcphdr, check), sum_of_pseudo_header(packet));
}

void packet_icmp(struct packet *packet, __u8 type, size_t payload)
{
	packet_begin(packet, IPPROTO_ICMP, ICMP_HEADER + payload);
	packet_body(packet)[0] = type;
	packet_body(packet)[1] = 0;
	seal_body(packet, offsetof(struct icmphdr, checksum), 0);
}

void packet_options(struct packet *packet, const void *options, size_t length)
{
	struct iphdr *ip = packet_ip(packet);
	unsigned char *body = packet_body(packet);

	memmove(body + length, body, packet->frame + packet->length - body);
	memcpy(body, options, length);
	packet->length += length;
	ip->ihl += length / 4;
	ip->tot_len = htons(ntohs(ip->tot_len) + length);
	packet_seal(packet);
}

void packet_pad(struct packet *packet, size_t length)
{
	chance_fill(packet->frame + packet->length, length);
	packet->length += length;
}

void packet_cut(struct packet *packet, size_t length)
{
	packet->length = ETH_HLEN + length;
}

void packet_tag(struct packet *packet, __u16 ethertype, __u16 tag)
{
	unsigned char *at = packet->frame + 2 * ETH_ALEN;
	__u16 words[] = { htons(ethertype), htons(tag) };

	memmove(at + sizeof(words), at, packet->length - 2 * ETH_ALEN);
	memcpy(at, words, sizeof(words));
	packet->length += sizeof(words);
}

void packet_partial(struct packet *packet, size_t checksum_offset)
{
	__u16 check;

	packet->meta.flags = VIRTIO_NET_HDR_F_NEEDS_CSUM;
	packet->meta.csum_start = packet_body(packet) - packet->frame;
	packet->meta.csum_offset = checksum_offset;
	packet->meta.hdr_len = packet->meta.csum_start;
	check = fold(sum_of_pseudo_header(packet));
	memcpy(packet_body(packet) + checksum_offset, &check, sizeof(check));
}

void packet_segments(struct packet *packet, __u8 gso_type, size_t header, size_t gso_size)
{
	packet->meta.gso_type = gso_type;
	packet->meta.gso_size = gso_size;
	packet->meta.hdr_len = packet_body(packet) - packet->frame + header;
}
