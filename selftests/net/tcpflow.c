// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpflow PORT [NAME=NUMBER...]        says "ready", then sends back all it gets, for ever
 * tcpflow HOST PORT [NAME=NUMBER...]   sends size bytes and reads them back, count times
 *
 * size is at most 65536, so that neither side waits for the other with full buffers.
 */
#include "settings.h"

#include <err.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];

static int tcp_socket(const struct settings *settings)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	settings_apply(settings, fd);
	return fd;
}

static void write_all(int fd, size_t length)
{
	for (ssize_t n; length; length -= n) {
		n = write(fd, buffer, length);
		if (n <= 0)
			err(1, "write");
	}
}

static void read_all(int fd, size_t length)
{
	for (ssize_t n; length; length -= n) {
		n = read(fd, buffer, length);
		if (n <= 0)
			err(1, "read");
	}
}

static void serve_one(int listener)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t n;

	if (fd < 0)
		err(1, "accept");
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		write_all(fd, n);
	close(fd);
}

static void serve(const char *port, const struct settings *settings)
{
	struct sockaddr_in at = settings_address(NULL, port);
	int listener = tcp_socket(settings);

	if (bind(listener, (void *)&at, sizeof(at)) || listen(listener, 16))
		err(1, "listen on %s", port);
	puts("ready");
	fflush(stdout);
	for (;;)
		serve_one(listener);
}

static void flow(const struct sockaddr_in *to, const struct settings *settings)
{
	int fd = tcp_socket(settings);

	if (settings->size > (long)sizeof(buffer))
		errx(2, "size=%ld: at most %zu", settings->size, sizeof(buffer));
	if (connect(fd, (void *)to, sizeof(*to)))
		err(1, "connect");
	for (long n = 0; n < settings->count; n++) {
		write_all(fd, settings->size);
		read_all(fd, settings->size);
	}
	printf("rounds %ld\n", settings->count);
}

int main(int argc, char **argv)
{
	int client = argc > 2 && !strchr(argv[2], '=');
	struct settings settings;
	struct sockaddr_in to;

	if (argc < 2)
		errx(2, "[HOST] PORT [NAME=NUMBER...]");
	settings_parse(&settings, argv + 2 + client);
	if (!client)
		serve(argv[1], &settings);
	to = settings_address(argv[1], argv[2]);
	flow(&to, &settings);
	return 0;
}
