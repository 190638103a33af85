// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * frames DEV DMAC SADDR DADDR [NAME=NUMBER...]: sends echo requests as Ethernet frames of DEV,
 * past its IP layer, and says how many. What may be wrong about them:
 */
#include <arpa/inet.h>
#include <err.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* FRAME(name, when not given, meaning) */
#define FRAMES(FRAME)                                                                              \
	FRAME(count, 10, "frames")                                                                 \
	FRAME(size, 64, "bytes behind the ICMP header")                                            \
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

static size_t put_ip(unsigned char *at, const struct frames *frames, size_t payload)
{
	struct iphdr ip = {
		.version = frames->version,
		.ttl = frames->ttl,
		.protocol = IPPROTO_ICMP,
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

static size_t build(unsigned char *at, const struct frames *frames, const unsigned char *smac)
{
	size_t payload = sizeof(struct icmphdr) + (frames->size & ~1L);
	size_t length = put_ethernet(at, frames, smac);

	length += put_ip(at + length, frames, payload);
	length += put_echo(at + length, payload);
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
	for (long n = 0; n < frames.count; n++)
		if (send(fd, frame, length, 0) != (ssize_t)length)
			err(1, "send of %zu", length);
	printf("sent %ld\n", frames.count);
	return 0;
}
