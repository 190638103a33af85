// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads the options that describe a packet into the fields that rules match. */
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "classify/cgroup2.h"
#include "lib/log.h"
#include "packet/spec.h"
#include "classify/ruleset/words.h"
#include "lib/usage.h"
#include "lib/value.h"

static const char *const options[] = {
#define PACKET_SPEC_OPTION(id, option, value, range, kind, meaning) "--" option,
	PACKET_SPEC_FIELDS(PACKET_SPEC_OPTION)
#undef PACKET_SPEC_OPTION
};

static const char *const ranges[] = {
#define PACKET_SPEC_RANGE(id, option, value, range, kind, meaning) range,
	PACKET_SPEC_FIELDS(PACKET_SPEC_RANGE)
#undef PACKET_SPEC_RANGE
};

static int wrong(enum packet_spec packet_spec, const char *text)
{
	return usage_error("%s %s: %s", options[packet_spec], text, ranges[packet_spec]);
}

static bool to_address(const char *text, __be32 *words, struct txp_class_fields *fields)
{
	struct address address;

	if (address_parse(text, &address) || strchr(text, '/'))
		return false;
	memcpy(words, address.word, sizeof(address.word));
	fields->family = address.family == AF_INET6 ? TXP_CLASS_IPV6 : TXP_CLASS_IPV4;
	return true;
}

static bool to_number(const char *text, __u32 max, __u32 *number)
{
	__u64 value;

	if (number_parse(text, max, &value))
		return false;
	*number = value;
	return true;
}

static bool to_port(const char *text, enum txp_dimension which, struct txp_class_fields *fields)
{
	fields->has_ports = 1;
	return to_number(text, 65535, &fields->number[which]);
}

static bool to_protocol(const char *text, struct txp_class_fields *fields)
{
	__u8 protocol;

	if (protocol_parse(text, &protocol))
		return false;
	fields->number[TXP_DIMENSION_PROTO] = protocol;
	return true;
}

static bool to_device(const char *text, struct txp_class_fields *fields)
{
	fields->number[TXP_DIMENSION_DEV] = if_nametoindex(text);
	return fields->number[TXP_DIMENSION_DEV];
}

static bool to_direction(const char *text, struct txp_class_fields *fields)
{
	__u8 bits = word_direction(text);

	fields->direction =
		bits == 1U << TXP_DIRECTION_LOCAL ? TXP_DIRECTION_LOCAL : TXP_DIRECTION_FORWARDED;
	return bits;
}

static bool to_user(const char *text, struct txp_class_fields *fields)
{
	__u32 *uid = &fields->number[TXP_DIMENSION_UID];

	fields->has_user = 1;
	return word_user(text, uid) || to_number(text, 0xfffffffe, uid);
}

static bool to_cgroup(const char *text, const struct txp_class_plan *plan,
		      struct txp_class_fields *fields)
{
	int i, err = 0;

	for (i = 0; i < TXP_CLASS_LEVELS && !err; i++) {
		if (plan->asks & (1U << (TXP_ASK_CGROUP + i)))
			err = cgroup2_ancestor(text, plan->levels[i], &fields->cgroup[i]);
	}
	return !err;
}

static bool set(enum packet_spec packet_spec, const char *text, const struct txp_class_plan *plan,
		struct txp_class_fields *fields)
{
	__u32 *number = fields->number;

	switch (packet_spec) {
	case PACKET_SPEC_SRC:
		return to_address(text, fields->source, fields);
	case PACKET_SPEC_DST:
		return to_address(text, fields->destination, fields);
	case PACKET_SPEC_PROTO:
		return to_protocol(text, fields);
	case PACKET_SPEC_SPORT:
		return to_port(text, TXP_DIMENSION_SPORT, fields);
	case PACKET_SPEC_DPORT:
		return to_port(text, TXP_DIMENSION_DPORT, fields);
	case PACKET_SPEC_DEV:
		return to_device(text, fields);
	case PACKET_SPEC_DIRECTION:
		return to_direction(text, fields);
	case PACKET_SPEC_DSCP:
		return word_dscp(text, &number[TXP_DIMENSION_DSCP]) ||
		       to_number(text, 63, &number[TXP_DIMENSION_DSCP]);
	case PACKET_SPEC_PRIORITY:
		return to_number(text, 0xffffffff, &number[TXP_DIMENSION_PRIORITY]);
	case PACKET_SPEC_MARK:
		return to_number(text, 0xffffffff, &fields->mark);
	case PACKET_SPEC_LEN:
		return to_number(text, 0xffffffff, &number[TXP_DIMENSION_LEN]);
	case PACKET_SPEC_UID:
		return to_user(text, fields);
	case PACKET_SPEC_CGROUP:
		return to_cgroup(text, plan, fields);
	case PACKET_SPEC_COUNT:
		break;
	}
	return false;
}

/*
 * Combinations that no packet has: addresses of two families; a forwarded packet with a socket,
 * because only this host's own packets have one.
 */
static int check(const char *const *texts, const struct txp_class_fields *fields)
{
	const char *source = texts[PACKET_SPEC_SRC], *destination = texts[PACKET_SPEC_DST];

	if (source && destination && !strchr(source, ':') != !strchr(destination, ':'))
		return usage_error("--src %s --dst %s: addresses of two families", source,
				   destination);
	if (fields->direction == TXP_DIRECTION_FORWARDED &&
	    (texts[PACKET_SPEC_UID] || texts[PACKET_SPEC_CGROUP]))
		return usage_error(
			"--direction forwarded: only local packets have --uid or --cgroup");
	return EXIT_DONE;
}

int packet_spec_parse(const char *const *texts, const struct txp_class_plan *plan,
		      struct txp_class_fields *fields)
{
	int i;

	memset(fields, 0, sizeof(*fields));
	for (i = 0; i < PACKET_SPEC_COUNT; i++) {
		if (texts[i] && !set(i, texts[i], plan, fields))
			return wrong(i, texts[i]);
	}
	return check(texts, fields);
}
