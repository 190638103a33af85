/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The content of the maps "rule_intervals" and "rule_intervals6". The intervals of several sweeps
 * lie in one map, one sweep after the other; a span says where those of one sweep are.
 */
#ifndef TXPATH_CLASSIFY_COMPILE_INTERVALS_H
#define TXPATH_CLASSIFY_COMPILE_INTERVALS_H

#include "classify/compile/sweep.h"

/* How the map stores an interval. */
struct interval_format {
	size_t size;   /* bytes */
	position last; /* the largest number that the map can hold */
	void (*write)(const struct interval *interval, void *to);
};

/* struct txp_rule_interval: numbers and IPv4 addresses. */
extern const struct interval_format interval_format32;
/* struct txp_rule_interval6: IPv6 addresses. */
extern const struct interval_format interval_format128;

struct intervals {
	const struct interval_format *format; /* set by the caller; all else begins as 0 */
	void *interval;			      /* owned: intervals_free() */
	size_t count;
};

/* Appends the result of a sweep that has run, and fills span. Returns 0 or -ENOMEM. */
int intervals_append(struct intervals *intervals, const struct sweep *sweep,
		     struct txp_class_span *span);

void intervals_free(struct intervals *intervals);

#endif /* TXPATH_CLASSIFY_COMPILE_INTERVALS_H */
