// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Frees a set of rules; the reader fills it. */
#include <stdlib.h>
#include <string.h>

#include "classify/ruleset/ruleset.h"

static void free_rule(struct rule *rule)
{
	int i;

	for (i = 0; i < TXP_DIMENSION_COUNT; i++)
		free(rule->ranges[i].range);
	free(rule->sources.prefix);
	free(rule->destinations.prefix);
	free(rule->marks.mark);
	free(rule->cgroups.cgroup);
	free(rule->name);
	free(rule->text);
}

void ruleset_free(struct ruleset *ruleset)
{
	size_t i;

	for (i = 0; i < ruleset->list_count; i++) {
		free(ruleset->lists[i].prefixes.prefix);
		free(ruleset->lists[i].name);
	}
	for (i = 0; i < ruleset->class_count; i++) {
		free(ruleset->classes[i].tc);
		free(ruleset->classes[i].name);
	}
	for (i = 0; i < ruleset->rule_count; i++)
		free_rule(&ruleset->rules[i]);
	free(ruleset->lists);
	free(ruleset->classes);
	free(ruleset->rules);
	memset(ruleset, 0, sizeof(*ruleset));
}
