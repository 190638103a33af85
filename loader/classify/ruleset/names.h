/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of a file and where they stand: found, and found twice, in the time of a search. */
#ifndef TXPATH_CLASSIFY_RULESET_NAMES_H
#define TXPATH_CLASSIFY_RULESET_NAMES_H

#include <stddef.h>

struct named {
	const char *name; /* not owned */
	int line;
	size_t place;
};

struct names {
	struct named *named;
	size_t count;
};

/* Returns 0 or -ENOMEM. */
int names_add(struct names *names, const char *name, int line, size_t place);

/* To be called between the last names_add and the first names_find. */
void names_sort(struct names *names);

/* Of several the one with the least place. NULL: there is none. */
const struct named *names_find(const struct names *names, const char *name);

void names_free(struct names *names);

#endif /* TXPATH_CLASSIFY_RULESET_NAMES_H */
