/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Errors of a file of rules. They are collected and not printed at once, because an operator wants
 * all errors of a file in one run, and in the order of its lines.
 */
#ifndef TXPATH_CLASSIFY_RULESET_ERRORS_H
#define TXPATH_CLASSIFY_RULESET_ERRORS_H

#include <stddef.h>

#include "classify/ruleset/ruleset.h"

/* For a piece of the file in a message: it may be long. */
#define QUOTED "\"%.48s\""

struct error;

struct errors {
	struct error *errors;
	size_t count;
	int err; /* 0 or -ENOMEM: then the errors are not complete */
};

/*
 * Adds an error. line counts from 1; 0: the whole file. Bytes that are not printable ASCII become
 * '?', because a file could otherwise send control sequences to the operator's terminal.
 */
void errors_add(struct errors *errors, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Notes that memory ran out: what was read so far must not be used. */
void errors_no_memory(struct errors *errors);

/* Calls report for each error, in the order of lines. */
void errors_report(struct errors *errors, ruleset_error_fn report, void *context);

void errors_free(struct errors *errors);

#endif /* TXPATH_CLASSIFY_RULESET_ERRORS_H */
