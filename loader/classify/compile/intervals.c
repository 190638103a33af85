// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Intervals in the layout of their maps, so that program.c can copy them as they are. */
#include <errno.h>
#include <stdlib.h>

#include "classify/compile/intervals.h"

static void write32(const struct interval *interval, void *to)
{
	*(struct txp_rule_interval *)to =
		(struct txp_rule_interval){ .first = interval->first, .bitmap = interval->bitmap };
}

static void write128(const struct interval *interval, void *to)
{
	*(struct txp_rule_interval6 *)to = (struct txp_rule_interval6){
		.high = interval->first >> 64, .low = interval->first, .bitmap = interval->bitmap
	};
}

const struct interval_format interval_format32 = {
	.size = sizeof(struct txp_rule_interval),
	.last = 0xffffffff,
	.write = write32,
};

const struct interval_format interval_format128 = {
	.size = sizeof(struct txp_rule_interval6),
	.last = ~(position)0,
	.write = write128,
};

int intervals_append(struct intervals *intervals, const struct sweep *sweep,
		     struct txp_class_span *span)
{
	const struct interval_format *format = intervals->format;
	char *grown = reallocarray(intervals->interval, intervals->count + sweep->interval_count,
				   format->size);
	size_t i;

	if (!grown)
		return -ENOMEM;
	intervals->interval = grown;
	span->at = intervals->count;
	/* a range up to 0xffffffff ends at 2^32, where the last interval of the sweep begins */
	for (i = 0; i < sweep->interval_count && sweep->intervals[i].first <= format->last; i++)
		format->write(&sweep->intervals[i], grown + format->size * intervals->count++);
	span->count = i;
	return 0;
}

void intervals_free(struct intervals *intervals)
{
	free(intervals->interval);
	intervals->interval = NULL;
	intervals->count = 0;
}
