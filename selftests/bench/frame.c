// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "frame.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow.h"

#define SOURCE_ADDRESS 0x0a070102U /* 10.7.1.2: the client of add_topology in lib.sh */
#define PORT 7007

static __u32 sum_words(const void *data, size_t bytes)
{
	const __u16 *words = data;
	__u32 sum = 0;

	for (size_t i = 0; i < bytes / 2; i++)
		sum += words[i];
	return sum;
}

static __u16 fold(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void make_transport(void *at, int protocol, size_t bytes)
{
	struct tcphdr *tcp = at;
	struct udphdr *udp = at;

	if (protocol == IPPROTO_UDP) {
		udp->source = htons(PORT);
		udp->dest = htons(PORT);
		udp->len = htons(bytes);
		return;
	}
	tcp->source = htons(PORT);
	tcp->dest = htons(PORT);
	tcp->doff = sizeof(*tcp) / 4;
	tcp->ack = 1;
}

void frame_make(struct frame *frame, int protocol, const __u8 *destination, const __u8 *source)
{
	struct ethhdr *eth = (void *)frame->bytes;
	struct iphdr *ip = (void *)(eth + 1);

	memset(frame, 0, sizeof(*frame));
	memcpy(eth->h_dest, destination, ETH_ALEN);
	memcpy(eth->h_source, source, ETH_ALEN);
	eth->h_proto = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tot_len = htons(FRAME_LEN - sizeof(*eth));
	ip->ttl = FLOW_TTL;
	ip->protocol = protocol;
	ip->saddr = htonl(SOURCE_ADDRESS);
	make_transport(ip + 1, protocol, FRAME_LEN - sizeof(*eth) - sizeof(*ip));
	frame->base_sum = sum_words(ip, sizeof(*ip));
	frame_address(frame, 0);
}

void frame_address(struct frame *frame, __u32 i)
{
	struct iphdr *ip = (void *)(frame->bytes + ETH_HLEN);

	ip->daddr = htonl(flow_address(i));
	ip->check = fold(frame->base_sum + sum_words(&ip->daddr, sizeof(ip->daddr)));
}

void device_mac(const char *dev, __u8 *mac)
{
	struct ifreq request = {};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, dev, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		err(1, "%s: address", dev);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

int sender_open(const char *dev)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	address.sll_ifindex = if_nametoindex(dev);
	if (!address.sll_ifindex || fd < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "%s: packet socket", dev);
	return fd;
}
