/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the parts of the reader of rules share: where it is, and its way through the tree. */
#ifndef TXPATH_CLASSIFY_RULESET_READER_H
#define TXPATH_CLASSIFY_RULESET_READER_H

#include <stdbool.h>

#include <yaml.h>

#include "classify/ruleset/errors.h"
#include "classify/ruleset/names.h"

/* A rule's conditions on one line. */
struct condition_text {
	char bytes[TXP_CLASS_TEXT];
	size_t length;
};

struct reader {
	yaml_document_t *document;
	const struct ruleset_host *host;
	struct ruleset *ruleset;
	struct errors errors;
	struct names lists; /* place: in ruleset->lists; and so on */
	struct names classes;
	struct names rules;
	struct condition_text text; /* of the rule that is read */
	const char *all_rule;	    /* the first rule without conditions, NULL: none yet */
	int all_line;
	bool rules_full;    /* told */
	bool prefixes_full; /* told, as the next three */
	bool ranges_full;
	bool marks_full;
	bool cgroups_full;
};

/* A scalar, and the key that it is a value of. */
struct word {
	const char *key;
	const char *text;
	int line;
};

typedef void (*word_fn)(struct reader *reader, const struct word *word, void *target);

/* A key of a mapping of fixed keys. */
struct key {
	const char *name;
	void (*read)(struct reader *reader, const struct key *key, const yaml_node_t *value,
		     void *target);
	bool required;
	word_fn word; /* for read */
};

struct shape {
	const char *what; /* "a class" */
	const struct key *keys;
	size_t count; /* at most 32 */
};

/* Reads what the mapping has in its order. */
void read_mapping(struct reader *reader, const yaml_node_t *node, const struct shape *shape,
		  int line, void *target);

/* A mapping whose keys are names of the file's own. */
typedef void (*entry_fn)(struct reader *reader, const char *name, int line,
			 const yaml_node_t *value);
void read_entries(struct reader *reader, const yaml_node_t *node, const char *what, entry_fn entry);

/* Each node of a sequence. */
void read_items(struct reader *reader, const yaml_node_t *node, const char *what,
		void (*item)(struct reader *reader, const yaml_node_t *node));

/* For struct key: gives key->word the scalar, or each of a sequence of them. */
void read_word(struct reader *reader, const struct key *key, const yaml_node_t *value,
	       void *target);
void read_words(struct reader *reader, const struct key *key, const yaml_node_t *value,
		void *target);

/* Says so unless text may be the name of a thing of that kind. */
void check_name(struct reader *reader, const char *what, const char *name, int line);

/* Says what is wrong with a number; err is what word_range or number_parse returned. */
void add_number_error(struct reader *reader, const struct word *word, int err, __u32 max);

/* MARK or MARK/MASK. Returns false if it was neither, told. */
bool parse_mark(struct reader *reader, const struct word *word, struct masked *mark);

/* Adds an entry of so many bytes to the end of array, and counts it. NULL: no memory, noted. */
void *add_entry(struct reader *reader, void *array, size_t *count, size_t size);

/* What the rules of a file have so many of, and at most. */
struct quota {
	const char *what; /* "prefixes" */
	size_t *count;
	size_t max;
	bool *full; /* told */
};

/* Counts so many more for word. False: that are too many; told once. */
bool quota_take(struct reader *reader, const struct word *word, const struct quota *quota,
		size_t count);

/* A copy. NULL: no memory, noted. */
char *copy_text(struct reader *reader, const char *text);

/* Of the named sections of a file (ruleset_rule.c, ruleset_prefix.c, ruleset_check.c). */
void read_rule(struct reader *reader, const yaml_node_t *node);
void read_prefix(struct reader *reader, const struct word *word, void *prefixes);
void read_addresses(struct reader *reader, const struct word *word, struct prefixes *prefixes);
void check_rule(struct reader *reader, const struct rule *rule);

#endif /* TXPATH_CLASSIFY_RULESET_READER_H */
