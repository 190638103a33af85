// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Steps as their maps have them. */
#include <errno.h>
#include <stdlib.h>

#include "classify/compile/intervals.h"

static void write_number(const struct step *step, void *to)
{
	*(struct txp_rule_interval *)to =
		(struct txp_rule_interval){ .first = step->first, .row = step->row };
}

static void write_address6(const struct step *step, void *to)
{
	*(struct txp_rule_interval6 *)to = (struct txp_rule_interval6){ .high = step->first >> 64,
									.low = step->first,
									.row = step->row };
}

const struct step_form numbers_form = {
	.size = sizeof(struct txp_rule_interval),
	.last = 0xffffffff,
	.write = write_number,
};

const struct step_form addresses6_form = {
	.size = sizeof(struct txp_rule_interval6),
	.last = ~(position)0,
	.write = write_address6,
};

int steps_append(struct steps *steps, const struct sweep *sweep, struct txp_class_span *span)
{
	const struct step_form *form = steps->form;
	char *grown = reallocarray(steps->step, steps->count + sweep->step_count, form->size);
	size_t i;

	if (!grown)
		return -ENOMEM;
	steps->step = grown;
	span->at = steps->count;
	for (i = 0; i < sweep->step_count && sweep->steps[i].first <= form->last; i++)
		form->write(&sweep->steps[i], grown + form->size * steps->count++);
	span->count = i;
	return 0;
}

void steps_free(struct steps *steps)
{
	free(steps->step);
	steps->step = NULL;
	steps->count = 0;
}
