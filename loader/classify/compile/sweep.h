/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns the ranges of many rules into intervals of a number line. Every number of one interval
 * allows the same rules, so the program finds a packet's rules with one binary search.
 */
#ifndef TXPATH_CLASSIFY_COMPILE_SWEEP_H
#define TXPATH_CLASSIFY_COMPILE_SWEEP_H

#include "classify/compile/rule_bitmaps.h"

typedef unsigned __int128 position; /* an IPv6 address is the longest number */

struct edge {
	position at;
	__u16 rule;
	__s8 change; /* 1: a range of the rule begins here, -1: it ended before */
};

/* Ends where the next interval of the sweep begins. */
struct interval {
	position first;
	__u32 bitmap; /* index in struct rule_bitmaps */
};

/* All zero before the first range is added. */
struct sweep {
	struct edge *edges;
	size_t count;
	struct txp_rule_bitmap base; /* rules that allow every number; set by the caller */
	struct interval *intervals;  /* the result: sorted, the first one begins at 0 */
	size_t interval_count;
};

/* Adds a range of a rule, both ends inclusive. A rule may have many. Returns 0 or -ENOMEM. */
int sweep_add(struct sweep *sweep, size_t rule, position first, position last);

/* Makes the intervals. Returns 0, or a negative errno as rule_bitmaps_intern(). */
int sweep_run(struct sweep *sweep, struct rule_bitmaps *bitmaps);

void sweep_free(struct sweep *sweep);

#endif /* TXPATH_CLASSIFY_COMPILE_SWEEP_H */
