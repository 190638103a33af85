// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * udpsink PORT count=N: says "ready", receives N datagrams, says how many. Fails when none
 * came for a minute and N are not reached.
 */
#include "settings.h"

#include <err.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

#define ROOM (1 << 28)

static int sink_socket(const char *port)
{
	struct sockaddr_in at = settings_address(NULL, port);
	struct timeval patience = { .tv_sec = 60 };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	int room = ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)))
		err(1, "SO_RCVBUFFORCE");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		err(1, "SO_RCVTIMEO");
	if (bind(fd, (void *)&at, sizeof(at)))
		err(1, "bind to %s", port);
	return fd;
}

int main(int argc, char **argv)
{
	struct settings settings;
	static char buffer[65536];
	long received = 0;
	int fd;

	if (argc < 2)
		errx(2, "PORT [count=N]");
	settings_parse(&settings, argv + 2);
	fd = sink_socket(argv[1]);
	puts("ready");
	fflush(stdout);
	while (received < settings.count && recv(fd, buffer, sizeof(buffer), 0) >= 0)
		received++;
	printf("received %ld of %ld\n", received, settings.count);
	return received == settings.count ? 0 : 1;
}
