// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "settings.h"

#include <arpa/inet.h>
#include <err.h>
#include <linux/types.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define MAX_IP_OPTIONS 40

static long *setting(struct settings *settings, const char *name, size_t length)
{
#define SETTING_FIND(member, otherwise, meaning)                                                   \
	if (strlen(#member) == length && !strncmp(#member, name, length))                          \
		return &settings->member;
	SETTINGS(SETTING_FIND)
#undef SETTING_FIND
	return NULL;
}

static void parse_word(struct settings *settings, const char *word)
{
	size_t length = strcspn(word, "=");
	long *value = setting(settings, word, length);
	char *end;

	if (!value || word[length] != '=')
		errx(2, "no such setting: %s", word);
	*value = strtol(word + length + 1, &end, 0);
	if (*end || end == word + length + 1)
		errx(2, "not a number: %s", word);
}

void settings_parse(struct settings *settings, char **words)
{
#define SETTING_DEFAULT(name, otherwise, meaning) settings->name = otherwise;
	SETTINGS(SETTING_DEFAULT)
#undef SETTING_DEFAULT
	for (; *words; words++)
		parse_word(settings, *words);
}

static void set(int fd, int level, int name, const char *what, long value)
{
	int number = value;

	if (value >= 0 && setsockopt(fd, level, name, &number, sizeof(number)))
		err(1, "%s=%ld", what, value);
}

static void set_options(int fd, long length)
{
	unsigned char options[MAX_IP_OPTIONS];

	if (length > MAX_IP_OPTIONS)
		errx(2, "options=%ld: at most %d", length, MAX_IP_OPTIONS);
	memset(options, 1, sizeof(options)); /* IPOPT_NOOP */
	if (length && setsockopt(fd, IPPROTO_IP, IP_OPTIONS, options, length))
		err(1, "options=%ld", length);
}

static void set_bound(int fd, long index)
{
	char name[IF_NAMESIZE];

	if (!index)
		return;
	if (!if_indextoname(index, name) ||
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, sizeof(name)))
		err(1, "bound=%ld", index);
}

static void set_unicast_if(int fd, long index)
{
	__be32 number = htonl(index);

	if (index && setsockopt(fd, IPPROTO_IP, IP_UNICAST_IF, &number, sizeof(number)))
		err(1, "unicast_if=%ld", index);
}

void settings_apply(const struct settings *settings, int fd)
{
	set(fd, IPPROTO_IP, IP_TTL, "ttl", settings->ttl);
	set(fd, IPPROTO_IP, IP_TOS, "tos", settings->tos);
	set(fd, IPPROTO_IP, IP_MTU_DISCOVER, "pmtudisc", settings->pmtudisc);
	set(fd, SOL_SOCKET, SO_PRIORITY, "priority", settings->priority);
	set(fd, SOL_SOCKET, SO_MARK, "mark", settings->mark);
	set(fd, SOL_SOCKET, SO_SNDBUFFORCE, "room", settings->room);
	set_options(fd, settings->options);
	set_bound(fd, settings->bound);
	set_unicast_if(fd, settings->unicast_if);
}

struct sockaddr_in settings_address(const char *host, const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
	};

	if (host && inet_pton(AF_INET, host, &address.sin_addr) != 1)
		errx(2, "not an IPv4 address: %s", host);
	if (!address.sin_port)
		errx(2, "not a port: %s", port);
	return address;
}
