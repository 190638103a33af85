// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads a file of rules: its version, its lists of prefixes, its classes, and then its rules.
 *
 * 1. yaml_text_load() turns the text into a tree.
 * 2. read_file() finds the sections, in whatever order the file has them.
 * 3. read_sections() reads lists and classes before rules, because rules name them.
 * 4. ruleset_read() reports all errors, in the order of lines.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pkt_sched.h>

#include "lib/array.h"
#include "classify/ruleset/keys.h"
#include "classify/ruleset/reader.h"
#include "classify/ruleset/words.h"
#include "classify/ruleset/yaml.h"
#include "lib/value.h"

#define VERSION "1"

/* The sections are kept, and read later: rules name lists and classes that may follow them. */
struct sections {
	const yaml_node_t *prefixes;
	const yaml_node_t *classes;
	const yaml_node_t *rules;
};

static void keep_section(struct reader *reader, const struct key *key, const yaml_node_t *value,
			 void *target)
{
	struct sections *sections = target;

	(void)reader;
	if (!strcmp(key->name, "prefixes"))
		sections->prefixes = value;
	else if (!strcmp(key->name, "classes"))
		sections->classes = value;
	else
		sections->rules = value;
}

static void read_version(struct reader *reader, const struct word *word, void *target)
{
	(void)target;
	if (strcmp(word->text, VERSION))
		errors_add(&reader->errors, word->line,
			   "version " QUOTED
			   " is not supported; this txpath reads version " VERSION,
			   word->text);
}

static void add_name(struct reader *reader, struct names *names, const char *name, int line,
		     size_t place)
{
	if (name && names_add(names, name, line, place))
		errors_no_memory(&reader->errors);
}

/* In a rule the name stands where an address could stand, so it must not look like one. */
static void check_list_name(struct reader *reader, const char *name, int line)
{
	struct address address;

	check_name(reader, "a list of prefixes", name, line);
	if (!address_parse(name, &address))
		errors_add(&reader->errors, line,
			   "a list of prefixes cannot be named \"%s\": rules would read it as an "
			   "address",
			   name);
}

static void read_list(struct reader *reader, const char *name, int line, const yaml_node_t *value)
{
	struct ruleset *ruleset = reader->ruleset;
	const struct key key = { .name = "prefixes", .word = read_prefix };
	struct prefix_list *list;

	list = add_entry(reader, &ruleset->lists, &ruleset->list_count, sizeof(*list));
	if (!list)
		return;
	check_list_name(reader, name, line);
	list->name = copy_text(reader, name);
	list->line = line;
	add_name(reader, &reader->lists, list->name, line, ruleset->list_count - 1);
	read_words(reader, &key, value, &list->prefixes);
}

/* A tc class is selected by skb->priority, so tc: and priority: set the same field. */
static void set_priority(struct reader *reader, const struct word *word, struct class *class,
			 __u32 priority)
{
	if (class->what.sets & TXP_CLASS_SETS_PRIORITY)
		errors_add(
			&reader->errors, word->line,
			"a class cannot have both tc and priority: both set the packet's priority");
	class->what.sets |= TXP_CLASS_SETS_PRIORITY;
	class->what.priority = priority;
}

static void read_class_priority(struct reader *reader, const struct word *word, void *target)
{
	__u64 number;
	int err = number_parse(word->text, 0xffffffff, &number);

	if (err)
		add_number_error(reader, word, err, 0xffffffff);
	else
		set_priority(reader, word, target, number);
}

static void read_class_tc(struct reader *reader, const struct word *word, void *target)
{
	struct class *class = target;
	__u32 handle;

	if (!word_tc(word->text, &handle)) {
		errors_add(&reader->errors, word->line,
			   "tc: " QUOTED
			   " is not a tc class; write MAJOR:MINOR in hexadecimal, like \"1:20\"",
			   word->text);
		return;
	}
	set_priority(reader, word, class, handle);
	class->tc = copy_text(reader, word->text);
}

static void read_class_dscp(struct reader *reader, const struct word *word, void *target)
{
	struct class *class = target;
	__u32 named;
	__u64 number;
	int err = 0;

	if (word_dscp(word->text, &named))
		number = named;
	else
		err = number_parse(word->text, 63, &number);
	if (err) {
		add_number_error(reader, word, err, 63);
		return;
	}
	class->what.sets |= TXP_CLASS_SETS_DSCP;
	class->what.dscp = number;
}

static void read_class_mark(struct reader *reader, const struct word *word, void *target)
{
	struct class *class = target;
	struct masked mark;

	if (!parse_mark(reader, word, &mark))
		return;
	class->what.sets |= TXP_CLASS_SETS_MARK;
	class->what.mark = mark.value;
	class->what.mark_mask = mark.mask;
}

static void read_class_rate(struct reader *reader, const struct word *word, void *target)
{
	struct class *class = target;

	switch (word_rate(word->text, &class->rate)) {
	case 0:
		class->what.sets |= TXP_CLASS_SETS_TIME;
		break;
	case -ERANGE:
		errors_add(&reader->errors, word->line,
			   "rate: " QUOTED " is less than 8 bit/s, or too large", word->text);
		break;
	default:
		errors_add(&reader->errors, word->line,
			   "rate: " QUOTED
			   " is not a rate; write it as for tc, like 50mbit or 1.5gbit",
			   word->text);
	}
}

/* fq_classify() puts packets of this priority into a queue of its own that ignores skb->tstamp. */
static void check_rate(struct reader *reader, const struct class *class)
{
	const struct txp_class *what = &class->what;

	if ((what->sets & TXP_CLASS_SETS_TIME) && (what->sets & TXP_CLASS_SETS_PRIORITY) &&
	    (what->priority & TC_PRIO_MAX) == TC_PRIO_CONTROL)
		errors_add(
			&reader->errors, class->line,
			"a class: its rate would have no effect: priority 0x%x has %d in its low "
			"four bits, and fq sends such packets at once",
			what->priority, TC_PRIO_CONTROL);
}

static const struct key class_keys[] = { RULESET_CLASS_KEYS(RULESET_KEY) };

static void read_class(struct reader *reader, const char *name, int line, const yaml_node_t *value)
{
	static const struct shape shape = { "a class", class_keys, ARRAY_SIZE(class_keys) };
	struct ruleset *ruleset = reader->ruleset;
	struct class *class;

	class = add_entry(reader, &ruleset->classes, &ruleset->class_count, sizeof(*class));
	if (!class)
		return;
	if (ruleset->class_count == TXP_CLASSES + 1)
		errors_add(&reader->errors, line, "the file has more than %d classes", TXP_CLASSES);
	check_name(reader, "a class", name, line);
	class->name = copy_text(reader, name);
	class->line = line;
	add_name(reader, &reader->classes, class->name, line, ruleset->class_count - 1);
	read_mapping(reader, value, &shape, line, class);
	check_rate(reader, class);
}

static void check_rule_names(struct reader *reader)
{
	const struct named *first;
	struct rule *rule;
	size_t i;

	for (i = 0; i < reader->ruleset->rule_count && !reader->errors.err; i++) {
		rule = &reader->ruleset->rules[i];
		if (!rule->name)
			continue;
		first = names_find(&reader->rules, rule->name);
		if (first->place != i)
			errors_add(&reader->errors, rule->line,
				   "rule " QUOTED ": the rule of line %d has the same name",
				   rule->name, first->line);
	}
}

static void read_rules(struct reader *reader, const yaml_node_t *node)
{
	struct rule *rule;
	size_t i;

	read_items(reader, node, "rules", read_rule);
	for (i = 0; i < reader->ruleset->rule_count; i++) {
		rule = &reader->ruleset->rules[i];
		add_name(reader, &reader->rules, rule->name, rule->line, i);
	}
	names_sort(&reader->rules);
	check_rule_names(reader);
}

static void read_sections(struct reader *reader, const struct sections *sections)
{
	if (sections->prefixes)
		read_entries(reader, sections->prefixes, "prefixes", read_list);
	names_sort(&reader->lists);
	if (sections->classes)
		read_entries(reader, sections->classes, "classes", read_class);
	names_sort(&reader->classes);
	if (sections->rules)
		read_rules(reader, sections->rules);
}

static const struct key file_keys[] = { RULESET_FILE_KEYS(RULESET_KEY) };

static void read_file(struct reader *reader)
{
	static const struct shape shape = { "a file of rules", file_keys, ARRAY_SIZE(file_keys) };
	const yaml_node_t *root = yaml_document_get_root_node(reader->document);
	struct sections sections = { 0 };

	read_mapping(reader, root, &shape, yaml_node_line(root), &sections);
	read_sections(reader, &sections);
	names_free(&reader->lists);
	names_free(&reader->classes);
	names_free(&reader->rules);
}

int ruleset_read(const char *text, size_t size, const struct ruleset_host *host,
		 ruleset_error_fn error, void *context, struct ruleset *ruleset)
{
	struct ruleset parsed = { 0 };
	yaml_document_t document;
	struct reader reader = { .document = &document, .host = host, .ruleset = &parsed };
	int err;

	if (yaml_text_load(text, size, &reader.errors, &document)) {
		read_file(&reader);
		yaml_document_delete(&document);
	}
	err = reader.errors.err;
	if (!err && reader.errors.count) {
		errors_report(&reader.errors, error, context);
		err = -EINVAL;
	}
	errors_free(&reader.errors);
	if (err)
		ruleset_free(&parsed);
	*ruleset = parsed;
	return err;
}
