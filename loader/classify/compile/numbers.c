// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Compiles the conditions that are numbers. Each dimension (ports, DSCP, length...) is swept once:
 * the sweep says for every value which rules allow it. Dimensions of up to 16 bits become a table,
 * which costs a packet one look-up. The others become intervals, which cost a binary search.
 */
#include <string.h>

#include "lib/array.h"
#include "classify/compile/compilation.h"
#include "classify/compile/sweep.h"

static const enum txp_class_ask ask_of[] = {
	[TXP_DIMENSION_DEV] = TXP_ASK_DEV,     [TXP_DIMENSION_PROTO] = TXP_ASK_KIND,
	[TXP_DIMENSION_SPORT] = TXP_ASK_SPORT, [TXP_DIMENSION_DPORT] = TXP_ASK_DPORT,
	[TXP_DIMENSION_DSCP] = TXP_ASK_DSCP,   [TXP_DIMENSION_PRIORITY] = TXP_ASK_PRIORITY,
	[TXP_DIMENSION_LEN] = TXP_ASK_LEN,     [TXP_DIMENSION_UID] = TXP_ASK_UID,
};

static bool is_unused(const struct compilation *c, enum txp_dimension dimension)
{
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		if (c->ruleset->rules[i].ranges[dimension].count)
			return false;
	}
	return true;
}

/* Sweeps the rules for which allow(rule, kind) is true (NULL: all). Others are in no bitmap. */
static int sweep_ranges(const struct compilation *c, enum txp_dimension dimension,
			bool (*allow)(const struct rule *rule, unsigned int kind),
			unsigned int kind, struct sweep *sweep)
{
	const struct ruleset *ruleset = c->ruleset;
	size_t i, j;
	int err = 0;

	memset(sweep, 0, sizeof(*sweep));
	for (i = 0; i < ruleset->rule_count && !err; i++) {
		const struct ranges *ranges = &ruleset->rules[i].ranges[dimension];

		if (allow && !allow(&ruleset->rules[i], kind))
			continue;
		if (!ranges->count)
			rule_bitmap_add(&sweep->base, i);
		for (j = 0; j < ranges->count && !err; j++)
			err = sweep_add(sweep, i, ranges->range[j].first, ranges->range[j].last);
	}
	return err ?: sweep_run(sweep, &c->compiled->rule_bitmaps);
}

static void fill_table(const struct sweep *sweep, __u16 *table, size_t size)
{
	size_t i, at;

	for (i = 0; i < sweep->interval_count; i++) {
		position end = i + 1 < sweep->interval_count ? sweep->intervals[i + 1].first : size;

		for (at = sweep->intervals[i].first; at < end && at < size; at++)
			table[at] = sweep->intervals[i].bitmap;
	}
}

static bool allows_kind(const struct rule *rule, unsigned int kind)
{
	unsigned int direction = kind >> 9, family = kind >> 8 & 1;

	return (!rule->directions || rule->directions & (1U << direction)) &&
	       (!rule->families || rule->families & (1U << family));
}

/*
 * The program looks up a packet's kind even if no rule has a condition on it. It needs at least one
 * bitmap: the intersection of none would also have bits of rules that do not exist.
 */
static int compile_kinds(const struct compilation *c)
{
	struct txp_class_tables *tables = c->compiled->tables;
	struct sweep sweep;
	__u32 kind;
	int err = 0;

	c->compiled->plan.asks |= 1U << TXP_ASK_KIND;
	for (kind = 0; kind < ARRAY_SIZE(tables->kind) && !err; kind += 256) {
		err = sweep_ranges(c, TXP_DIMENSION_PROTO, allows_kind, kind, &sweep);
		if (!err)
			fill_table(&sweep, tables->kind + kind, 256);
		sweep_free(&sweep);
	}
	return err;
}

/* For packets that have no such value: the rules without a condition on it. */
static int bitmap_without(const struct compilation *c, enum txp_dimension dimension)
{
	struct txp_rule_bitmap bitmap = { 0 };
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		if (!c->ruleset->rules[i].ranges[dimension].count)
			rule_bitmap_add(&bitmap, i);
	}
	return rule_bitmaps_intern(&c->compiled->rule_bitmaps, &bitmap);
}

static int plan_dimension(const struct compilation *c, enum txp_dimension dimension)
{
	struct txp_class_plan *plan = &c->compiled->plan;
	int bitmap = bitmap_without(c, dimension);

	if (bitmap < 0)
		return bitmap;
	plan->asks |= 1U << ask_of[dimension];
	plan->other[ask_of[dimension]] = bitmap;
	return 0;
}

static int compile_table(const struct compilation *c, enum txp_dimension dimension, __u16 *table,
			 size_t size)
{
	struct sweep sweep;
	int err;

	if (is_unused(c, dimension))
		return 0;
	err = sweep_ranges(c, dimension, NULL, 0, &sweep);
	if (!err)
		err = plan_dimension(c, dimension);
	if (!err)
		fill_table(&sweep, table, size);
	sweep_free(&sweep);
	return err;
}

static int compile_tables(const struct compilation *c)
{
	struct txp_class_tables *tables = c->compiled->tables;
	int err;

	err = compile_kinds(c);
	if (!err)
		err = compile_table(c, TXP_DIMENSION_SPORT, tables->sport,
				    ARRAY_SIZE(tables->sport));
	if (!err)
		err = compile_table(c, TXP_DIMENSION_DPORT, tables->dport,
				    ARRAY_SIZE(tables->dport));
	if (!err)
		err = compile_table(c, TXP_DIMENSION_DSCP, tables->dscp, ARRAY_SIZE(tables->dscp));
	return err;
}

static int compile_intervals(const struct compilation *c)
{
	static const enum txp_dimension dimensions[] = {
		TXP_DIMENSION_DEV,
		TXP_DIMENSION_PRIORITY,
		TXP_DIMENSION_LEN,
		TXP_DIMENSION_UID,
	};
	struct sweep sweep;
	int err = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(dimensions) && !err; i++) {
		if (is_unused(c, dimensions[i]))
			continue;
		err = sweep_ranges(c, dimensions[i], NULL, 0, &sweep);
		if (!err)
			err = plan_dimension(c, dimensions[i]);
		if (!err)
			err = intervals_append(&c->compiled->intervals, &sweep,
					       &c->compiled->plan.span[ask_of[dimensions[i]]]);
		sweep_free(&sweep);
	}
	return err;
}

int compile_numbers(const struct compilation *c)
{
	return compile_tables(c) ?: compile_intervals(c);
}
