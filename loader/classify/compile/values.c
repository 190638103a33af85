// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Marks and cgroups: equal to one of a rule's values, or the rule does not ask. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "classify/compile/compilation.h"

struct kind_of_value {
	const char *many_of_rule; /* what one rule cannot have several of */
	const char *many_of_file;
	enum txp_class_ask ask;
	__u32 max;
	/* How it is asked, and what must be the answer; false: the rule has no such value. */
	bool (*get)(const struct rule *rule, size_t place, __u32 *how, __u64 *value);
};

static bool get_mark(const struct rule *rule, size_t place, __u32 *how, __u64 *value)
{
	if (place >= rule->marks.count)
		return false;
	*how = rule->marks.mark[place].mask;
	*value = rule->marks.mark[place].value;
	return true;
}

static bool get_cgroup(const struct rule *rule, size_t place, __u32 *how, __u64 *value)
{
	if (place >= rule->cgroups.count)
		return false;
	*how = rule->cgroups.cgroup[place].level;
	*value = rule->cgroups.cgroup[place].id;
	return true;
}

static const struct kind_of_value marks_kind = {
	"the marks of one rule must have the same mask",
	"more than %u different masks of marks in one file",
	TXP_ASK_MARK,
	TXP_CLASS_MARKS,
	get_mark,
};

static const struct kind_of_value cgroups_kind = {
	"the cgroups of one rule must be at the same depth",
	"cgroups at more than %u different depths in one file",
	TXP_ASK_CGROUP,
	TXP_CLASS_LEVELS,
	get_cgroup,
};

/* Into hows, where there are count, unless it is there. Returns how many there are then. */
static int add_how(const struct compilation *c, const struct kind_of_value *kind, int line,
		   __u32 how, __u32 *hows, int count)
{
	char message[128];
	int place;

	for (place = 0; place < count && hows[place] != how; place++)
		;
	if (place == (int)kind->max) {
		snprintf(message, sizeof(message), kind->many_of_file, kind->max);
		return compile_refuse(c, line, message);
	}
	hows[place] = how;
	return place == count ? count + 1 : count;
}

/* The masks or depths that there are, one to a rule. Negative errno, or how many. */
static int find_hows(const struct compilation *c, const struct kind_of_value *kind, __u32 *hows)
{
	__u32 how, first = 0;
	int count = 0;
	size_t i, j;
	__u64 value;

	for (i = 0; i < c->ruleset->rule_count && count >= 0; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		for (j = 0; count >= 0 && kind->get(rule, j, &how, &value); j++) {
			first = j ? first : how;
			if (how == first)
				count = add_how(c, kind, rule->line, how, hows, count);
			else
				count = compile_refuse(c, rule->line, kind->many_of_rule);
		}
	}
	return count;
}

static bool has_value(const struct kind_of_value *kind, const struct rule *rule, __u32 how,
		      __u64 value)
{
	__u32 its_how;
	__u64 its_value;
	size_t i;

	for (i = 0; kind->get(rule, i, &its_how, &its_value); i++) {
		if (its_how == how && its_value == value)
			return true;
	}
	return false;
}

static bool asks_so(const struct kind_of_value *kind, const struct rule *rule, __u32 how)
{
	__u32 its_how;
	__u64 value;

	return kind->get(rule, 0, &its_how, &value) && its_how == how;
}

/* Rules that do not ask so, and if value: those that ask for it. */
static int row_of_value(const struct compilation *c, const struct kind_of_value *kind, __u32 how,
			const __u64 *value)
{
	struct txp_rule_bitmap row = { 0 };
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		if (!asks_so(kind, rule, how) || (value && has_value(kind, rule, how, *value)))
			row_add(&row, i);
	}
	return rows_place(&c->compiled->rows, &row);
}

static bool is_known_value(const struct compiled *compiled, const struct txp_class_value_key *key)
{
	size_t i;

	for (i = 0; i < compiled->value_count; i++) {
		if (!memcmp(&compiled->values[i].key, key, sizeof(*key)))
			return true;
	}
	return false;
}

static int append_value(const struct compilation *c, const struct kind_of_value *kind, __u32 place,
			__u32 how, __u64 value)
{
	struct compiled *compiled = c->compiled;
	struct compiled_value *values;
	struct txp_class_value_key key = {
		.ask = kind->ask == TXP_ASK_MARK ? place : TXP_CLASS_MARKS + place,
		.value = value,
	};
	int row;

	if (is_known_value(compiled, &key))
		return 0;
	row = row_of_value(c, kind, how, &value);
	if (row < 0)
		return row;
	values = array_grown(compiled->values, compiled->value_count, sizeof(*values));
	if (!values)
		return -ENOMEM;
	compiled->values = values;
	values[compiled->value_count++] = (struct compiled_value){ .key = key, .row = row };
	return 0;
}

/* All values that are asked for by one mask, or at one depth. */
static int compile_place(const struct compilation *c, const struct kind_of_value *kind, __u32 place,
			 __u32 how)
{
	struct txp_class_plan *plan = &c->compiled->plan;
	int err, row = row_of_value(c, kind, how, NULL);
	__u32 its_how;
	__u64 value;
	size_t i, j;

	if (row < 0)
		return row;
	err = 0;
	plan->asks |= 1U << (kind->ask + place);
	plan->other[kind->ask + place] = row;
	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		for (j = 0; !err && kind->get(rule, j, &its_how, &value); j++) {
			if (its_how == how)
				err = append_value(c, kind, place, how, value);
		}
	}
	return err;
}

static int compile_kind(const struct compilation *c, const struct kind_of_value *kind, __u32 *hows)
{
	int i, err = 0, count = find_hows(c, kind, hows);

	for (i = 0; i < count && !err; i++)
		err = compile_place(c, kind, i, hows[i]);
	return count < 0 ? count : err;
}

int compile_values(const struct compilation *c)
{
	struct txp_class_plan *plan = &c->compiled->plan;

	return compile_kind(c, &marks_kind, plan->marks)
		       ?: compile_kind(c, &cgroups_kind, plan->levels);
}
