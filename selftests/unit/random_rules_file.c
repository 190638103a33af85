// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The rules that were drawn as a file of rules, from which they are read. */
#include "random_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static const char *const keys[] = {
#define KEY(id, name, max, meaning) name,
	TXP_DIMENSIONS(KEY)
#undef KEY
};

static void write_range(FILE *file, enum txp_dimension dimension, const struct drawn_range *range)
{
	if (dimension == TXP_DIMENSION_DEV)
		fprintf(file, "d%u, ", range->first);
	else if (range->first == range->last)
		fprintf(file, "%u, ", range->first);
	else
		fprintf(file, "%u-%u, ", range->first, range->last);
}

static void write_prefixes(FILE *file, const char *key, const struct drawn_prefix *prefixes,
			   size_t count)
{
	char text[INET6_ADDRSTRLEN];
	size_t i;

	if (!count)
		return;
	fprintf(file, "%s: [", key);
	for (i = 0; i < count; i++)
		fprintf(file, "\"%s/%u\", ",
			inet_ntop(prefixes[i].ipv6 ? AF_INET6 : AF_INET, prefixes[i].bytes, text,
				  sizeof(text)),
			prefixes[i].length);
	fprintf(file, "], ");
}

static void write_values(FILE *file, const struct drawn_rule *rule)
{
	size_t i;

	if (rule->marks)
		fprintf(file, "mark: [");
	for (i = 0; i < rule->marks; i++)
		fprintf(file, "0x%x/0x%x, ", rule->mark[i], rule->mask);
	fprintf(file, rule->marks ? "], " : "");
	if (rule->cgroups)
		fprintf(file, "cgroup: [");
	for (i = 0; i < rule->cgroups; i++)
		fprintf(file, "/%u/%u, ", rule->depth, rule->cgroup[i]);
	fprintf(file, rule->cgroups ? "], " : "");
}

static void write_rule(FILE *file, const struct drawn_rule *rule, size_t place)
{
	size_t i, j;

	fprintf(file, "  - {name: r%zu, class: c, match: {", place);
	for (i = 0; i < TXP_DIMENSION_COUNT; i++) {
		if (!rule->ranges[i])
			continue;
		fprintf(file, "%s: [", keys[i]);
		for (j = 0; j < rule->ranges[i]; j++)
			write_range(file, i, &rule->range[i][j]);
		fprintf(file, "], ");
	}
	write_prefixes(file, "src", rule->source, rule->sources);
	write_prefixes(file, "dst", rule->destination, rule->destinations);
	write_values(file, rule);
	if (rule->family >= 0)
		fprintf(file, "family: %s, ", rule->family ? "ipv6" : "ipv4");
	if (rule->direction >= 0)
		fprintf(file, "direction: %s, ", rule->direction ? "forwarded" : "local");
	fprintf(file, "}}\n");
}

char *drawn_file(size_t *size)
{
	char *text;
	FILE *file = open_memstream(&text, size);
	size_t i;

	if (!file)
		return NULL;
	fprintf(file, "version: 1\nclasses:\n  c: {}\nrules:\n");
	for (i = 0; i < drawn_count; i++)
		write_rule(file, &drawn_rules[i], i);
	fclose(file);
	return text;
}
