/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the files of compile(): each compiles the rules' conditions of one kind. */
#ifndef TXPATH_CLASSIFY_COMPILE_COMPILATION_H
#define TXPATH_CLASSIFY_COMPILE_COMPILATION_H

#include <errno.h>

#include "classify/compile/compile.h"

struct compilation {
	const struct ruleset *ruleset;
	struct compiled *compiled; /* filled by all of them */
	ruleset_error_fn error;
	void *context; /* of error */
};

/*
 * Numbers: by a table where there are few values, else by steps. Addresses, by steps. Marks and
 * cgroups, by the values themselves. They return 0, -EINVAL (told), -ENOMEM, or -E2BIG: too many
 * rows.
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
