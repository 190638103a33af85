// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A sweep line. The edges of all ranges are sorted; walking over them, the set of allowed rules
 * changes only at an edge. So an interval begins at most at each edge.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/compile/sweep.h"

/* Ranges of one rule may overlap: the rule is allowed while at least one of them is open. */
struct sweep_line {
	struct txp_rule_bitmap allowed;
	__u32 open[TXP_CLASS_RULES]; /* ranges of each rule */
};

static int add_edge(struct sweep *sweep, size_t rule, position at, int change)
{
	struct edge *edges = array_grown(sweep->edges, sweep->count, sizeof(*edges));

	if (!edges)
		return -ENOMEM;
	sweep->edges = edges;
	edges[sweep->count++] = (struct edge){ .at = at, .rule = rule, .change = change };
	return 0;
}

int sweep_add(struct sweep *sweep, size_t rule, position first, position last)
{
	int err = add_edge(sweep, rule, first, 1);

	/* last + 1 is 0 behind the last IPv6 address: that range never ends */
	if (!err && last + 1)
		err = add_edge(sweep, rule, last + 1, -1);
	return err;
}

static int compare_edges(const void *left, const void *right)
{
	position a = ((const struct edge *)left)->at, b = ((const struct edge *)right)->at;

	return (a > b) - (a < b);
}

static void cross_edge(struct sweep_line *line, const struct edge *edge)
{
	line->open[edge->rule] += edge->change;
	if (line->open[edge->rule])
		rule_bitmap_add(&line->allowed, edge->rule);
	else
		rule_bitmap_remove(&line->allowed, edge->rule);
}

/* An interval that allows the same rules as the one before it is joined to that one. */
static int add_interval(struct sweep *sweep, struct rule_bitmaps *bitmaps, position first,
			const struct txp_rule_bitmap *allowed)
{
	int bitmap = rule_bitmaps_intern(bitmaps, allowed);
	size_t count = sweep->interval_count;

	if (bitmap < 0)
		return bitmap;
	if (count && sweep->intervals[count - 1].bitmap == (__u32)bitmap)
		return 0;
	sweep->intervals[sweep->interval_count++] = (struct interval){ first, bitmap };
	return 0;
}

static int make_intervals(struct sweep *sweep, struct rule_bitmaps *bitmaps,
			  struct sweep_line *line)
{
	position at = 0;
	size_t i = 0;
	int err = 0;

	while (!err) {
		for (; i < sweep->count && sweep->edges[i].at == at; i++)
			cross_edge(line, &sweep->edges[i]);
		err = add_interval(sweep, bitmaps, at, &line->allowed);
		if (i == sweep->count)
			break;
		at = sweep->edges[i].at;
	}
	return err;
}

int sweep_run(struct sweep *sweep, struct rule_bitmaps *bitmaps)
{
	struct sweep_line *line = calloc(1, sizeof(*line));
	int err = -ENOMEM;

	sweep->intervals = calloc(sweep->count + 1, sizeof(*sweep->intervals));
	if (line && sweep->intervals) {
		if (sweep->count)
			qsort(sweep->edges, sweep->count, sizeof(*sweep->edges), compare_edges);
		line->allowed = sweep->base;
		err = make_intervals(sweep, bitmaps, line);
	}
	free(line);
	return err;
}

void sweep_free(struct sweep *sweep)
{
	free(sweep->edges);
	free(sweep->intervals);
	memset(sweep, 0, sizeof(*sweep));
}
