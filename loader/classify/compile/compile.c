// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * compile(): the actions and names of the rules first, then one kind of condition after the other.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/compile/compilation.h"

/* Each device once, however many rules name it. */
static int append_device(struct compiled *compiled, __u32 ifindex)
{
	__u32 *devices;
	size_t i;

	for (i = 0; i < compiled->device_count; i++) {
		if (compiled->devices[i] == ifindex)
			return 0;
	}
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
		action->clock = rule->class; /* until edt_clocks_assign() gives it a clock */
		compiled->plan.edt_clocks |= !!(action->sets & TXP_CLASS_SETS_TIME);
		compiled->plan.writes |= !!(action->sets & TXP_CLASS_SETS_DSCP);
		name_rule(ruleset, rule, &compiled->names[i]);
	}
	compiled->plan.rules = ruleset->rule_count;
}

static int allocate(const struct ruleset *ruleset, struct compiled *compiled)
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
	compiled->intervals.format = &interval_format32;
	compiled->intervals6.format = &interval_format128;
	err = allocate(ruleset, compiled);
	if (err)
		return err;
	compile_actions(&c);
	err = list_devices(&c);
	if (!err)
		err = compile_numbers(&c);
	if (!err)
		err = compile_addresses(&c);
	if (!err)
		err = compile_values(&c);
	if (err == -E2BIG)
		err = compile_refuse(&c, 0,
				     "the values of packets lead to more than 65536 different sets "
				     "of rules: use fewer rules or fewer prefixes");
	return err;
}

void compiled_free(struct compiled *compiled)
{
	rule_bitmaps_free(&compiled->rule_bitmaps);
	intervals_free(&compiled->intervals);
	intervals_free(&compiled->intervals6);
	free(compiled->tables);
	free(compiled->values);
	free(compiled->devices);
	free(compiled->actions);
	free(compiled->names);
	memset(compiled, 0, sizeof(*compiled));
}
