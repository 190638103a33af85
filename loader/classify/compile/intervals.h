/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The steps of several sweeps, one behind the other: what a map of steps becomes. */
#ifndef TXPATH_CLASSIFY_COMPILE_INTERVALS_H
#define TXPATH_CLASSIFY_COMPILE_INTERVALS_H

#include "classify/compile/sweep.h"

/* How a step lies in the map. */
struct step_form {
	size_t size;   /* bytes */
	position last; /* the largest number: what is behind it is none */
	void (*write)(const struct step *step, void *to);
};

/* Of the map "rule_intervals", struct txp_rule_interval; of "rule_intervals6", struct
 * txp_rule_interval6. */
extern const struct step_form numbers_form;
extern const struct step_form addresses6_form;

struct steps {
	const struct step_form *form; /* set by the caller, all else is 0 */
	void *step;		      /* owned: steps_free() */
	size_t count;
};

/* Adds those of one sweep, which has been run; span says where they are. -ENOMEM */
int steps_append(struct steps *steps, const struct sweep *sweep, struct txp_class_span *span);

void steps_free(struct steps *steps);

#endif /* TXPATH_CLASSIFY_COMPILE_INTERVALS_H */
