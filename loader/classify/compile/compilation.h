/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Shared by compile() and the files that compile one kind of condition each. */
#ifndef TXPATH_CLASSIFY_COMPILE_COMPILATION_H
#define TXPATH_CLASSIFY_COMPILE_COMPILATION_H

#include <errno.h>

#include "classify/compile/compile.h"

struct compilation {
	const struct ruleset *ruleset;
	struct compiled *compiled; /* the result, filled step by step */
	ruleset_error_fn error;
	void *context; /* of error */
};

/*
 * Numbers: those with few values go into tables, the others into intervals. Addresses go into
 * intervals. Marks and cgroups go into a hash table. All return 0, -EINVAL (reported), -ENOMEM, or
 * -E2BIG: more than RULE_BITMAPS_MAX bitmaps.
 */
int compile_numbers(const struct compilation *c);
int compile_addresses(const struct compilation *c);
int compile_values(const struct compilation *c);

/* Reports an error of the file at that line (0: of the whole file). Returns -EINVAL. */
static inline int compile_refuse(const struct compilation *c, int line, const char *message)
{
	c->error(line, message, c->context);
	return -EINVAL;
}

#endif /* TXPATH_CLASSIFY_COMPILE_COMPILATION_H */
