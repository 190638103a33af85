/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The reader's state, and the functions with which it walks the YAML tree. A file of rules is read
 * by read.c (sections, classes), prefix.c (lists of prefixes), rule.c (rules) and check.c (rules
 * that cannot work).
 */
#ifndef TXPATH_CLASSIFY_RULESET_READER_H
#define TXPATH_CLASSIFY_RULESET_READER_H

#include <stdbool.h>

#include <yaml.h>

#include "classify/ruleset/errors.h"
#include "classify/ruleset/names.h"

/* The conditions of a rule on one line, as txpath classify show prints them. */
struct condition_text {
	char bytes[TXP_CLASS_TEXT];
	size_t length;
};

struct reader {
	yaml_document_t *document;
	const struct ruleset_host *host;
	struct ruleset *ruleset;
	struct errors errors;
	struct names lists;	    /* place: index in ruleset->lists */
	struct names classes;	    /* place: index in ruleset->classes */
	struct names rules;	    /* place: index in ruleset->rules */
	struct condition_text text; /* of the rule being read */
	const char *all_rule;	    /* the first rule without conditions, NULL: none yet */
	int all_line;
	/* A limit was exceeded and reported, so that it is reported only once. */
	bool rules_full;
	bool prefixes_full;
	bool ranges_full;
	bool marks_full;
	bool cgroups_full;
};

/* A scalar of the file, and the key whose value it is. */
struct word {
	const char *key;
	const char *text;
	int line;
};

typedef void (*word_fn)(struct reader *reader, const struct word *word, void *target);

/* A key of a mapping whose keys are fixed. */
struct key {
	const char *name;
	void (*read)(struct reader *reader, const struct key *key, const yaml_node_t *value,
		     void *target);
	bool required;
	word_fn word; /* read calls it for each scalar of the value */
};

/* A mapping whose keys are fixed. */
struct shape {
	const char *what; /* for messages: "a class" */
	const struct key *keys;
	size_t count; /* at most 32 */
};

/*
 * Reads the keys of a mapping, in the order of the file. Reports keys that the shape does not have,
 * and required keys that the mapping does not have (at that line).
 */
void read_mapping(struct reader *reader, const yaml_node_t *node, const struct shape *shape,
		  int line, void *target);

/* Reads a mapping whose keys are names that the file chooses. */
typedef void (*entry_fn)(struct reader *reader, const char *name, int line,
			 const yaml_node_t *value);
void read_entries(struct reader *reader, const yaml_node_t *node, const char *what, entry_fn entry);

/* Calls item for each node of a sequence. */
void read_items(struct reader *reader, const yaml_node_t *node, const char *what,
		void (*item)(struct reader *reader, const yaml_node_t *node));

/* For key->read: calls key->word for a scalar; read_words also for each scalar of a sequence. */
void read_word(struct reader *reader, const struct key *key, const yaml_node_t *value,
	       void *target);
void read_words(struct reader *reader, const struct key *key, const yaml_node_t *value,
		void *target);

/* Reports an error unless name can name a list, a class or a rule (what: for messages). */
void check_name(struct reader *reader, const char *what, const char *name, int line);

/* Reports what is wrong with a number. err: what word_range() or number_parse() returned. */
void add_number_error(struct reader *reader, const struct word *word, int err, __u32 max);

/* Parses MARK or MARK/MASK. Returns false if it is neither, reported. */
bool parse_mark(struct reader *reader, const struct word *word, struct masked *mark);

/* Appends a zeroed entry of size bytes to *array, and counts it. NULL: no memory, noted. */
void *add_entry(struct reader *reader, void *array, size_t *count, size_t size);

/* A limit on what all rules of a file have together, so that a short file stays cheap to hold. */
struct quota {
	const char *what; /* "prefixes" */
	size_t *count;
	size_t max;
	bool *full; /* the excess has been reported */
};

/* Adds count to *quota->count. Returns false if that is too much, reported once, at word. */
bool quota_take(struct reader *reader, const struct word *word, const struct quota *quota,
		size_t count);

/* Returns a copy, owned by the caller. NULL: no memory, noted. */
char *copy_text(struct reader *reader, const char *text);

/* rule.c, prefix.c and check.c, as read.c uses them. */
void read_rule(struct reader *reader, const yaml_node_t *node);
void read_prefix(struct reader *reader, const struct word *word, void *prefixes);
void read_addresses(struct reader *reader, const struct word *word, struct prefixes *prefixes);
void check_rule(struct reader *reader, const struct rule *rule);

#endif /* TXPATH_CLASSIFY_RULESET_READER_H */
