// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "test_packets.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOAD_PORT 7
#define PROBE_PORT 9
#define MARKER_PORT 10
#define MARKER_TO "10.9.0.1"

#define MAX_BURST 64
#define FRAME_MAX 1514
#define FIRST_OUTPUT 2
#define LAST_OUTPUT 9
#define TTL 64
#define MARKER_LENGTH 64
#define PATIENCE_S 60

struct frame {
	struct ether_header eth;
	struct iphdr ip;
	struct udphdr udp;
	__be32 number;
	char padding[FRAME_MAX - 46];
} __attribute__((packed));

/* An ICMP error, and what it says of the packet that it answers. */
struct unreachable {
	struct ether_header eth;
	struct iphdr ip;
	struct icmphdr icmp;
	struct iphdr sent;
	struct udphdr udp;
	__be32 number;
} __attribute__((packed));

struct probes {
	struct frame load[MAX_KINDS];
	size_t length[MAX_KINDS]; /* of frames */
	struct frame marker;
	int out;	/* c0 */
	int marker_out; /* c1 */
	struct pollfd in[LAST_OUTPUT + 1];
	int device[LAST_OUTPUT + 1]; /* 0: c0, else the number in the name */
	int count;
};

static __be16 ip_sum(const void *ip)
{
	const unsigned short *words = ip;
	unsigned int sum = 0;

	for (size_t i = 0; i < sizeof(struct iphdr) / 2; i++)
		sum += words[i];
	sum = (sum >> 16) + (sum & 0xffff);
	return ~(sum + (sum >> 16));
}

static void fill(struct frame *frame, struct in_addr from, struct in_addr to, unsigned int length,
		 unsigned int tos, int port)
{
	frame->eth.ether_type = htons(ETHERTYPE_IP);
	frame->ip = (struct iphdr){
		.version = 4,
		.ihl = 5,
		.tos = tos,
		.tot_len = htons(length),
		.frag_off = htons(IP_DF),
		.ttl = TTL,
		.protocol = IPPROTO_UDP,
		.saddr = from.s_addr,
		.daddr = to.s_addr,
	};
	frame->ip.check = ip_sum(&frame->ip);
	frame->udp.source = htons(LOAD_PORT);
	frame->udp.dest = htons(port);
	frame->udp.len = htons(length - sizeof(frame->ip));
}

static void enter(const char *netns)
{
	int fd = open(netns, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", netns);
	close(fd);
}

/* Of a protocol's packets only those that come in are seen. */
static int packet_socket(const char *dev, int protocol)
{
	struct sockaddr_ll at = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(protocol),
		.sll_ifindex = if_nametoindex(dev),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0 || !at.sll_ifindex || bind(fd, (void *)&at, sizeof(at)))
		err(1, "%s", dev);
	return fd;
}

static void read_mac(int fd, const char *dev, unsigned char *mac)
{
	struct ifreq request = {};

	strncpy(request.ifr_name, dev, sizeof(request.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		err(1, "%s", dev);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
}

/* The load is far more than a socket holds: the kernel sorts out the rest. */
static void keep_only(int fd, struct sock_filter *code, int length)
{
	struct sock_fprog program = { .len = length, .filter = code };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)))
		err(1, "SO_ATTACH_FILTER");
}

#define AT(type, member) ((unsigned int)__builtin_offsetof(type, member))

static void keep_probes(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT(struct frame, udp.dest)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROBE_PORT, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MARKER_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	keep_only(fd, code, sizeof(code) / sizeof(code[0]));
}

static void keep_errors(int fd)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, AT(struct unreachable, ip.protocol)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 0, 3),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, AT(struct unreachable, udp.dest)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, PROBE_PORT, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, FRAME_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};

	keep_only(fd, code, sizeof(code) / sizeof(code[0]));
}

static void listen_on(struct probes *probes, int fd, int device)
{
	probes->in[probes->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	probes->device[probes->count++] = device;
}

static void open_server(struct probes *probes)
{
	char name[IF_NAMESIZE];

	for (int device = FIRST_OUTPUT; device <= LAST_OUTPUT; device++) {
		snprintf(name, sizeof(name), "s%d", device);
		if (!if_nametoindex(name))
			continue;
		listen_on(probes, packet_socket(name, ETH_P_IP), device);
		keep_probes(probes->in[probes->count - 1].fd);
	}
}

static void open_client(struct probes *probes)
{
	listen_on(probes, packet_socket("c0", ETH_P_IP), 0);
	keep_errors(probes->in[probes->count - 1].fd);
	probes->out = packet_socket("c0", 0);
	probes->marker_out = packet_socket("c1", 0);
	for (int i = 0; i < MAX_KINDS; i++)
		read_mac(probes->out, "c0", probes->load[i].eth.ether_shost);
	read_mac(probes->marker_out, "c1", probes->marker.eth.ether_shost);
}

static void open_router(struct probes *probes)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	for (int i = 0; i < MAX_KINDS; i++)
		read_mac(fd, "r0", probes->load[i].eth.ether_dhost);
	read_mac(fd, "r1", probes->marker.eth.ether_dhost);
	close(fd);
}

struct probes *probes_open(const struct plan *plan, const char *client, const char *server)
{
	struct probes *probes = calloc(1, sizeof(*probes));
	int back = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	struct in_addr marker;

	inet_pton(AF_INET, MARKER_TO, &marker);
	for (int i = 0; i < plan->count; i++) {
		fill(&probes->load[i], plan->kinds[i].saddr, plan->kinds[i].daddr,
		     plan->kinds[i].length, plan->kinds[i].tos, LOAD_PORT);
		probes->length[i] = sizeof(struct ether_header) + plan->kinds[i].length;
	}
	fill(&probes->marker, plan->kinds[0].saddr, marker, MARKER_LENGTH, 0, MARKER_PORT);
	open_router(probes);
	enter(server);
	open_server(probes);
	enter(client);
	open_client(probes);
	if (setns(back, CLONE_NEWNET))
		err(1, "setns");
	close(back);
	return probes;
}

int probes_load(const struct probes *probes, int kind, int count)
{
	struct iovec piece = { (void *)&probes->load[kind], probes->length[kind] };
	struct mmsghdr messages[MAX_BURST] = {};
	int sent;

	for (int i = 0; i < count && i < MAX_BURST; i++) {
		messages[i].msg_hdr.msg_iov = &piece;
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(probes->out, messages, count, 0);
	if (sent < 0 && errno != ENOBUFS)
		err(1, "sendmmsg");
	return sent < 0 ? 0 : sent;
}

static void send_frame(int fd, struct frame *frame, size_t length, unsigned int number)
{
	frame->number = htonl(number);
	if (send(fd, frame, length, 0) != (ssize_t)length)
		err(1, "send");
}

/* What forwarding makes of the header, and the addresses of the device that it left by. */
static int place(const struct frame *frame, int device)
{
	const unsigned char *to = frame->eth.ether_dhost, *from = frame->eth.ether_shost;

	if (frame->ip.ttl != TTL - 1 || ip_sum(&frame->ip) || to[4] != device || from[4] != device)
		return WRONG;
	return PLACE(to[5], from[5]);
}

/* Takes what has come; returns 1 when the marker was there, and the probe's end in *outcome. */
static int collect(const struct probes *probes, int i, unsigned int number, int *outcome)
{
	union {
		struct frame frame;
		struct unreachable error;
	} in;
	int marked = 0;

	while (recv(probes->in[i].fd, &in, sizeof(in), MSG_DONTWAIT) >=
	       (ssize_t)sizeof(in.frame) - (ssize_t)sizeof(in.frame.padding)) {
		if (!probes->device[i]) {
			if (in.error.number == htonl(number))
				*outcome = ICMP_ERROR(in.error.icmp.code);
		} else if (in.frame.number == htonl(number)) {
			if (in.frame.udp.dest == htons(MARKER_PORT))
				marked = 1;
			else
				*outcome = place(&in.frame, probes->device[i]);
		}
	}
	return marked;
}

static int collect_all(const struct probes *probes, unsigned int number, int *outcome)
{
	int marked = 0;

	for (int i = 0; i < probes->count; i++)
		marked |= collect(probes, i, number, outcome);
	return marked;
}

/*
 * The marker goes the same number of hops on the same CPU, whose backlog is first in, first
 * out: where it has arrived, the probe has or never will.
 */
static int send_once(const struct probes *probes, int kind, unsigned int number)
{
	struct frame probe = probes->load[kind], marker = probes->marker;
	int outcome = NOWHERE;

	probe.udp.dest = htons(PROBE_PORT);
	send_frame(probes->out, &probe, probes->length[kind], number);
	for (int tries = 0; tries < PATIENCE_S; tries++) {
		send_frame(probes->marker_out, &marker, sizeof(marker.eth) + MARKER_LENGTH, number);
		do {
			if (!collect_all(probes, number, &outcome))
				continue;
			collect_all(probes, number, &outcome);
			return outcome;
		} while (poll((struct pollfd *)probes->in, probes->count, 1000) > 0);
	}
	errx(1, "markers do not arrive");
}

/* Packets for which a CPU of this host had no room in its backlog, ever. */
static unsigned long backlog_drops(void)
{
	FILE *file = fopen("/proc/net/softnet_stat", "re");
	unsigned int dropped;
	unsigned long all = 0;

	if (!file)
		err(1, "/proc/net/softnet_stat");
	while (fscanf(file, "%*x %x%*[^\n]", &dropped) == 1)
		all += dropped;
	fclose(file);
	return all;
}

/* Where the machine stands still the load fills a backlog, and the probe may be what is dropped. */
int probes_send(const struct probes *probes, int kind, unsigned int number)
{
	unsigned long drops;
	int outcome;

	for (int tries = 0; tries < PATIENCE_S; tries++) {
		drops = backlog_drops();
		outcome = send_once(probes, kind, number);
		if (outcome != NOWHERE || backlog_drops() == drops)
			return outcome;
	}
	errx(1, "the backlog drops probe after probe");
}
