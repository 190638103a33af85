// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each thing that rules ask about as a number is swept once; what a packet's value leads to is a
 * row of rules. Few values lead there by a table, others by the steps of a search.
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

/* Of rules that allow is true of; the others are in no row. */
static int sweep_ranges(const struct compilation *c, enum txp_dimension dimension,
			bool (*allow)(const struct rule *rule, unsigned int of), unsigned int of,
			struct sweep *sweep)
{
	const struct ruleset *ruleset = c->ruleset;
	size_t i, j;
	int err = 0;

	memset(sweep, 0, sizeof(*sweep));
	for (i = 0; i < ruleset->rule_count && !err; i++) {
		const struct ranges *ranges = &ruleset->rules[i].ranges[dimension];

		if (allow && !allow(&ruleset->rules[i], of))
			continue;
		if (!ranges->count)
			row_add(&sweep->base, i);
		for (j = 0; j < ranges->count && !err; j++)
			err = sweep_add(sweep, i, ranges->range[j].first, ranges->range[j].last);
	}
	return err ?: sweep_run(sweep, &c->compiled->rows);
}

static void fill_table(const struct sweep *sweep, __u16 *table, size_t size)
{
	size_t i, at;

	for (i = 0; i < sweep->step_count; i++) {
		position end = i + 1 < sweep->step_count ? sweep->steps[i + 1].first : size;

		for (at = sweep->steps[i].first; at < end && at < size; at++)
			table[at] = sweep->steps[i].row;
	}
}

static bool allows_kind(const struct rule *rule, unsigned int kind)
{
	unsigned int direction = kind >> 9, family = kind >> 8 & 1;

	return (!rule->directions || rule->directions & (1U << direction)) &&
	       (!rule->families || rule->families & (1U << family));
}

/* Asked also if no rule does: its rows have no bit that is no rule's. */
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

/* Rules that do not ask about it. */
static int row_of_others(const struct compilation *c, enum txp_dimension dimension)
{
	struct txp_rule_bitmap row = { 0 };
	size_t i;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		if (!c->ruleset->rules[i].ranges[dimension].count)
			row_add(&row, i);
	}
	return rows_place(&c->compiled->rows, &row);
}

static int ask(const struct compilation *c, enum txp_dimension dimension)
{
	struct txp_class_plan *plan = &c->compiled->plan;
	int place = row_of_others(c, dimension);

	if (place < 0)
		return place;
	plan->asks |= 1U << ask_of[dimension];
	plan->other[ask_of[dimension]] = place;
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
		err = ask(c, dimension);
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

static int compile_steps(const struct compilation *c)
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
			err = ask(c, dimensions[i]);
		if (!err)
			err = steps_append(&c->compiled->steps, &sweep,
					   &c->compiled->plan.span[ask_of[dimensions[i]]]);
		sweep_free(&sweep);
	}
	return err;
}

int compile_numbers(const struct compilation *c)
{
	return compile_tables(c) ?: compile_steps(c);
}
