// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Each thing that rules ask about is swept once; what a packet's value leads to is a row of rules.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "array.h"
#include "compile.h"
#include "sweep.h"

struct compilation {
	const struct ruleset *ruleset;
	struct compiled *compiled;
	ruleset_error_fn error;
	void *context;
};

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
	struct txp_class_row row = { 0 };
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

/* The steps of one search behind those of the others. */
static int append_steps(struct compiled *compiled, const struct sweep *sweep,
			struct txp_class_span *span)
{
	size_t count = compiled->step_count, i;
	struct txp_class_step *steps =
		realloc(compiled->steps, (count + sweep->step_count) * sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	compiled->steps = steps;
	span->at = count;
	/* one behind the largest number is no number */
	for (i = 0; i < sweep->step_count && sweep->steps[i].first <= 0xffffffff; i++)
		steps[count++] = (struct txp_class_step){ .first = sweep->steps[i].first,
							  .row = sweep->steps[i].row };
	span->count = count - span->at;
	compiled->step_count = count;
	return 0;
}

static int append_steps6(struct compiled *compiled, const struct sweep *sweep,
			 struct txp_class_span *span)
{
	size_t count = compiled->step6_count, i;
	struct txp_class_step6 *steps =
		realloc(compiled->steps6, (count + sweep->step_count) * sizeof(*steps));

	if (!steps)
		return -ENOMEM;
	compiled->steps6 = steps;
	span->at = count;
	span->count = sweep->step_count;
	for (i = 0; i < sweep->step_count; i++)
		steps[count++] = (struct txp_class_step6){ .high = sweep->steps[i].first >> 64,
							   .low = sweep->steps[i].first,
							   .row = sweep->steps[i].row };
	compiled->step6_count = count;
	return 0;
}

static int compile_numbers(const struct compilation *c)
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
			err = append_steps(c->compiled, &sweep,
					   &c->compiled->plan.span[ask_of[dimensions[i]]]);
		sweep_free(&sweep);
	}
	return err;
}

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

	/* a shift by 128 is none; the size of ::/0 is 0, and less one, all ones */
	size = bits - prefix->length < 128 ? size << (bits - prefix->length) : 0;
	return sweep_add(sweep, rule, first, first + (size - 1));
}

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
			row_add(&sweep->base, i);
		for (j = 0; j < prefixes->count && !err; j++) {
			if (prefixes->prefix[j].family == family)
				err = add_prefix(sweep, i, &prefixes->prefix[j]);
		}
	}
	return err ?: sweep_run(sweep, &c->compiled->rows);
}

static bool asks_address(const struct compilation *c, enum txp_class_ask ask)
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

	if (!asks_address(c, ask))
		return 0;
	plan->asks |= 1U << ask;
	err = sweep_prefixes(c, ask, AF_INET, &sweep);
	if (!err)
		err = append_steps(c->compiled, &sweep, &plan->span[ask]);
	sweep_free(&sweep);
	if (err)
		return err;
	err = sweep_prefixes(c, ask, AF_INET6, &sweep);
	if (!err)
		err = append_steps6(c->compiled, &sweep, &plan->span6[ask - TXP_ASK_SOURCE]);
	sweep_free(&sweep);
	return err;
}

/* Marks and cgroups: equal to one of a rule's values, or the rule does not ask. */
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

static int refuse(const struct compilation *c, int line, const char *message)
{
	c->error(line, message, c->context);
	return -EINVAL;
}

static int place_of_how(const struct kind_of_value *kind, const __u32 *hows, __u32 count, __u32 how)
{
	__u32 i;

	for (i = 0; i < count && hows[i] != how; i++)
		;
	return i < kind->max ? (int)i : -E2BIG;
}

/* The masks or depths that there are. Negative errno, or how many. */
static int find_hows(const struct compilation *c, const struct kind_of_value *kind, __u32 *hows)
{
	__u32 count = 0, how, first = 0;
	char message[128];
	size_t i, j;
	__u64 value;
	int place;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct rule *rule = &c->ruleset->rules[i];

		for (j = 0; kind->get(rule, j, &how, &value); j++) {
			first = j ? first : how;
			if (how != first)
				return refuse(c, rule->line, kind->many_of_rule);
			place = place_of_how(kind, hows, count, how);
			if (place < 0) {
				snprintf(message, sizeof(message), kind->many_of_file, kind->max);
				return refuse(c, rule->line, message);
			}
			hows[place] = how;
			count = (__u32)place == count ? count + 1 : count;
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
	struct txp_class_row row = { 0 };
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

static int compile_values_of(const struct compilation *c, const struct kind_of_value *kind,
			     __u32 place, __u32 how)
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

static int compile_values(const struct compilation *c, const struct kind_of_value *kind,
			  __u32 *hows)
{
	int i, err = 0, count = find_hows(c, kind, hows);

	for (i = 0; i < count && !err; i++)
		err = compile_values_of(c, kind, i, hows[i]);
	return count < 0 ? count : err;
}

static bool is_known_device(const struct compiled *compiled, __u32 ifindex)
{
	size_t i;

	for (i = 0; i < compiled->device_count && compiled->devices[i] != ifindex; i++)
		;
	return i < compiled->device_count;
}

static int append_device(struct compiled *compiled, __u32 ifindex)
{
	__u32 *devices;

	if (is_known_device(compiled, ifindex))
		return 0;
	devices = array_grown(compiled->devices, compiled->device_count, sizeof(*devices));
	if (!devices)
		return -ENOMEM;
	compiled->devices = devices;
	devices[compiled->device_count++] = ifindex;
	return 0;
}

static int list_devices(const struct compilation *c)
{
	size_t i, j;
	int err = 0;

	for (i = 0; i < c->ruleset->rule_count; i++) {
		const struct ranges *devices = &c->ruleset->rules[i].ranges[TXP_DIMENSION_DEV];

		for (j = 0; j < devices->count && !err; j++)
			err = append_device(c->compiled, devices->range[j].first);
	}
	return err;
}

static void name_rule(const struct ruleset *ruleset, const struct rule *rule,
		      struct txp_class_name *name)
{
	snprintf(name->rule, sizeof(name->rule), "%s", rule->name);
	snprintf(name->class, sizeof(name->class), "%s", ruleset->classes[rule->class].name);
	snprintf(name->match, sizeof(name->match), "%s", rule->text);
	name->line = rule->line;
}

static void compile_actions(const struct compilation *c)
{
	const struct ruleset *ruleset = c->ruleset;
	struct compiled *compiled = c->compiled;
	size_t i;

	for (i = 0; i < ruleset->rule_count; i++) {
		const struct rule *rule = &ruleset->rules[i];
		const struct class *class = &ruleset->classes[rule->class];
		struct txp_class *action = &compiled->actions[i];

		*action = class->what;
		action->rate = class->rate;
		action->pace = rule->class;
		compiled->plan.paces |= !!(action->sets & TXP_CLASS_SETS_TIME);
		compiled->plan.writes |= !!(action->sets & TXP_CLASS_SETS_DSCP);
		name_rule(ruleset, rule, &compiled->names[i]);
	}
	compiled->plan.rules = ruleset->rule_count;
}

static int make_room(const struct ruleset *ruleset, struct compiled *compiled)
{
	compiled->tables = calloc(1, sizeof(*compiled->tables));
	compiled->actions = calloc(ruleset->rule_count + 1, sizeof(*compiled->actions));
	compiled->names = calloc(ruleset->rule_count + 1, sizeof(*compiled->names));
	return compiled->tables && compiled->actions && compiled->names ? 0 : -ENOMEM;
}

int compile(const struct ruleset *ruleset, ruleset_error_fn error, void *context,
	    struct compiled *compiled)
{
	const struct compilation c = { ruleset, compiled, error, context };
	int err;

	memset(compiled, 0, sizeof(*compiled));
	err = make_room(ruleset, compiled);
	if (err)
		return err;
	compile_actions(&c);
	err = list_devices(&c);
	if (!err)
		err = compile_tables(&c);
	if (!err)
		err = compile_numbers(&c);
	if (!err)
		err = compile_address(&c, TXP_ASK_SOURCE);
	if (!err)
		err = compile_address(&c, TXP_ASK_DESTINATION);
	if (!err)
		err = compile_values(&c, &marks_kind, compiled->plan.marks);
	if (!err)
		err = compile_values(&c, &cgroups_kind, compiled->plan.levels);
	if (err == -E2BIG)
		err = refuse(&c, 0,
			     "more than 65536 different sets of rules that some packet's "
			     "values lead to: fewer rules, or fewer prefixes");
	return err;
}

void compiled_free(struct compiled *compiled)
{
	rows_free(&compiled->rows);
	free(compiled->steps);
	free(compiled->steps6);
	free(compiled->tables);
	free(compiled->values);
	free(compiled->devices);
	free(compiled->actions);
	free(compiled->names);
	memset(compiled, 0, sizeof(*compiled));
}
