// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* NAME=VALUE words. Each is checked before anything is loaded or attached. */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

#include "lib/array.h"
#include "trace/filter.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/usage.h"
#include "lib/value.h"

static const char *const names[] = {
#define FILTER_NAME(id, name, value, range, meaning) name,
	TXP_FILTERS(FILTER_NAME)
#undef FILTER_NAME
};

static const char *const ranges[] = {
#define FILTER_RANGE(id, name, value, range, meaning) range,
	TXP_FILTERS(FILTER_RANGE)
#undef FILTER_RANGE
};

static int wrong(enum txp_filter_id id, const char *text)
{
	return usage_error("%s=%s: %s", names[id], text, ranges[id]);
}

/* Clears the bits beyond the prefix, so that the program can compare masked addresses. */
static bool to_prefix(const char *text, struct txp_prefix *prefix)
{
	struct address address;
	int i;

	if (address_parse(text, &address))
		return false;
	prefix->family = address.family;
	prefix_mask(address.length, prefix->mask);
	for (i = 0; i < 4; i++)
		prefix->address[i] = address.word[i] & prefix->mask[i];
	return true;
}

static bool to_port(const char *text, __be16 *port)
{
	__u64 number;

	if (number_parse(text, 65535, &number) || !number)
		return false;
	*port = htons(number);
	return true;
}

static bool to_protocol(const char *text, struct txp_filter *filter)
{
	filter->has_protocol = 1;
	return !protocol_parse(text, &filter->protocol);
}

static bool to_mark(const char *text, struct txp_filter *filter)
{
	if (mark_parse(text, &filter->mark, &filter->mark_mask))
		return false;
	filter->mark &= filter->mark_mask;
	return true;
}

/* An index identifies a device only within its namespace, so the filter gets both. */
static int set_device(const char *text, struct txp_filter *filter)
{
	filter->ifindex = if_nametoindex(text);
	if (!filter->ifindex) {
		log_error("dev=%s: there is no such device in this network namespace", text);
		return EXIT_FAILED;
	}
	return netns_id(&filter->netns) ? EXIT_FAILED : EXIT_DONE;
}

static int set_netns(const char *text, struct txp_filter *filter)
{
	if (netns_enter(text) || netns_id(&filter->netns))
		return EXIT_FAILED;
	return EXIT_DONE;
}

static int set(enum txp_filter_id id, const char *text, struct txp_filter *filter)
{
	bool good = false;

	switch (id) {
	case TXP_FILTER_DEV:
		return set_device(text, filter);
	case TXP_FILTER_NETNS:
		return set_netns(text, filter);
	case TXP_FILTER_MARK:
		return to_mark(text, filter) ? EXIT_DONE : wrong(id, text);
	case TXP_FILTER_PROTO:
		good = to_protocol(text, filter);
		break;
	case TXP_FILTER_SRC:
		good = to_prefix(text, &filter->src);
		break;
	case TXP_FILTER_DST:
		good = to_prefix(text, &filter->dst);
		break;
	case TXP_FILTER_HOST:
		good = to_prefix(text, &filter->host);
		break;
	case TXP_FILTER_SPORT:
		good = to_port(text, &filter->sport);
		break;
	case TXP_FILTER_DPORT:
		good = to_port(text, &filter->dport);
		break;
	case TXP_FILTER_PORT:
		good = to_port(text, &filter->port);
		break;
	case TXP_FILTER_COUNT:
		break;
	}
	filter->asks_header = 1;
	return good ? EXIT_DONE : wrong(id, text);
}

/* Returns TXP_FILTER_COUNT if the word is not a filter. */
static enum txp_filter_id find(const char *word)
{
	size_t i, length = strcspn(word, "=");

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		if (word[length] && strlen(names[i]) == length && !strncmp(names[i], word, length))
			break;
	}
	return i;
}

struct parsing {
	char *const *words;
	int count;
	int (*other)(const char *word, void *context);
	void *context;
	struct txp_filter *filter;
};

/* netns= is handled first, wherever it stands: dev= is looked up in that namespace. */
static int parse_words(const struct parsing *parsing, bool namespaces)
{
	int i, code = EXIT_DONE;

	for (i = 0; i < parsing->count && code == EXIT_DONE; i++) {
		char *word = parsing->words[i];
		enum txp_filter_id id = find(word);

		if ((id == TXP_FILTER_NETNS) != namespaces)
			continue;
		if (id != TXP_FILTER_COUNT)
			code = set(id, strchr(word, '=') + 1, parsing->filter);
		else
			code = parsing->other(word, parsing->context);
	}
	return code;
}

int filter_parse(const char *netns, char *const *words, int count,
		 int (*other)(const char *word, void *context), void *context,
		 struct txp_filter *filter)
{
	const struct parsing parsing = { words, count, other, context, filter };
	int code = EXIT_DONE;

	memset(filter, 0, sizeof(*filter));
	if (netns)
		code = set_netns(netns, filter);
	if (code == EXIT_DONE)
		code = parse_words(&parsing, true);
	if (code == EXIT_DONE)
		code = parse_words(&parsing, false);
	return code;
}

static bool prefix_has(const struct txp_prefix *prefix, __u32 family, const __be32 *address)
{
	int i;

	if (!prefix->family)
		return true;
	for (i = 0; i < (family == AF_INET ? 1 : 4); i++) {
		if ((address[i] & prefix->mask[i]) != prefix->address[i])
			return false;
	}
	return prefix->family == family;
}

static bool addresses_match(const struct txp_filter *filter, __u8 protocol, __u32 family,
			    const __be32 *source, const __be32 *destination)
{
	return (!filter->has_protocol || filter->protocol == protocol) &&
	       prefix_has(&filter->src, family, source) &&
	       prefix_has(&filter->dst, family, destination) &&
	       (prefix_has(&filter->host, family, source) ||
		prefix_has(&filter->host, family, destination));
}

bool filter_has_addresses(const struct txp_filter *filter, __u8 protocol, __be32 saddr,
			  __be32 daddr)
{
	return addresses_match(filter, protocol, AF_INET, &saddr, &daddr);
}

static bool ports_match(const struct txp_filter *filter, __be16 sport, __be16 dport)
{
	return (!filter->sport || filter->sport == sport) &&
	       (!filter->dport || filter->dport == dport) &&
	       (!filter->port || filter->port == sport || filter->port == dport);
}

static bool mark_matches(const struct txp_filter *filter, __u32 mark)
{
	return (mark & filter->mark_mask) == filter->mark;
}

bool filter_has_flow(const struct txp_filter *filter, const struct txp_lease_key *key)
{
	return mark_matches(filter, key->mark) &&
	       filter_has_addresses(filter, key->protocol, key->saddr, key->daddr) &&
	       ports_match(filter, key->sport, key->dport);
}

bool filter_has_fields(const struct txp_filter *filter, const struct txp_class_fields *fields)
{
	const __u32 *number = fields->number;
	int family = fields->family == TXP_CLASS_IPV6 ? AF_INET6 : AF_INET;

	return (!filter->ifindex || filter->ifindex == number[TXP_DIMENSION_DEV]) &&
	       mark_matches(filter, fields->mark) &&
	       addresses_match(filter, number[TXP_DIMENSION_PROTO], family, fields->source,
			       fields->destination) &&
	       ports_match(filter, htons(number[TXP_DIMENSION_SPORT]),
			   htons(number[TXP_DIMENSION_DPORT]));
}
