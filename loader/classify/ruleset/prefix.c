// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reads prefixes, and copies the named lists of prefixes into the rules that use them. */
#include <arpa/inet.h>
#include <string.h>

#include "classify/ruleset/reader.h"
#include "lib/value.h"

/* Clears the bits beyond the prefix. Returns false if one was set: likely a typing mistake. */
static bool mask_address(struct address *address)
{
	bool clean = true;
	__be32 mask[4];
	int i;

	prefix_mask(address->length, mask);
	for (i = 0; i < 4; i++) {
		clean &= !(address->word[i] & ~mask[i]);
		address->word[i] &= mask[i];
	}
	return clean;
}

static void add_prefix(struct reader *reader, struct prefixes *prefixes,
		       const struct prefix *prefix)
{
	struct prefix *entry;

	entry = add_entry(reader, &prefixes->prefix, &prefixes->count, sizeof(*entry));
	if (entry)
		*entry = *prefix;
}

void read_prefix(struct reader *reader, const struct word *word, void *prefixes)
{
	struct prefix prefix = { 0 };
	char text[INET6_ADDRSTRLEN];
	struct address address;

	if (address_parse(word->text, &address)) {
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED " is neither an address nor a prefix", word->key,
			   word->text);
		return;
	}
	if (!mask_address(&address)) {
		inet_ntop(address.family, address.word, text, sizeof(text));
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED " has bits set beyond its length; write %s/%u", word->key,
			   word->text, text, address.length);
		return;
	}
	memcpy(prefix.address, address.word, sizeof(prefix.address));
	prefix.family = address.family;
	prefix.length = address.length;
	add_prefix(reader, prefixes, &prefix);
}

static void copy_list(struct reader *reader, const struct prefixes *list, struct prefixes *prefixes)
{
	size_t i;

	for (i = 0; i < list->count && !reader->errors.err; i++)
		add_prefix(reader, prefixes, &list->prefix[i]);
}

/* The limit is needed because a short file can name a long list many times. */
static bool count_prefixes(struct reader *reader, const struct word *word, size_t count)
{
	const struct quota prefixes = { "prefixes", &reader->ruleset->prefix_count,
					TXP_CLASS_PREFIXES, &reader->prefixes_full };

	return quota_take(reader, word, &prefixes, count);
}

void read_addresses(struct reader *reader, const struct word *word, struct prefixes *prefixes)
{
	const struct named *named = names_find(&reader->lists, word->text);
	const struct prefixes *list;
	struct address address;

	if (named) {
		list = &reader->ruleset->lists[named->place].prefixes;
		if (count_prefixes(reader, word, list->count))
			copy_list(reader, list, prefixes);
	} else if (strpbrk(word->text, ":/") || !address_parse(word->text, &address)) {
		if (count_prefixes(reader, word, 1))
			read_prefix(reader, word, prefixes);
	} else {
		errors_add(&reader->errors, word->line,
			   "%s: " QUOTED
			   " is neither a list of prefixes in this file nor an address",
			   word->key, word->text);
	}
}
