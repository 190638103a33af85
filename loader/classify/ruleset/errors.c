// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The reader goes section by section, whatever their order in the file is. So errors are sorted by
 * line before they are reported.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/array.h"
#include "classify/ruleset/errors.h"

struct error {
	int line;
	size_t order; /* in which it was added: decides between errors of one line */
	char *message;
};

void errors_no_memory(struct errors *errors)
{
	errors->err = -ENOMEM;
}

static void make_printable(char *text)
{
	for (; *text; text++) {
		if (*text < ' ' || *text > '~')
			*text = '?';
	}
}

void errors_add(struct errors *errors, int line, const char *format, ...)
{
	struct error *grown;
	char *message;
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&message, format, args);
	va_end(args);
	if (length < 0) {
		errors_no_memory(errors);
		return;
	}
	make_printable(message);
	grown = array_grown(errors->errors, errors->count, sizeof(*grown));
	if (!grown) {
		errors_no_memory(errors);
		free(message);
		return;
	}
	errors->errors = grown;
	grown[errors->count] = (struct error){ line, errors->count, message };
	errors->count++;
}

static int by_line(const void *a, const void *b)
{
	const struct error *one = a, *other = b;

	if (one->line != other->line)
		return one->line < other->line ? -1 : 1;
	return one->order < other->order ? -1 : 1;
}

void errors_report(struct errors *errors, ruleset_error_fn report, void *context)
{
	size_t i;

	if (errors->count)
		qsort(errors->errors, errors->count, sizeof(*errors->errors), by_line);
	for (i = 0; i < errors->count; i++)
		report(errors->errors[i].line, errors->errors[i].message, context);
}

void errors_free(struct errors *errors)
{
	size_t i;

	for (i = 0; i < errors->count; i++)
		free(errors->errors[i].message);
	free(errors->errors);
	*errors = (struct errors){ 0 };
}
