// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "wire.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

/* Only a broken machine needs them: for one marker's answer. */
#define PATIENCE_MS 120000

/*
 * The marker is an ARP probe (RFC 5227): the sender's address is 0, so the router answers and
 * learns nothing from it. The answer goes to the sender's hardware address, which numbers it.
 */
struct marker {
	struct ethhdr eth;
	struct arphdr arp;
	__u8 sender_mac[ETH_ALEN];
	__be32 sender;
	__u8 target_mac[ETH_ALEN];
	__be32 target;
} __attribute__((packed));

static const __u8 marker_prefix[2] = { 0x02, 0x7e };

static int enter(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET))
		err(1, "%s", path);
	return fd;
}

static void set(int fd, int name, int value)
{
	if (setsockopt(fd, SOL_PACKET, name, &value, sizeof(value)))
		err(1, "packet socket: option %d", name);
}

static int packet_socket(const char *device)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "packet socket");
	at.sll_ifindex = if_nametoindex(device);
	set(fd, PACKET_IGNORE_OUTGOING, 1);
	set(fd, PACKET_VNET_HDR, 1);
	set(fd, PACKET_AUXDATA, 1);
	if (!at.sll_ifindex || bind(fd, (void *)&at, sizeof(at)))
		err(1, "packet socket: bind to %s", device);
	return fd;
}

void wire_open(struct wire *wire, const char *netns, const char *device, const char *peer)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	char path[256];

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	close(enter(path));
	wire->fd = packet_socket(device);
	if (home < 0 || setns(home, CLONE_NEWNET))
		err(1, "going back to the first namespace");
	close(home);
	wire->netns = netns;
	wire->device = device;
	wire->peer = inet_addr(peer);
	wire->markers = 0;
}

bool wire_send(const struct wire *wire, const struct virtio_net_hdr *meta, const void *frame,
	       size_t length)
{
	struct iovec pieces[] = {
		{ (void *)meta, sizeof(*meta) },
		{ (void *)frame, length },
	};
	ssize_t sent = writev(wire->fd, pieces, 2);

	if (sent < 0 && errno != EINVAL && errno != EMSGSIZE)
		err(1, "%s: %s: sending a frame of %zu bytes", wire->netns, wire->device, length);
	return sent >= 0;
}

static void marker_number(__u8 *mac, __u32 number)
{
	memcpy(mac, marker_prefix, sizeof(marker_prefix));
	memcpy(mac + sizeof(marker_prefix), &number, sizeof(number));
}

static void send_marker(struct wire *wire)
{
	struct virtio_net_hdr meta = {};
	struct marker marker = {
		.eth.h_dest = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
		.eth.h_proto = htons(ETH_P_ARP),
		.arp.ar_hrd = htons(ARPHRD_ETHER),
		.arp.ar_pro = htons(ETH_P_IP),
		.arp.ar_hln = ETH_ALEN,
		.arp.ar_pln = sizeof(__be32),
		.arp.ar_op = htons(ARPOP_REQUEST),
		.target = wire->peer,
	};

	marker_number(marker.sender_mac, ++wire->markers);
	memcpy(marker.eth.h_source, marker.sender_mac, ETH_ALEN);
	if (!wire_send(wire, &meta, &marker, sizeof(marker)))
		errx(1, "%s: %s: a marker is not sent", wire->netns, wire->device);
}

static bool is_answer(const struct wire *wire, const unsigned char *frame, size_t length)
{
	__u8 mac[ETH_ALEN];

	marker_number(mac, wire->markers);
	return length >= sizeof(struct marker) && !memcmp(frame, mac, ETH_ALEN);
}

/* The tag that was taken out of the frame, if there was one. */
static void read_tag(struct msghdr *msg, struct wire_frame *frame)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(msg);
	struct tpacket_auxdata aux;

	if (!cmsg || cmsg->cmsg_type != PACKET_AUXDATA)
		return;
	memcpy(&aux, CMSG_DATA(cmsg), sizeof(aux));
	if (!(aux.tp_status & TP_STATUS_VLAN_VALID))
		return;
	frame->vlan_tag = aux.tp_vlan_tci;
	frame->vlan_type = aux.tp_vlan_tpid;
}

static void receive(const struct wire *wire, struct wire_frame *frame, unsigned char *bytes)
{
	struct pollfd ready = { .fd = wire->fd, .events = POLLIN };
	char control[256] __attribute__((aligned(8)));
	struct iovec pieces[] = {
		{ &frame->meta, sizeof(frame->meta) },
		{ bytes, WIRE_MAX_FRAME },
	};
	struct msghdr msg = {
		.msg_iov = pieces,
		.msg_iovlen = 2,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t got;

	memset(frame, 0, sizeof(*frame));
	if (poll(&ready, 1, PATIENCE_MS) != 1)
		errx(1, "%s: %s: marker %u is not answered", wire->netns, wire->device,
		     wire->markers);
	got = recvmsg(wire->fd, &msg, MSG_DONTWAIT);
	if (got < (ssize_t)sizeof(frame->meta))
		err(1, "%s: %s: receiving: %zd", wire->netns, wire->device, got);
	frame->length = got - sizeof(frame->meta);
	read_tag(&msg, frame);
}

static void frames_add(struct wire_frames *frames, const struct wire_frame *frame,
		       const unsigned char *bytes)
{
	size_t more = sizeof(*frame) + frame->length;

	frames->bytes = realloc(frames->bytes, frames->used + more);
	if (!frames->bytes)
		err(1, "memory");
	memcpy(frames->bytes + frames->used, frame, sizeof(*frame));
	memcpy(frames->bytes + frames->used + sizeof(*frame), bytes, frame->length);
	frames->used += more;
	frames->count++;
}

void wire_collect(struct wire *wire, struct wire_frames *frames)
{
	static unsigned char bytes[WIRE_MAX_FRAME];
	struct wire_frame frame;

	send_marker(wire);
	for (;;) {
		receive(wire, &frame, bytes);
		if (is_answer(wire, bytes, frame.length))
			return;
		frames_add(frames, &frame, bytes);
	}
}
