// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The limits of a file of rules: what is just within them is read, and one more is refused. */
#include "ruleset_tests.h"

#include <errno.h>
#include <stdio.h>

/* repeat(before, each, count, after): each has a %zu. */
static char *repeat(const char *before, const char *each, size_t count, const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	fputs(before, stream);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, each, i); // NOLINT: both are ours
	fputs(after, stream);
	fclose(stream);
	return text;
}

struct limit {
	const char *name;
	const char *before, *each, *after;
	size_t count;
	int line; /* of one more */
	const char *part;
};

static const struct limit limits[] = {
	{ "rules", HEAD "classes: {c: {}}\nrules:\n", "- {name: r%zu, class: c, match: {len: 1}}\n",
	  "", TXP_CLASS_RULES, 4 + TXP_CLASS_RULES, "more than 1024 rules" },
	{ "classes", HEAD "rules: []\nclasses:\n", "  c%zu: {}\n", "", TXP_CLASSES, 4 + TXP_CLASSES,
	  "more than 256 classes" },
	{ "prefixes", HEAD "classes: {c: {}}\nprefixes:\n  a:\n", "  - 10.0.0.0/8 # %zu\n",
	  "rules: [{name: r, class: c, match: {src: [a, a, a, a], dst: [a, a, a, a]}}]\n",
	  TXP_CLASS_PREFIXES / 8, 5 + TXP_CLASS_PREFIXES / 8 + 1,
	  "dst: the rules have more than 131072 prefixes with \"a\"" },
	{ "numbers",
	  HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {uid: 1, len: [\n",
	  "  %zu,\n", "]}}\n", TXP_CLASS_RANGES - 1, 4 + TXP_CLASS_RANGES,
	  "len: the rules have more than 131072 numbers, ranges and devices with \"131071\"" },
	{ "devices",
	  HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {dscp: 1}}\n"
	       "- {name: s, class: c, match: {dev: [\n",
	  "  eth0, # %zu\n", "]}}\n", TXP_CLASS_RANGES - 1, 5 + TXP_CLASS_RANGES,
	  "dev: the rules have more than 131072 numbers, ranges and devices with \"eth0\"" },
	{ "marks", HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {mark: [\n",
	  "  %zu,\n", "]}}\n", TXP_CLASS_VALUES, 5 + TXP_CLASS_VALUES,
	  "mark: the rules have more than 4096 marks with \"4096\"" },
	{ "cgroups", HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {cgroup: [\n",
	  "  /backup, # %zu\n", "]}}\n", TXP_CLASS_VALUES, 5 + TXP_CLASS_VALUES,
	  "cgroup: the rules have more than 4096 cgroups with \"/backup\"" },
};

void limits_hold(void **state)
{
	struct ruleset ruleset;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		const struct limit *limit = &limits[i];

		text = repeat(limit->before, limit->each, limit->count, limit->after);
		assert_read(text, &ruleset);
		ruleset_free(&ruleset);
		free(text);
		text = repeat(limit->before, limit->each, limit->count + 1, limit->after);
		assert_refused(limit->name, text, strlen(text), limit->line, limit->part);
		free(text);
	}
}

void size_limit(void **state)
{
	const size_t most = 16 << 20;
	struct ruleset ruleset;
	struct logged logged;
	char *text = malloc(most + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', most + 1);
	memcpy(text, "version: 1\nrules: []", strlen("version: 1\nrules: []"));
	assert_int_equal(read_bytes(text, most, &ruleset, &logged), 0);
	ruleset_free(&ruleset);
	assert_refused("too large", text, most + 1, 0, "the file has 16777217 bytes; the limit is");
	free(text);
}

/* In the square of their number these would take minutes to hours: the suite's limit ends them. */
void many_of_a_kind(void **state)
{
	static const char *const each[] = {
		"  a: {} # %zu\n",	"  a%zu: &x {}\n",	  "  a%zu: *x\n",
		"  a: {tc: \"%zu\"}\n", "  ? [] # %zu\n  : {}\n",
	};
	const size_t count = 100000;
	struct ruleset ruleset;
	struct logged logged;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		text = repeat(HEAD "rules: []\nclasses:\n", each[i], count, "");
		assert_int_equal(read_bytes(text, strlen(text), &ruleset, &logged), -EINVAL);
		assert_true(logged.count >= count - 1);
		free(text);
	}
	text = repeat(HEAD "rules: ", "[ # %zu\n", count, "");
	assert_refused("deep", text, strlen(text), 9, "nested deeper than 8");
	free(text);
	text = repeat(HEAD "rules: ", "] # %zu\n", count, "  [[[[[[[[[");
	assert_refused("deep after brackets", text, strlen(text), 2 + count,
		       "nested deeper than 8");
	free(text);
}
