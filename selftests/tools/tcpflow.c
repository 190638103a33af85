// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * tcpflow PORT [NAME=NUMBER...]        says "ready", then sends back all it gets, for ever
 * tcpflow HOST PORT [NAME=NUMBER...]   sends size bytes and reads them back, count times
 *
 * size is at most 65536, so that neither side waits for the other with full buffers.
 */
#include "settings.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static char buffer[65536];

static int tcp_socket(const struct settings *settings)
{
	int fd = socket(AF_INET, SOCK_STREAM, settings->protocol);
	int on = 1;

	if (fd < 0)
		err(1, "socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (!settings->late)
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

static void reset_at_close(int fd)
{
	struct linger now = { .l_onoff = 1 };

	if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now)))
		err(1, "SO_LINGER");
}

static void serve_one(int listener, const struct settings *settings)
{
	int fd = accept(listener, NULL, NULL);
	ssize_t n;

	if (fd < 0)
		err(1, "accept");
	while ((n = read(fd, buffer, sizeof(buffer))) > 0) {
		write_all(fd, n);
		if (settings->hangup)
			break;
	}
	if (settings->abort)
		reset_at_close(fd);
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
		serve_one(listener, settings);
}

/* Its SYN waits for a neighbour while the options change. */
static void connect_late(int fd, const struct sockaddr_in *to, const struct settings *settings)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };
	int error = 0;
	socklen_t length = sizeof(error);

	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (!connect(fd, (const void *)to, sizeof(*to)) || errno != EINPROGRESS)
		err(1, "connect does not wait");
	settings_apply(settings, fd);
	puts("connecting");
	fflush(stdout);
	if (poll(&ready, 1, -1) != 1 || getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) ||
	    error)
		errx(1, "connect: %s", strerror(error));
	fcntl(fd, F_SETFL, 0);
}

/*
 * The other side has closed. Its FIN is acknowledged at once, and not with our own, so that
 * what we send from now on is answered by its TIME_WAIT socket.
 */
static void close_last(int fd, const struct settings *settings)
{
	int on = 1;

	if (read(fd, buffer, sizeof(buffer)))
		err(1, "the other side does not close");
	setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof(on));
	if (settings->last > 1)
		write_all(fd, settings->size);
}

static void flow(const struct sockaddr_in *to, const struct settings *settings)
{
	int fd = tcp_socket(settings);

	if (settings->size > (long)sizeof(buffer))
		errx(2, "size=%ld: at most %zu", settings->size, sizeof(buffer));
	if (settings->late)
		connect_late(fd, to, settings);
	else if (connect(fd, (void *)to, sizeof(*to)))
		err(1, "connect");
	for (long n = 0; n < settings->count; n++) {
		write_all(fd, settings->size);
		read_all(fd, settings->size);
	}
	if (settings->last)
		close_last(fd, settings);
	if (settings->abort)
		reset_at_close(fd);
	close(fd);
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
