/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the ranges of many rules to the places on a line of numbers where the set of rules changes
 * that allow a number.
 */
#ifndef TXPATH_CLASSIFY_COMPILE_SWEEP_H
#define TXPATH_CLASSIFY_COMPILE_SWEEP_H

#include "classify/compile/rule_bitmaps.h"

typedef unsigned __int128 position; /* an IPv6 address is the longest number */

struct edge {
	position at;
	__u16 rule;
	__s8 change; /* 1: a range of the rule begins, -1: it has ended */
};

struct step {
	position first; /* from here on */
	__u32 row;
};

struct sweep {
	struct edge *edges;
	size_t count;
	struct txp_rule_bitmap base; /* rules that allow every number */
	struct step *steps;	     /* the outcome: sorted, the first one at 0 */
	size_t step_count;
};

/* One range, both ends inclusive; a rule may have many. -ENOMEM */
int sweep_add(struct sweep *sweep, size_t rule, position first, position last);

/* Makes the steps; at most TXP_CLASS_RULES rules. Negative errno as rows_place(). */
int sweep_run(struct sweep *sweep, struct rows *rows);

void sweep_free(struct sweep *sweep);

#endif /* TXPATH_CLASSIFY_COMPILE_SWEEP_H */
