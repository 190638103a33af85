/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The knobs of include/txpath/knobs.h as a table: read from words, written to their members. */
#ifndef TXPATH_ATTACH_KNOBS_H
#define TXPATH_ATTACH_KNOBS_H

#include <stdbool.h>

#include "attach/attach.h"

struct knob {
	const char *name;
	enum txp_knob_unit unit;
	const char *values;  /* words separated by a space, or FIRST..LAST */
	const char *initial; /* the default */
	bool is_row;   /* the member is of struct txp_instance, else of struct attach_request */
	size_t offset; /* of the member, and its size */
	size_t size;
	const char *meaning;
};

/* By enum txp_knob. */
extern const struct knob knobs[TXP_KNOB_COUNT];

/* "ms"; "" for words and plain numbers. */
const char *knob_unit_text(const struct knob *knob);

#define KNOB_TEXT_MAX 96

/* "a number from 1 to 60000 (ms)", "auto, on or off". Returns text, of KNOB_TEXT_MAX bytes. */
const char *knob_range_text(const struct knob *knob, char *text);

/* All knobs of the request at their defaults. */
void knobs_reset(struct attach_request *request);

/*
 * A word NAME=VALUE. Returns 0, -ENOENT: there is no knob of that name, or -ERANGE: *which is the
 * knob, and its range does not have the value.
 */
int knob_parse(const char *word, struct attach_request *request, enum txp_knob *which);

/*
 * Writes members of the row: all if fresh, else those that were given. What the request's own
 * members have at that time is kept in the row for txpath status -v.
 */
void knobs_to_row(const struct attach_request *request, bool fresh, struct txp_instance *row);

/* The word in force of a knob of words. Returns text, of KNOB_TEXT_MAX bytes. */
const char *knob_word_in_force(const struct txp_instance *row, enum txp_knob which, char *text);

#endif /* TXPATH_ATTACH_KNOBS_H */
