// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* udpgen HOST PORT [NAME=NUMBER...]: sends datagrams and prints how many. See settings.h. */
#include "settings.h"

#include <err.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

static char payload[65536];

static void add_cmsg(struct msghdr *msg, int level, int type, const void *data, size_t length)
{
	struct cmsghdr *cmsg = (void *)((char *)msg->msg_control + msg->msg_controllen);

	cmsg->cmsg_level = level;
	cmsg->cmsg_type = type;
	cmsg->cmsg_len = CMSG_LEN(length);
	memcpy(CMSG_DATA(cmsg), data, length);
	msg->msg_controllen += CMSG_SPACE(length);
}

static void add_cmsgs(struct msghdr *msg, const struct settings *settings)
{
	struct in_pktinfo device = { .ipi_ifindex = settings->pktinfo };
	unsigned short segment = settings->gso;
	int ttl = settings->cmsg_ttl;
	int tos = settings->cmsg_tos;

	if (settings->cmsg_ttl >= 0)
		add_cmsg(msg, IPPROTO_IP, IP_TTL, &ttl, sizeof(ttl));
	if (settings->cmsg_tos >= 0)
		add_cmsg(msg, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	if (device.ipi_ifindex)
		add_cmsg(msg, IPPROTO_IP, IP_PKTINFO, &device, sizeof(device));
	if (segment)
		add_cmsg(msg, IPPROTO_UDP, UDP_SEGMENT, &segment, sizeof(segment));
}

static int loose;

static void send_piece(int fd, struct msghdr *msg, size_t length, int flags)
{
	struct iovec piece = { payload, length };
	ssize_t sent;

	msg->msg_iov = &piece;
	msg->msg_iovlen = 1;
	sent = sendmsg(fd, msg, flags);
	if (sent != (ssize_t)length && !loose)
		err(1, "sendmsg of %zu: %zd", length, sent);
}

static void cork(int fd, int on)
{
	if (setsockopt(fd, IPPROTO_UDP, UDP_CORK, &on, sizeof(on)))
		err(1, "UDP_CORK");
}

static void send_datagram(int fd, struct msghdr *msg, const struct settings *settings)
{
	size_t first = settings->size / 2;

	if (settings->cork) {
		cork(fd, 1);
		send_piece(fd, msg, first, 0);
		send_piece(fd, msg, settings->size - first, 0);
		cork(fd, 0);
	} else if (settings->more) {
		send_piece(fd, msg, first, MSG_MORE);
		send_piece(fd, msg, settings->size - first, 0);
	} else {
		send_piece(fd, msg, settings->size, 0);
	}
}

static void bind_port(int fd, long port)
{
	const struct sockaddr_in from = { .sin_family = AF_INET, .sin_port = htons(port) };

	if (port && bind(fd, (const void *)&from, sizeof(from)))
		err(1, "sport=%ld", port);
}

/* The address of datagram number n. */
static void turn(struct sockaddr_in *to, const struct settings *settings, long n)
{
	long step = n % settings->spread ? 1 : 1 - settings->spread;

	if (n && settings->spread > 1)
		to->sin_addr.s_addr = htonl(ntohl(to->sin_addr.s_addr) + step);
}

static void send_from_socket(struct sockaddr_in *to, const struct settings *settings)
{
	char control[256] __attribute__((aligned(8))) = {};
	struct msghdr msg = { .msg_control = control };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	settings_apply(settings, fd);
	bind_port(fd, settings->sport);
	if (settings->connected && connect(fd, (const void *)to, sizeof(*to)))
		err(1, "connect");
	msg.msg_name = settings->connected ? NULL : to;
	msg.msg_namelen = settings->connected ? 0 : sizeof(*to);
	add_cmsgs(&msg, settings);
	if (!msg.msg_controllen)
		msg.msg_control = NULL;
	for (long n = 0; n < settings->count; n++) {
		turn(to, settings, n);
		send_datagram(fd, &msg, settings);
	}
	close(fd);
}

int main(int argc, char **argv)
{
	struct settings settings;
	struct sockaddr_in to;

	if (argc < 3)
		errx(2, "HOST PORT [NAME=NUMBER...]");
	settings_parse(&settings, argv + 3);
	to = settings_address(argv[1], argv[2]);
	loose = settings.loose;
	for (long n = 0; n < settings.sockets; n++)
		send_from_socket(&to, &settings);
	printf("sent %ld\n", settings.count * settings.sockets);
	return 0;
}
