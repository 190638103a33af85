// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Walks the YAML tree. Each function checks that a node has the expected type, and reports it if it
 * does not; so the callers need not check anything.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/ruleset/reader.h"
#include "classify/ruleset/words.h"
#include "classify/ruleset/yaml.h"
#include "lib/value.h"

#define KNOWN_MAX 256 /* bytes of all names of a mapping's keys */

void *add_entry(struct reader *reader, void *array, size_t *count, size_t size)
{
	void **entries = array;
	char *grown = array_grown(*entries, *count, size);

	if (!grown) {
		errors_no_memory(&reader->errors);
		return NULL;
	}
	*entries = grown;
	grown += (*count)++ * size;
	return memset(grown, 0, size);
}

/* Nothing is stored beyond the limit, so memory stays bounded for a file that is refused anyway. */
bool quota_take(struct reader *reader, const struct word *word, const struct quota *quota,
		size_t count)
{
	if (!*quota->full && *quota->count + count <= quota->max) {
		*quota->count += count;
		return true;
	}
	if (!*quota->full)
		errors_add(&reader->errors, word->line,
			   "%s: the rules have more than %zu %s with " QUOTED, word->key,
			   quota->max, quota->what, word->text);
	*quota->full = true;
	return false;
}

char *copy_text(struct reader *reader, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		errors_no_memory(&reader->errors);
	return copy;
}

static const char *kind(const yaml_node_t *node)
{
	switch (node->type) {
	case YAML_SEQUENCE_NODE:
		return "a list";
	case YAML_MAPPING_NODE:
		return "a mapping";
	default:
		return node->data.scalar.length ? "a single value" : "nothing";
	}
}

static bool is_kind(struct reader *reader, const yaml_node_t *node, yaml_node_type_t type,
		    const char *what, const char *expected)
{
	if (node->type == type)
		return true;
	errors_add(&reader->errors, yaml_node_line(node), "%s: expected %s, found %s", what,
		   expected, kind(node));
	return false;
}

/* Returns the text of a scalar. NULL: it is none, or has a NUL byte; reported. */
static const char *scalar(struct reader *reader, const yaml_node_t *node, const char *what)
{
	const char *text;

	if (!is_kind(reader, node, YAML_SCALAR_NODE, what, "a single value"))
		return NULL;
	text = (const char *)node->data.scalar.value;
	if (!memchr(text, '\0', node->data.scalar.length))
		return text;
	errors_add(&reader->errors, yaml_node_line(node), "%s: a value with a NUL byte in it",
		   what);
	return NULL;
}

static yaml_node_t *node_at(struct reader *reader, int index)
{
	return yaml_document_get_node(reader->document, index);
}

/* Collects the keys of a mapping. A key that is not a scalar is reported and left out. */
static void collect_names(struct reader *reader, const yaml_node_t *mapping, const char *what,
			  struct names *names)
{
	const yaml_node_pair_t *pair;
	const yaml_node_t *key;
	const char *name;

	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		key = node_at(reader, pair->key);
		name = scalar(reader, key, what);
		if (name && names_add(names, name, yaml_node_line(key),
				      pair - mapping->data.mapping.pairs.start))
			errors_no_memory(&reader->errors);
	}
	names_sort(names);
}

typedef void (*pair_fn)(struct reader *reader, const char *name, int line, const yaml_node_t *value,
			void *context);

/* Reads a pair if its key appears there first. libyaml does not report a key that appears twice. */
static void read_pair(struct reader *reader, const yaml_node_pair_t *pair, size_t place,
		      const struct names *names, pair_fn read, void *context)
{
	const yaml_node_t *key = node_at(reader, pair->key);
	const struct named *first;
	int line = yaml_node_line(key);

	if (key->type != YAML_SCALAR_NODE)
		return;
	first = names_find(names, (const char *)key->data.scalar.value);
	if (!first)
		return;
	if (first->place == place)
		read(reader, first->name, line, node_at(reader, pair->value), context);
	else
		errors_add(&reader->errors, line, QUOTED " appears twice; the first is on line %d",
			   first->name, first->line);
}

static void read_pairs(struct reader *reader, const yaml_node_t *node, const char *what,
		       pair_fn read, void *context)
{
	struct names names = { 0 };
	size_t i, count;

	if (!is_kind(reader, node, YAML_MAPPING_NODE, what, "a mapping"))
		return;
	count = node->data.mapping.pairs.top - node->data.mapping.pairs.start;
	collect_names(reader, node, what, &names);
	for (i = 0; i < count && !reader->errors.err; i++)
		read_pair(reader, &node->data.mapping.pairs.start[i], i, &names, read, context);
	names_free(&names);
}

struct mapping {
	const struct shape *shape;
	__u32 seen; /* a bit for each key of the shape that was read */
	void *target;
};

static void add_unknown_key(struct reader *reader, const char *name, int line,
			    const struct shape *shape)
{
	char known[KNOWN_MAX] = "";
	size_t i, length = 0;

	for (i = 0; i < shape->count && length < sizeof(known); i++)
		length += snprintf(known + length, sizeof(known) - length, "%s%s", i ? ", " : "",
				   shape->keys[i].name);
	errors_add(&reader->errors, line, "%s has no key " QUOTED "; its keys are %s", shape->what,
		   name, known);
}

static void read_key(struct reader *reader, const char *name, int line, const yaml_node_t *value,
		     void *context)
{
	struct mapping *mapping = context;
	const struct shape *shape = mapping->shape;
	size_t i;

	for (i = 0; i < shape->count; i++) {
		if (strcmp(shape->keys[i].name, name))
			continue;
		mapping->seen |= 1U << i;
		shape->keys[i].read(reader, &shape->keys[i], value, mapping->target);
		return;
	}
	add_unknown_key(reader, name, line, shape);
}

void read_mapping(struct reader *reader, const yaml_node_t *node, const struct shape *shape,
		  int line, void *target)
{
	struct mapping mapping = { .shape = shape, .target = target };
	size_t i;

	read_pairs(reader, node, shape->what, read_key, &mapping);
	if (node->type != YAML_MAPPING_NODE)
		return;
	for (i = 0; i < shape->count; i++) {
		if (shape->keys[i].required && !(mapping.seen & 1U << i))
			errors_add(&reader->errors, line, "%s needs the key \"%s\"", shape->what,
				   shape->keys[i].name);
	}
}

static void read_entry(struct reader *reader, const char *name, int line, const yaml_node_t *value,
		       void *context)
{
	entry_fn *entry = context;

	(*entry)(reader, name, line, value);
}

void read_entries(struct reader *reader, const yaml_node_t *node, const char *what, entry_fn entry)
{
	read_pairs(reader, node, what, read_entry, &entry);
}

void read_items(struct reader *reader, const yaml_node_t *node, const char *what,
		void (*item)(struct reader *reader, const yaml_node_t *node))
{
	const yaml_node_item_t *index;

	if (!is_kind(reader, node, YAML_SEQUENCE_NODE, what, "a list"))
		return;
	for (index = node->data.sequence.items.start;
	     index < node->data.sequence.items.top && !reader->errors.err; index++)
		item(reader, node_at(reader, *index));
}

void read_word(struct reader *reader, const struct key *key, const yaml_node_t *value, void *target)
{
	struct word word = { key->name, scalar(reader, value, key->name), yaml_node_line(value) };

	if (word.text)
		key->word(reader, &word, target);
}

void read_words(struct reader *reader, const struct key *key, const yaml_node_t *value,
		void *target)
{
	const yaml_node_item_t *index;

	if (value->type != YAML_SEQUENCE_NODE) {
		read_word(reader, key, value, target);
		return;
	}
	if (value->data.sequence.items.start == value->data.sequence.items.top)
		errors_add(&reader->errors, yaml_node_line(value), "%s: the list is empty",
			   key->name);
	for (index = value->data.sequence.items.start;
	     index < value->data.sequence.items.top && !reader->errors.err; index++)
		read_word(reader, key, node_at(reader, *index), target);
}

void check_name(struct reader *reader, const char *what, const char *name, int line)
{
	if (!word_is_name(name))
		errors_add(&reader->errors, line,
			   "%s: " QUOTED " is not a name; use letters, digits, '.', '_' and '-'",
			   what, name);
	else if (strlen(name) >= TXP_CLASS_NAME)
		errors_add(&reader->errors, line, "%s: " QUOTED " is longer than %d characters",
			   what, name, TXP_CLASS_NAME - 1);
}

void add_number_error(struct reader *reader, const struct word *word, int err, __u32 max)
{
	switch (err) {
	case -ERANGE:
		errors_add(&reader->errors, word->line, "%s: " QUOTED " is more than %u", word->key,
			   word->text, max);
		break;
	case -EDOM:
		errors_add(&reader->errors, word->line, "%s: " QUOTED " ends before it begins",
			   word->key, word->text);
		break;
	case -ENOENT:
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED " is not a number, a range, or a known name", word->key,
			   word->text);
		break;
	default:
		errors_add(&reader->errors, word->line, "%s: " QUOTED " is not a number", word->key,
			   word->text);
	}
}

bool parse_mark(struct reader *reader, const struct word *word, struct masked *mark)
{
	if (mark_parse(word->text, &mark->value, &mark->mask)) {
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED " is neither a mark nor MARK/MASK", word->key, word->text);
		return false;
	}
	if (mark->value & ~mark->mask) {
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED " has bits set outside its mask; write 0x%x/0x%x",
			   word->key, word->text, mark->value & mark->mask, mark->mask);
		return false;
	}
	return true;
}
