// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * numbered PORT [NAME=NUMBER...]        says "ready", takes numbered datagrams until all flows
 *                                       have ended, and fails if one came after a later one
 * numbered HOST PORT [NAME=NUMBER...]   says "ready", sends bursts of numbered datagrams as
 *                                       fast as it can until SIGTERM, then ends its flows
 *
 * A flow stays on one CPU, as the packets of one queue do: the sender pins itself.
 */
#include "settings.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define MAX_FLOWS 16
#define MAX_BURST 63
#define MAX_SIZE 9000
#define END (~0ULL)
#define ROOM (1 << 28)
#define PATIENCE_S 60

struct numbered {
	unsigned long long number; /* from 1; END: the flow is over */
	unsigned int flow;
	unsigned int reserved;
};

struct seen {
	unsigned long long last;
	unsigned long long received;
	unsigned long long late; /* came after a later one */
	int ended;
};

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	stopped = signal;
}

static int udp_socket(void)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int room = ROOM;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "socket");
	return fd;
}

/* An end is answered: the sender repeats it until it is. */
static void note(int fd, struct seen *seen, const struct numbered *datagram,
		 const struct sockaddr_in *from)
{
	if (datagram->number == END) {
		seen->ended = 1;
		sendto(fd, datagram, sizeof(*datagram), 0, (const void *)from, sizeof(*from));
		return;
	}
	seen->received++;
	if (datagram->number <= seen->last)
		seen->late++;
	else
		seen->last = datagram->number;
}

static int all_ended(const struct seen *seen, long flows)
{
	for (long f = 0; f < flows; f++)
		if (!seen[f].ended)
			return 0;
	return 1;
}

static int report(const struct seen *seen, long flows)
{
	unsigned long long late = 0;

	for (long f = 0; f < flows; f++) {
		printf("flow %ld: received %llu, lost %llu, out of order %llu\n", f,
		       seen[f].received, seen[f].last - seen[f].received, seen[f].late);
		late += seen[f].late;
		if (!seen[f].received)
			errx(1, "nothing came of flow %ld", f);
	}
	return late ? 1 : 0;
}

static int sink(const char *port, const struct settings *settings)
{
	struct sockaddr_in at = settings_address(NULL, port), from;
	static struct seen seen[MAX_FLOWS];
	struct numbered datagram;
	int fd = udp_socket();
	socklen_t length;

	if (bind(fd, (void *)&at, sizeof(at)))
		err(1, "bind to %s", port);
	puts("ready");
	fflush(stdout);
	while (!all_ended(seen, settings->flows)) {
		length = sizeof(from);
		if (recvfrom(fd, &datagram, sizeof(datagram), 0, (void *)&from, &length) <
		    (ssize_t)sizeof(datagram))
			err(1, "nothing came for %d seconds", PATIENCE_S);
		if (datagram.flow >= settings->flows)
			errx(1, "no such flow: %u", datagram.flow);
		note(fd, &seen[datagram.flow], &datagram, &from);
	}
	return report(seen, settings->flows);
}

static int flow_socket(const struct sockaddr_in *to, struct settings settings, long flow)
{
	int fd = udp_socket();

	settings.tos = flow << 2;
	settings_apply(&settings, fd);
	if (connect(fd, (const void *)to, sizeof(*to)))
		err(1, "connect");
	return fd;
}

/* Sends the flow's next datagrams; returns how many went. */
static int burst(int fd, long flow, unsigned long long next, int count,
		 const struct settings *settings)
{
	static char padding[MAX_SIZE];
	struct mmsghdr messages[MAX_BURST] = {};
	struct numbered datagrams[MAX_BURST];
	struct iovec pieces[MAX_BURST][2];
	int sent;

	for (int i = 0; i < count; i++) {
		long size = settings->big && (next + i) % 3 == 0 ? settings->big : settings->size;

		datagrams[i] = (struct numbered){ .number = next + i, .flow = flow };
		pieces[i][0] = (struct iovec){ &datagrams[i], sizeof(datagrams[i]) };
		pieces[i][1] = (struct iovec){ padding, size - sizeof(datagrams[i]) };
		messages[i].msg_hdr.msg_iov = pieces[i];
		messages[i].msg_hdr.msg_iovlen = 2;
	}
	sent = sendmmsg(fd, messages, count, 0);
	if (sent < 0 && errno != EINTR)
		err(1, "sendmmsg");
	return sent < 0 ? 0 : sent;
}

/* The sink is gone when it has seen the end of all flows: as good as an answer. */
static void end_flow(int fd, long flow)
{
	struct numbered end = { .number = END, .flow = flow };
	struct pollfd answer = { .fd = fd, .events = POLLIN };

	for (int tries = 0; tries < PATIENCE_S * 10; tries++) {
		if (send(fd, &end, sizeof(end), 0) < 0 && errno == ECONNREFUSED)
			return;
		if (poll(&answer, 1, 100) > 0)
			return;
	}
	errx(1, "nobody answers the end of flow %ld", flow);
}

static void pin(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET(sched_getcpu(), &here);
	if (sched_setaffinity(0, sizeof(here), &here))
		err(1, "sched_setaffinity");
}

static int flood(const struct sockaddr_in *to, const struct settings *settings)
{
	static const int bursts[] = { 1, 3, 7, 33, 5, 63, 17, 9 };
	static unsigned long long sent[MAX_FLOWS];
	unsigned long long total = 0;
	int fds[MAX_FLOWS];

	pin();
	for (long f = 0; f < settings->flows; f++)
		fds[f] = flow_socket(to, *settings, f);
	puts("ready");
	fflush(stdout);
	for (unsigned long round = 0; !stopped; round++)
		for (long f = 0; f < settings->flows; f++)
			sent[f] += burst(fds[f], f, sent[f] + 1, bursts[(round + f) % 8], settings);
	for (long f = 0; f < settings->flows; f++) {
		end_flow(fds[f], f);
		total += sent[f];
	}
	printf("sent %llu\n", total);
	return 0;
}

int main(int argc, char **argv)
{
	int client = argc > 2 && !strchr(argv[2], '=');
	struct settings settings;
	struct sockaddr_in to;

	if (argc < 2)
		errx(2, "[HOST] PORT [NAME=NUMBER...]");
	settings_parse(&settings, argv + 2 + client);
	if (settings.flows < 1 || settings.flows > MAX_FLOWS || settings.big > MAX_SIZE ||
	    settings.size > MAX_SIZE || settings.size < (long)sizeof(struct numbered))
		errx(2, "flows=1..%d, size=%zu..%d, big=0..%d", MAX_FLOWS, sizeof(struct numbered),
		     MAX_SIZE, MAX_SIZE);
	if (!client)
		return sink(argv[1], &settings);
	signal(SIGTERM, stop);
	to = settings_address(argv[1], argv[2]);
	return flood(&to, &settings);
}
