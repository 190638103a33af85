/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names that a file defines, and the lines where. Used to find a name, and to find one that is
 * defined twice.
 */
#ifndef TXPATH_CLASSIFY_RULESET_NAMES_H
#define TXPATH_CLASSIFY_RULESET_NAMES_H

#include <stddef.h>

struct named {
	const char *name; /* not owned */
	int line;
	size_t place; /* index of what is named; the user decides in which array */
};

struct names {
	struct named *named;
	size_t count;
};

/* Returns 0 or -ENOMEM. */
int names_add(struct names *names, const char *name, int line, size_t place);

/* Call it after the last names_add() and before the first names_find(). */
void names_sort(struct names *names);

/* Of several entries the one with the lowest place. NULL: there is no such name. */
const struct named *names_find(const struct names *names, const char *name);

void names_free(struct names *names);

#endif /* TXPATH_CLASSIFY_RULESET_NAMES_H */
