/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is wrong in a file of rules, kept until all of it was read. */
#ifndef TXPATH_CLASSIFY_RULESET_ERRORS_H
#define TXPATH_CLASSIFY_RULESET_ERRORS_H

#include <stddef.h>

#include "classify/ruleset/ruleset.h"

/* What the file says, in a message: it may be long. */
#define QUOTED "\"%.48s\""

struct error;

struct errors {
	struct error *errors;
	size_t count;
	int err; /* -ENOMEM: not even the errors are all here */
};

/* Message in ASCII: other bytes, which a terminal might obey, are shown as '?'. */
void errors_add(struct errors *errors, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* There was no memory: nothing that was read counts. */
void errors_no_memory(struct errors *errors);

/* In the order of lines. */
void errors_report(struct errors *errors, ruleset_error_fn report, void *context);

void errors_free(struct errors *errors);

#endif /* TXPATH_CLASSIFY_RULESET_ERRORS_H */
