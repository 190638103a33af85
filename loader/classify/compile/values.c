// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compiles mark: and cgroup:. These values have no useful order, so the program compares them for
 * equality, in the hash table "class_values".
 *
 * A packet has one mark and one cgroup, but a rule looks at part of them: at the mark's bits under
 * a mask, at the cgroup's ancestor at a depth. Here both are called the selector. Each selector of
 * the file costs every packet one look-up, so their number is limited, and a rule has only one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "classify/compile/compilation.h"

struct value_kind {
	const char *many_in_rule; /* message: a rule has more than one selector */
	const char *many_in_file; /* message: the file has more than max selectors */
	enum txp_class_ask ask;
	__u32 max;
	/* Value number i of the rule, and its selector. Returns false if there is none. */
	bool (*get)(const struct rule *rule, size_t i, __u32 *selector, __u64 *value);
};

static bool get_mark(const struct rule *rule, size_t i, __u32 *selector, __u64 *value)
{
	if (i >= rule->marks.count)
		return false;
	*selector = rule->marks.mark[i].mask;
	*value = rule->marks.mark[i].value;
	return true;
}

static bool get_cgroup(const struct rule *rule, size_t i, __u32 *selector, __u64 *value)
{
	if (i >= rule->cgroups.count)
		return false;
	*selector = rule->cgroups.cgroup[i].level;
	*value = rule->cgroups.cgroup[i].id;
	return true;
}

static const struct value_kind marks_kind = {
	"the marks of one rule must have the same mask",
	"the file has marks with more than %u different masks",
	TXP_ASK_MARK,
	TXP_CLASS_MARKS,
	get_mark,
};

static const struct value_kind cgroups_kind = {
	"the cgroups of one rule must be at the same depth",
	"the file has cgroups at more than %u different depths",
	TXP_ASK_CGROUP,
	TXP_CLASS_LEVELS,
	get_cgroup,
};

/* Adds a selector to the count selectors, unless it is there. Returns the new count. */
static int add_selector(const struct compilation *c, const struct value_kind *kind, int line,
			__u32 selector, __u32 *selectors, int count)
{
	char message[128];
	int i;

	for (i = 0; i < count && selectors[i] != selector; i++)
		;
	if (i == (int)kind->max) {
		snprintf(message, sizeof(message), kind->many_in_file, kind->max);
		return compile_refuse(c, line, message);
	}
	selectors[i] = selector;
	return i == count ? count + 1 : count;
}

/* Fills selectors with those of the file. Returns how many there are, or a negative errno. */
static int find_selectors(const struct compilation *c, const struct value_kind *kind,
			  __u32 *selectors)
{
	__u32 selector, first = 0;
	int count = 0;
	size_t i, j;
	__u64 value;

	for (i = 0; i < c->ruleset->rule_count && count >= 0; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		for (j = 0; count >= 0 && kind->get(rule, j, &selector, &value); j++) {
			first = j ? first : selector;
			if (selector == first)
				count = add_selector(c, kind, rule->line, selector, selectors,
						     count);
			else
				count = compile_refuse(c, rule->line, kind->many_in_rule);
		}
	}
	return count;
}

static bool has_selector(const struct value_kind *kind, const struct rule *rule, __u32 selector)
{
	__u32 own;
	__u64 value;

	return kind->get(rule, 0, &own, &value) && own == selector;
}

static bool has_value(const struct value_kind *kind, const struct rule *rule, __u64 value)
{
	__u32 selector;
	__u64 own;
	size_t i;

	for (i = 0; kind->get(rule, i, &selector, &own); i++) {
		if (own == value)
			return true;
	}
	return false;
}

/* The rules that allow a value under a selector; NULL: a value that no rule names. */
static int bitmap_of_value(const struct compilation *c, const struct value_kind *kind,
			   __u32 selector, const __u64 *value)
{
	struct txp_rule_bitmap bitmap = { 0 };
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		if (!has_selector(kind, rule, selector) || (value && has_value(kind, rule, *value)))
			rule_bitmap_add(&bitmap, i);
	}
	return rule_bitmaps_intern(&c->compiled->rule_bitmaps, &bitmap);
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

/* place: of the selector in the plan. */
static int append_value(const struct compilation *c, const struct value_kind *kind, __u32 place,
			__u32 selector, __u64 value)
{
	struct compiled *compiled = c->compiled;
	struct compiled_value *values;
	struct txp_class_value_key key = {
		.ask = kind->ask == TXP_ASK_MARK ? place : TXP_CLASS_MARKS + place,
		.value = value,
	};
	int bitmap;

	if (is_known_value(compiled, &key))
		return 0;
	bitmap = bitmap_of_value(c, kind, selector, &value);
	if (bitmap < 0)
		return bitmap;
	values = array_grown(compiled->values, compiled->value_count, sizeof(*values));
	if (!values)
		return -ENOMEM;
	compiled->values = values;
	values[compiled->value_count++] = (struct compiled_value){ .key = key, .bitmap = bitmap };
	return 0;
}

static int compile_selector(const struct compilation *c, const struct value_kind *kind, __u32 place,
			    __u32 selector)
{
	struct txp_class_plan *plan = &c->compiled->plan;
	int err, bitmap = bitmap_of_value(c, kind, selector, NULL);
	__u32 own;
	__u64 value;
	size_t i, j;

	if (bitmap < 0)
		return bitmap;
	err = 0;
	plan->asks |= 1U << (kind->ask + place);
	plan->other[kind->ask + place] = bitmap;
	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		for (j = 0; !err && kind->get(rule, j, &own, &value); j++) {
			if (own == selector)
				err = append_value(c, kind, place, selector, value);
		}
	}
	return err;
}

static int compile_kind(const struct compilation *c, const struct value_kind *kind,
			__u32 *selectors)
{
	int i, err = 0, count = find_selectors(c, kind, selectors);

	for (i = 0; i < count && !err; i++)
		err = compile_selector(c, kind, i, selectors[i]);
	return count < 0 ? count : err;
}

int compile_values(const struct compilation *c)
{
	struct txp_class_plan *plan = &c->compiled->plan;

	return compile_kind(c, &marks_kind, plan->marks)
		       ?: compile_kind(c, &cgroups_kind, plan->levels);
}
