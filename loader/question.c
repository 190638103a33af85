// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Options to what rules ask of a packet. */
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>

#include "cgroup2.h"
#include "command.h"
#include "log.h"
#include "question.h"
#include "ruleset_words.h"
#include "value.h"

static const char *const options[] = {
#define QUESTION_OPTION(id, option, value, meaning) "--" option,
	QUESTIONS(QUESTION_OPTION)
#undef QUESTION_OPTION
};

static const char *const values[] = {
#define QUESTION_VALUE(id, option, value, meaning) value,
	QUESTIONS(QUESTION_VALUE)
#undef QUESTION_VALUE
};

static int wrong(enum question question, const char *text)
{
	return usage_error("%s %s: not %s", options[question], text, values[question]);
}

static bool to_address(const char *text, __be32 *words, struct txp_facts *facts)
{
	struct address address;

	if (address_parse(text, &address) || strchr(text, '/'))
		return false;
	memcpy(words, address.word, sizeof(address.word));
	facts->family = address.family == AF_INET6 ? TXP_CLASS_IPV6 : TXP_CLASS_IPV4;
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

static bool to_port(const char *text, enum txp_dimension which, struct txp_facts *facts)
{
	facts->has_ports = 1;
	return to_number(text, 65535, &facts->number[which]);
}

static bool to_protocol(const char *text, struct txp_facts *facts)
{
	__u8 protocol;

	if (protocol_parse(text, &protocol))
		return false;
	facts->number[TXP_DIMENSION_PROTO] = protocol;
	return true;
}

static bool to_device(const char *text, struct txp_facts *facts)
{
	facts->number[TXP_DIMENSION_DEV] = if_nametoindex(text);
	return facts->number[TXP_DIMENSION_DEV];
}

static bool to_direction(const char *text, struct txp_facts *facts)
{
	__u8 bits = word_direction(text);

	facts->direction =
		bits == 1U << TXP_DIRECTION_LOCAL ? TXP_DIRECTION_LOCAL : TXP_DIRECTION_FORWARDED;
	return bits;
}

static bool to_user(const char *text, struct txp_facts *facts)
{
	__u32 *uid = &facts->number[TXP_DIMENSION_UID];

	facts->has_user = 1;
	return word_user(text, uid) || to_number(text, 0xfffffffe, uid);
}

static bool to_cgroup(const char *text, const struct txp_class_plan *plan, struct txp_facts *facts)
{
	int i, err = 0;

	for (i = 0; i < TXP_CLASS_LEVELS && !err; i++) {
		if (plan->asks & (1U << (TXP_ASK_CGROUP + i)))
			err = cgroup2_ancestor(text, plan->levels[i], &facts->cgroup[i]);
	}
	return !err;
}

static bool set(enum question question, const char *text, const struct txp_class_plan *plan,
		struct txp_facts *facts)
{
	__u32 *number = facts->number;

	switch (question) {
	case QUESTION_SRC:
		return to_address(text, facts->source, facts);
	case QUESTION_DST:
		return to_address(text, facts->destination, facts);
	case QUESTION_PROTO:
		return to_protocol(text, facts);
	case QUESTION_SPORT:
		return to_port(text, TXP_DIMENSION_SPORT, facts);
	case QUESTION_DPORT:
		return to_port(text, TXP_DIMENSION_DPORT, facts);
	case QUESTION_DEV:
		return to_device(text, facts);
	case QUESTION_DIRECTION:
		return to_direction(text, facts);
	case QUESTION_DSCP:
		return word_dscp(text, &number[TXP_DIMENSION_DSCP]) ||
		       to_number(text, 63, &number[TXP_DIMENSION_DSCP]);
	case QUESTION_PRIORITY:
		return to_number(text, 0xffffffff, &number[TXP_DIMENSION_PRIORITY]);
	case QUESTION_MARK:
		return to_number(text, 0xffffffff, &facts->mark);
	case QUESTION_LEN:
		return to_number(text, 0xffffffff, &number[TXP_DIMENSION_LEN]);
	case QUESTION_UID:
		return to_user(text, facts);
	case QUESTION_CGROUP:
		return to_cgroup(text, plan, facts);
	case QUESTION_COUNT:
		break;
	}
	return false;
}

/* What no packet is: of two families, and another host's with a socket of this one. */
static int check(const char *const *texts, const struct txp_facts *facts)
{
	const char *source = texts[QUESTION_SRC], *destination = texts[QUESTION_DST];

	if (source && destination && !strchr(source, ':') != !strchr(destination, ':'))
		return usage_error("--src %s --dst %s: of two families", source, destination);
	if (facts->direction == TXP_DIRECTION_FORWARDED &&
	    (texts[QUESTION_UID] || texts[QUESTION_CGROUP]))
		return usage_error(
			"--direction forwarded: only local packets have --uid, --cgroup");
	return EXIT_DONE;
}

int question_parse(const char *const *texts, const struct txp_class_plan *plan,
		   struct txp_facts *facts)
{
	int i;

	memset(facts, 0, sizeof(*facts));
	for (i = 0; i < QUESTION_COUNT; i++) {
		if (texts[i] && !set(i, texts[i], plan, facts))
			return wrong(i, texts[i]);
	}
	return check(texts, facts);
}
