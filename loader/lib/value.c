// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Numbers, addresses, protocols and marks. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/value.h"

#define NUMBER_MAX 32 /* bytes of a number, with the 0 that ends it */

int number_parse(const char *text, __u64 max, __u64 *number)
{
	bool hexadecimal = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	unsigned long long parsed;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	parsed = strtoull(text, &end, hexadecimal ? 16 : 10);
	if (*end)
		return -EINVAL;
	if (errno || parsed > max)
		return -ERANGE;
	*number = parsed;
	return 0;
}

void prefix_mask(__u8 length, __be32 mask[4])
{
	int i;

	for (i = 0; i < 4; i++) {
		unsigned int bits = length > 32 ? 32 : length;

		mask[i] = htonl(bits ? ~0U << (32 - bits) : 0);
		length -= bits;
	}
}

/*
 * Copies what stands before the slash; nothing if it does not fit into size bytes. Returns what
 * follows the slash, or NULL.
 */
static const char *before_slash(const char *text, char *part, size_t size)
{
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);

	*part = '\0';
	if (length >= size)
		return NULL;
	memcpy(part, text, length);
	part[length] = '\0';
	return slash ? slash + 1 : NULL;
}

int address_parse(const char *text, struct address *address)
{
	struct address parsed = { .family = AF_INET };
	char part[INET6_ADDRSTRLEN];
	const char *rest = before_slash(text, part, sizeof(part));
	__u64 length = 32;

	if (inet_pton(AF_INET, part, parsed.word) != 1) {
		parsed.family = AF_INET6;
		length = 128;
		if (inet_pton(AF_INET6, part, parsed.word) != 1)
			return -EINVAL;
	}
	if (rest && number_parse(rest, length, &length))
		return -EINVAL;
	parsed.length = length;
	*address = parsed;
	return 0;
}

/* For hosts without /etc/protocols, and for names that the file does not have. */
static const struct {
	const char *name;
	__u8 number;
} protocols[] = {
	{ "icmp", IPPROTO_ICMP },
	{ "igmp", IPPROTO_IGMP },
	{ "ipip", IPPROTO_IPIP },
	{ "tcp", IPPROTO_TCP },
	{ "udp", IPPROTO_UDP },
	{ "dccp", IPPROTO_DCCP },
	{ "ipv6", IPPROTO_IPV6 },
	{ "gre", IPPROTO_GRE },
	{ "esp", IPPROTO_ESP },
	{ "ah", IPPROTO_AH },
	{ "icmpv6", IPPROTO_ICMPV6 },
	{ "ipv6-icmp", IPPROTO_ICMPV6 },
	{ "ospf", 89 },
	{ "vrrp", 112 },
	{ "l2tp", 115 },
	{ "sctp", IPPROTO_SCTP },
	{ "udplite", IPPROTO_UDPLITE },
};

static int protocol_by_name(const char *name, __u8 *protocol)
{
	const struct protoent *entry;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(protocols); i++) {
		if (strcmp(name, protocols[i].name))
			continue;
		*protocol = protocols[i].number;
		return 0;
	}
	entry = getprotobyname(name);
	if (!entry || entry->p_proto < 0 || entry->p_proto > 255)
		return -EINVAL;
	*protocol = entry->p_proto;
	return 0;
}

int protocol_parse(const char *text, __u8 *protocol)
{
	__u64 number;

	if (number_parse(text, 255, &number))
		return protocol_by_name(text, protocol);
	*protocol = number;
	return 0;
}

int mark_parse(const char *text, __u32 *mark, __u32 *mask)
{
	char part[NUMBER_MAX];
	const char *rest = before_slash(text, part, sizeof(part));
	__u64 value, bits = 0xffffffff;

	if (number_parse(part, 0xffffffff, &value) ||
	    (rest && number_parse(rest, 0xffffffff, &bits)))
		return -EINVAL;
	*mark = value;
	*mask = bits;
	return 0;
}
