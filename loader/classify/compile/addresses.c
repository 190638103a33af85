// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compiles src: and dst:. A prefix is a range of addresses, so prefixes are swept as numbers are.
 * IPv4 and IPv6 are swept apart, because their intervals are in different maps.
 */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>

#include "classify/compile/compilation.h"
#include "classify/compile/sweep.h"

static const struct prefixes *prefixes_of(const struct rule *rule, enum txp_class_ask ask)
{
	return ask == TXP_ASK_SOURCE ? &rule->sources : &rule->destinations;
}

static position address_of(const __be32 *words, size_t count)
{
	position address = 0;
	size_t i;

	for (i = 0; i < count; i++)
		address = address << 32 | ntohl(words[i]);
	return address;
}

static int add_prefix(struct sweep *sweep, size_t rule, const struct prefix *prefix)
{
	unsigned int bits = prefix->family == AF_INET ? 32 : 128;
	position first = address_of(prefix->address, bits / 32);
	position size = 1;

	/* C does not define a shift by 128. For ::/0 a size of 0 is right: 0 - 1 is all ones. */
	size = bits - prefix->length < 128 ? size << (bits - prefix->length) : 0;
	return sweep_add(sweep, rule, first, first + (size - 1));
}

/* A rule without prefixes allows every address; one with prefixes of the other family, none. */
static int sweep_prefixes(const struct compilation *c, enum txp_class_ask ask, int family,
			  struct sweep *sweep)
{
	const struct prefixes *prefixes;
	size_t i, j;
	int err = 0;

	memset(sweep, 0, sizeof(*sweep));
	for (i = 0; i < c->ruleset->rule_count && !err; i++) {
		prefixes = prefixes_of(&c->ruleset->rules[i], ask);
		if (!prefixes->count)
			rule_bitmap_add(&sweep->base, i);
		for (j = 0; j < prefixes->count && !err; j++) {
			if (prefixes->prefix[j].family == family)
				err = add_prefix(sweep, i, &prefixes->prefix[j]);
		}
	}
	return err ?: sweep_run(sweep, &c->compiled->rule_bitmaps);
}

static bool is_used(const struct compilation *c, enum txp_class_ask ask)
{
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		if (prefixes_of(&c->ruleset->rules[i], ask)->count)
			return true;
	}
	return false;
}

static int compile_address(const struct compilation *c, enum txp_class_ask ask)
{
	struct txp_class_plan *plan = &c->compiled->plan;
	struct sweep sweep;
	int err;

	if (!is_used(c, ask))
		return 0;
	plan->asks |= 1U << ask;
	err = sweep_prefixes(c, ask, AF_INET, &sweep);
	if (!err)
		err = intervals_append(&c->compiled->intervals, &sweep, &plan->span[ask]);
	sweep_free(&sweep);
	if (err)
		return err;
	err = sweep_prefixes(c, ask, AF_INET6, &sweep);
	if (!err)
		err = intervals_append(&c->compiled->intervals6, &sweep,
				       &plan->span6[ask - TXP_ASK_SOURCE]);
	sweep_free(&sweep);
	return err;
}

int compile_addresses(const struct compilation *c)
{
	return compile_address(c, TXP_ASK_SOURCE) ?: compile_address(c, TXP_ASK_DESTINATION);
}
