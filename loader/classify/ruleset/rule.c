// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads a rule: its name, its conditions, its class. A rule without errors is then checked by
 * check_rule(): a rule that was not understood would give misleading errors there.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/ruleset/keys.h"
#include "classify/ruleset/reader.h"
#include "classify/ruleset/words.h"
#include "classify/ruleset/yaml.h"
#include "lib/value.h"

#define CGROUP_PATH_MAX 4096 /* PATH_MAX of the kernel */

static void add_range(struct reader *reader, const struct word *word, struct ranges *ranges,
		      const struct range *range)
{
	const struct quota quota = { "numbers, ranges and devices", &reader->ruleset->range_count,
				     TXP_CLASS_RANGES, &reader->ranges_full };
	struct range *entry;

	if (!quota_take(reader, word, &quota, 1))
		return;
	entry = add_entry(reader, &ranges->range, &ranges->count, sizeof(*entry));
	if (entry)
		*entry = *range;
}

struct dimension {
	const char *name;
	__u32 max;
};

static const struct dimension dimensions[] = {
#define DIMENSION(id, text, most, meaning) { text, most },
	TXP_DIMENSIONS(DIMENSION)
#undef DIMENSION
};

/* Dimensions whose numbers have names: the file may write either. */
static bool (*const names_of[TXP_DIMENSION_COUNT])(const char *text, __u32 *number) = {
	[TXP_DIMENSION_PROTO] = word_protocol,
	[TXP_DIMENSION_DSCP] = word_dscp,
	[TXP_DIMENSION_UID] = word_user,
};

static void read_number(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;
	struct range range;
	__u32 number;
	size_t i = 0;
	int err;

	while (strcmp(dimensions[i].name, word->key))
		i++;
	err = word_range(word->text, dimensions[i].max, &range);
	if (err == -EINVAL && names_of[i]) {
		err = names_of[i](word->text, &number) ? 0 : -ENOENT;
		range = (struct range){ number, number };
	}
	if (err)
		add_number_error(reader, word, err, dimensions[i].max);
	else
		add_range(reader, word, &rule->ranges[i], &range);
}

static int find_device(struct reader *reader, const struct word *word)
{
	const struct ruleset_host *host = reader->host;
	size_t length = strlen(word->text);

	if (!length || length >= IFNAMSIZ)
		return -ENODEV;
	return host && host->device ? host->device(word->text, host->context) : 0;
}

static void read_device(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;
	int index = find_device(reader, word);

	if (index >= 0)
		add_range(reader, word, &rule->ranges[TXP_DIMENSION_DEV],
			  &(struct range){ index, index });
	else if (index == -ENODEV)
		errors_add(&reader->errors, word->line,
			   "dev: there is no device " QUOTED " in this network namespace",
			   word->text);
	else if (index == -ENOENT)
		errors_add(&reader->errors, word->line,
			   "dev: txpath is not attached to device " QUOTED, word->text);
	else
		errors_add(&reader->errors, word->line, "dev: " QUOTED ": %s", word->text,
			   strerror(-index));
}

static void add_bits(struct reader *reader, const struct word *word, __u8 found, const char *wanted,
		     __u8 *bits)
{
	if (!found)
		errors_add(&reader->errors, word->line, "%s: " QUOTED " is not %s", word->key,
			   word->text, wanted);
	*bits |= found;
}

static void read_direction(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;

	add_bits(reader, word, word_direction(word->text), "local or forwarded", &rule->directions);
}

static void read_family(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;

	add_bits(reader, word, word_family(word->text), "ipv4 or ipv6", &rule->families);
}

static void read_source(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;

	read_addresses(reader, word, &rule->sources);
}

static void read_destination(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;

	read_addresses(reader, word, &rule->destinations);
}

static void read_mark(struct reader *reader, const struct word *word, void *target)
{
	const struct quota quota = { "marks", &reader->ruleset->mark_count, TXP_CLASS_VALUES,
				     &reader->marks_full };
	struct rule *rule = target;
	struct masked mark, *entry;

	if (!parse_mark(reader, word, &mark) || !quota_take(reader, word, &quota, 1))
		return;
	entry = add_entry(reader, &rule->marks.mark, &rule->marks.count, sizeof(*entry));
	if (entry)
		*entry = mark;
}

/* Keeps a file from making txpath look at paths outside the cgroup tree. */
static bool is_cgroup_path(const char *path)
{
	size_t length = strlen(path);

	return *path == '/' && length < CGROUP_PATH_MAX && !strstr(path, "/../") &&
	       (length < 3 || strcmp(path + length - 3, "/.."));
}

static const char *cgroup_error(int err)
{
	switch (err) {
	case -ENODEV:
		return "cgroup2 is not mounted";
	case -EXDEV:
		return "cgroup2 is mounted from below its root, as in a container, so the depth that "
		       "the kernel compares is not known";
	default:
		return strerror(-err);
	}
}

static void read_cgroup(struct reader *reader, const struct word *word, void *target)
{
	const struct quota quota = { "cgroups", &reader->ruleset->cgroup_count, TXP_CLASS_VALUES,
				     &reader->cgroups_full };
	const struct ruleset_host *host = reader->host;
	struct cgroup cgroup = { 0 }, *entry;
	struct rule *rule = target;
	int err = 0;

	if (!is_cgroup_path(word->text)) {
		errors_add(
			&reader->errors, word->line,
			"cgroup: " QUOTED
			" is not a path from the root of cgroup2; begin it with \"/\", without \"..\"",
			word->text);
		return;
	}
	if (!quota_take(reader, word, &quota, 1))
		return;
	if (host && host->cgroup)
		err = host->cgroup(word->text, &cgroup, host->context);
	if (err) {
		errors_add(&reader->errors, word->line, "cgroup: " QUOTED ": %s", word->text,
			   cgroup_error(err));
		return;
	}
	entry = add_entry(reader, &rule->cgroups.cgroup, &rule->cgroups.count, sizeof(*entry));
	if (entry)
		*entry = cgroup;
}

/* A text that does not fit ends in "...". */
static void add_text(struct condition_text *text, const char *part)
{
	static const char end[] = "...";
	size_t room = sizeof(text->bytes) - 1 - text->length;
	size_t length = strlen(part);

	memcpy(text->bytes + text->length, part, length < room ? length : room);
	if (length > room)
		memcpy(text->bytes + sizeof(text->bytes) - sizeof(end), end, sizeof(end));
	text->length += length < room ? length : room;
}

static void add_word_text(struct reader *reader, const struct word *word, void *target)
{
	bool *first = target;

	if (!*first)
		add_text(&reader->text, ",");
	add_text(&reader->text, word->text);
	*first = false;
}

/* Reads the values twice: to parse them, and if they were good, to collect their text. */
static void read_condition(struct reader *reader, const struct key *key, const yaml_node_t *value,
			   void *rule)
{
	const struct key text = { .name = key->name, .word = add_word_text };
	size_t before = reader->errors.count;
	bool first = true;

	read_words(reader, key, value, rule);
	if (reader->errors.count > before)
		return;
	if (reader->text.length)
		add_text(&reader->text, " ");
	add_text(&reader->text, key->name);
	add_text(&reader->text, "=");
	read_words(reader, &text, value, &first);
}

static const struct key match_keys[] = { RULESET_MATCH_KEYS(RULESET_KEY) };

static void read_match(struct reader *reader, const struct key *key, const yaml_node_t *value,
		       void *rule)
{
	static const struct shape shape = { "match", match_keys, ARRAY_SIZE(match_keys) };

	(void)key;
	read_mapping(reader, value, &shape, yaml_node_line(value), rule);
}

static void read_rule_name(struct reader *reader, const struct word *word, void *target)
{
	struct rule *rule = target;

	check_name(reader, "a rule", word->text, word->line);
	rule->name = copy_text(reader, word->text);
}

static void read_rule_class(struct reader *reader, const struct word *word, void *target)
{
	const struct named *class = names_find(&reader->classes, word->text);
	struct rule *rule = target;

	if (class)
		rule->class = class->place;
	else
		errors_add(&reader->errors, word->line, "class: this file has no class " QUOTED,
			   word->text);
}

/* Only a packet from a socket of this host has a uid and a cgroup; a forwarded one has none. */
static void imply_direction(struct reader *reader, struct rule *rule)
{
	const __u8 local = 1 << TXP_DIRECTION_LOCAL;

	if (!rule->ranges[TXP_DIMENSION_UID].count && !rule->cgroups.count)
		return;
	if (rule->directions && !(rule->directions & local))
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED
			   " never matches: forwarded packets have no uid and no cgroup",
			   rule->name);
	rule->directions = local;
}

static const struct key rule_keys[] = { RULESET_RULE_KEYS(RULESET_KEY) };

static void fill_rule(struct reader *reader, const yaml_node_t *node, struct rule *rule)
{
	static const struct shape shape = { "a rule", rule_keys, ARRAY_SIZE(rule_keys) };
	size_t before = reader->errors.count;

	rule->line = yaml_node_line(node);
	reader->text = (struct condition_text){ 0 };
	read_mapping(reader, node, &shape, rule->line, rule);
	rule->text = copy_text(reader, reader->text.bytes);
	if (reader->errors.count > before || reader->errors.err)
		return;
	imply_direction(reader, rule);
	check_rule(reader, rule);
}

void read_rule(struct reader *reader, const yaml_node_t *node)
{
	struct ruleset *ruleset = reader->ruleset;
	struct rule *rule;

	if (ruleset->rule_count == TXP_CLASS_RULES) {
		if (!reader->rules_full)
			errors_add(&reader->errors, yaml_node_line(node),
				   "the file has more than %d rules", TXP_CLASS_RULES);
		reader->rules_full = true;
		return;
	}
	rule = add_entry(reader, &ruleset->rules, &ruleset->rule_count, sizeof(*rule));
	if (rule)
		fill_rule(reader, node, rule);
}
