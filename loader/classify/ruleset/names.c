// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A sorted array, not a hash table: a hostile file could choose names whose hashes collide.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/ruleset/names.h"

int names_add(struct names *names, const char *name, int line, size_t place)
{
	struct named *grown = array_grown(names->named, names->count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	names->named = grown;
	grown[names->count++] = (struct named){ name, line, place };
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct named *one = a, *other = b;
	int order = strcmp(one->name, other->name);

	if (order)
		return order;
	return one->place < other->place ? -1 : one->place > other->place;
}

void names_sort(struct names *names)
{
	if (names->count)
		qsort(names->named, names->count, sizeof(*names->named), by_name);
}

const struct named *names_find(const struct names *names, const char *name)
{
	size_t first = 0, end = names->count;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(names->named[middle].name, name) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	if (first == names->count || strcmp(names->named[first].name, name))
		return NULL;
	return &names->named[first];
}

void names_free(struct names *names)
{
	free(names->named);
	*names = (struct names){ 0 };
}
