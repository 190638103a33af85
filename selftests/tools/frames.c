// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * frames DEV DMAC SADDR DADDR [NAME=NUMBER...]: sends echo requests, datagrams or TCP segments as
 * Ethernet frames of DEV, past its IP layer, and prints how many. What may be wrong about them:
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* FRAME(name, when not given, meaning) */
#define FRAMES(FRAME)                                                                              \
	FRAME(count, 10, "frames")                                                                 \
	FRAME(size, 64, "bytes behind the ICMP, UDP or TCP header")                                \
	FRAME(dport, 0, "UDP or TCP from and to this port, 0: an echo request")                    \
	FRAME(tcp, -1, "TCP with these flags, the last six bits of the flags byte")                \
	FRAME(doff, 5, "words of the TCP header as it says")                                       \
	FRAME(ring, 0, "1: by PACKET_TX_RING, all but the Ethernet header in pages")               \
	FRAME(ethertype, ETH_P_IP, "EtherType")                                                    \
	FRAME(vlan, -1, "802.1Q tag")                                                              \
	FRAME(version, 4, "of IP")                                                                 \
	FRAME(ihl, 0, "words of the header as it says, 0: what it has")                            \
	FRAME(total, 0, "added to the total length")                                               \
	FRAME(fragment, 0, "flags and fragment offset")                                            \
	FRAME(ttl, 64, "time to live")                                                             \
	FRAME(sum, 0, "added to the right header checksum")                                        \
	FRAME(option, -1, "type of an option of 8 bytes that names one address")                   \
	FRAME(cut, 0, "bytes cut off the end")

struct frames {
#define FRAME_MEMBER(name, otherwise, meaning) long name;
	FRAMES(FRAME_MEMBER)
#undef FRAME_MEMBER
	struct in_addr saddr;
	struct in_addr daddr;
	struct ether_addr dmac;
};

#define OPTION_BYTES 8
#define ROOM 2048

static long *find(struct frames *frames, const char *name, size_t length)
{
#define FRAME_FIND(member, otherwise, meaning)                                                     \
	if (strlen(#member) == length && !strncmp(#member, name, length))                          \
		return &frames->member;
	FRAMES(FRAME_FIND)
#undef FRAME_FIND
	return NULL;
}

static void parse(struct frames *frames, char **words)
{
#define FRAME_DEFAULT(name, otherwise, meaning) frames->name = otherwise;
	FRAMES(FRAME_DEFAULT)
#undef FRAME_DEFAULT
	for (; *words; words++) {
		size_t length = strcspn(*words, "=");
		long *value = find(frames, *words, length);

		if (!value || (*words)[length] != '=')
			errx(2, "no such word: %s", *words);
		*value = strtol(*words + length + 1, NULL, 0);
	}
	if (frames->size < 0 || frames->size > ROOM / 2)
		errx(2, "size=%ld", frames->size);
}

static unsigned short sum_of(const void *data, size_t bytes)
{
	const unsigned short *word = data;
	unsigned long sum = 0;

	for (; bytes; bytes -= sizeof(*word))
		sum += *word++;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static size_t put16(unsigned char *at, unsigned short value)
{
	at[0] = value >> 8;
	at[1] = value;
	return sizeof(value);
}

static size_t put_ethernet(unsigned char *at, const struct frames *frames,
			   const unsigned char *smac)
{
	size_t length = 2 * ETH_ALEN;

	memcpy(at, &frames->dmac, ETH_ALEN);
	memcpy(at + ETH_ALEN, smac, ETH_ALEN);
	if (frames->vlan >= 0) {
		length += put16(at + length, ETH_P_8021Q);
		length += put16(at + length, frames->vlan);
	}
	return length + put16(at + length, frames->ethertype);
}

/* One address, and the pointer at it: source routes and record route look alike. */
static size_t put_option(unsigned char *at, const struct frames *frames)
{
	if (frames->option < 0)
		return 0;
	at[0] = frames->option;
	at[1] = OPTION_BYTES - 1;
	at[2] = IPOPT_MINOFF;
	memcpy(at + 3, &frames->daddr, sizeof(frames->daddr));
	at[OPTION_BYTES - 1] = IPOPT_END;
	return OPTION_BYTES;
}

static int protocol_of(const struct frames *frames)
{
	if (frames->tcp >= 0)
		return IPPROTO_TCP;
	return frames->dport ? IPPROTO_UDP : IPPROTO_ICMP;
}

static size_t put_ip(unsigned char *at, const struct frames *frames, size_t payload)
{
	struct iphdr ip = {
		.version = frames->version,
		.ttl = frames->ttl,
		.protocol = protocol_of(frames),
		.frag_off = htons(frames->fragment),
		.saddr = frames->saddr.s_addr,
		.daddr = frames->daddr.s_addr,
	};
	size_t length = sizeof(ip) + put_option(at + sizeof(ip), frames);

	ip.ihl = frames->ihl ? frames->ihl : (long)length / 4;
	ip.tot_len = htons(length + payload + frames->total);
	memcpy(at, &ip, sizeof(ip));
	ip.check = sum_of(at, length) + frames->sum;
	memcpy(at, &ip, sizeof(ip));
	return length;
}

static size_t put_echo(unsigned char *at, size_t payload)
{
	struct icmphdr icmp = { .type = ICMP_ECHO };

	memcpy(at, &icmp, sizeof(icmp));
	icmp.checksum = sum_of(at, payload);
	memcpy(at, &icmp, sizeof(icmp));
	return payload;
}

/* Without a checksum. */
static size_t put_udp(unsigned char *at, const struct frames *frames, size_t payload)
{
	struct udphdr udp = {
		.source = htons(frames->dport),
		.dest = htons(frames->dport),
		.len = htons(payload),
	};

	memcpy(at, &udp, sizeof(udp));
	return payload;
}

/* With a checksum, which conntrack verifies. */
static size_t put_tcp(unsigned char *at, const struct frames *frames, size_t payload)
{
	static unsigned char summed[ROOM]; /* pseudo header, then the segment */
	struct tcphdr tcp = {
		.th_sport = htons(frames->dport),
		.th_dport = htons(frames->dport),
		.th_seq = htonl(1),
		.th_ack = htonl(1),
		.th_off = frames->doff,
		.th_flags = frames->tcp,
		.th_win = htons(1024),
	};
	size_t length = 2 * sizeof(struct in_addr);

	memcpy(summed, &frames->saddr, sizeof(struct in_addr));
	memcpy(summed + sizeof(struct in_addr), &frames->daddr, sizeof(struct in_addr));
	length += put16(summed + length, IPPROTO_TCP);
	length += put16(summed + length, payload);
	memcpy(summed + length, &tcp, sizeof(tcp));
	tcp.th_sum = sum_of(summed, length + payload);
	memcpy(at, &tcp, sizeof(tcp));
	return payload;
}

static size_t put_transport(unsigned char *at, const struct frames *frames, size_t payload)
{
	switch (protocol_of(frames)) {
	case IPPROTO_TCP:
		return put_tcp(at, frames, payload);
	case IPPROTO_UDP:
		return put_udp(at, frames, payload);
	default:
		return put_echo(at, payload);
	}
}

static size_t build(unsigned char *at, const struct frames *frames, const unsigned char *smac)
{
	size_t header = frames->tcp >= 0 ? sizeof(struct tcphdr) : sizeof(struct icmphdr);
	size_t payload = header + (frames->size & ~1L);
	size_t length = put_ethernet(at, frames, smac);

	length += put_ip(at + length, frames, payload);
	length += put_transport(at + length, frames, payload);
	return length - frames->cut;
}

static int open_device(const char *name, unsigned char *mac)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_ifindex = if_nametoindex(name),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	socklen_t length = sizeof(at);

	if (bind(fd, (void *)&at, length) || getsockname(fd, (void *)&at, &length))
		err(1, "%s", name);
	memcpy(mac, at.sll_addr, ETH_ALEN);
	return fd;
}

/* tpacket_fill_skb: what is behind the device's header stays in the ring's pages. */
static void send_by_ring(int fd, const unsigned char *frame, size_t length, long count)
{
	const size_t offset = TPACKET_HDRLEN - sizeof(struct sockaddr_ll);
	struct tpacket_req ring = { .tp_block_nr = 1, .tp_frame_nr = 1 };
	struct tpacket_hdr *slot;

	ring.tp_block_size = ring.tp_frame_size = getpagesize();
	if (setsockopt(fd, SOL_PACKET, PACKET_TX_RING, &ring, sizeof(ring)))
		err(1, "PACKET_TX_RING");
	slot = mmap(NULL, ring.tp_block_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (slot == MAP_FAILED)
		err(1, "mmap");
	memcpy((unsigned char *)slot + offset, frame, length);
	for (long n = 0; n < count; n++) {
		slot->tp_len = length;
		__atomic_store_n(&slot->tp_status, TP_STATUS_SEND_REQUEST, __ATOMIC_RELEASE);
		/* returns when it has left */
		if (send(fd, NULL, 0, 0) != (ssize_t)length)
			err(1, "send of %zu by the ring", length);
	}
}

static void send_each(int fd, const unsigned char *frame, size_t length, long count)
{
	for (long n = 0; n < count; n++)
		if (send(fd, frame, length, 0) != (ssize_t)length)
			err(1, "send of %zu", length);
}

int main(int argc, char **argv)
{
	static unsigned char frame[ROOM];
	unsigned char mac[ETH_ALEN];
	struct frames frames;
	size_t length;
	int fd;

	if (argc < 5)
		errx(2, "DEV DMAC SADDR DADDR [NAME=NUMBER...]");
	parse(&frames, argv + 5);
	if (!ether_aton_r(argv[2], &frames.dmac) ||
	    inet_pton(AF_INET, argv[3], &frames.saddr) != 1 ||
	    inet_pton(AF_INET, argv[4], &frames.daddr) != 1)
		errx(2, "not an address: %s, %s or %s", argv[2], argv[3], argv[4]);
	fd = open_device(argv[1], mac);
	length = build(frame, &frames, mac);
	if (frames.ring)
		send_by_ring(fd, frame, length, frames.count);
	else
		send_each(fd, frame, length, frames.count);
	printf("sent %ld\n", frames.count);
	return 0;
}
