// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A sweep line. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "classify/compile/sweep.h"

static int edge_add(struct sweep *sweep, size_t rule, position at, int change)
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
	int err = edge_add(sweep, rule, first, 1);

	/* nothing is behind the last address */
	if (!err && last + 1)
		err = edge_add(sweep, rule, last + 1, -1);
	return err;
}

static int compare_edges(const void *left, const void *right)
{
	position a = ((const struct edge *)left)->at, b = ((const struct edge *)right)->at;

	return (a > b) - (a < b);
}

/* Ranges of one rule may overlap: it is in the row while one of them is open. */
struct line {
	struct txp_rule_bitmap row;
	__u32 open[TXP_CLASS_RULES];
};

static void line_move(struct line *line, const struct edge *edge)
{
	line->open[edge->rule] += edge->change;
	if (line->open[edge->rule])
		row_add(&line->row, edge->rule);
	else
		row_remove(&line->row, edge->rule);
}

static int step_add(struct sweep *sweep, struct rows *rows, position first,
		    const struct txp_rule_bitmap *row)
{
	int place = rows_place(rows, row);

	if (place < 0)
		return place;
	if (sweep->step_count && sweep->steps[sweep->step_count - 1].row == (__u32)place)
		return 0;
	sweep->steps[sweep->step_count++] = (struct step){ .first = first, .row = place };
	return 0;
}

static int make_steps(struct sweep *sweep, struct rows *rows, struct line *line)
{
	position at = 0;
	size_t i = 0;
	int err = 0;

	while (!err) {
		for (; i < sweep->count && sweep->edges[i].at == at; i++)
			line_move(line, &sweep->edges[i]);
		err = step_add(sweep, rows, at, &line->row);
		if (i == sweep->count)
			break;
		at = sweep->edges[i].at;
	}
	return err;
}

int sweep_run(struct sweep *sweep, struct rows *rows)
{
	struct line *line = calloc(1, sizeof(*line));
	int err = -ENOMEM;

	sweep->steps = calloc(sweep->count + 1, sizeof(*sweep->steps));
	if (line && sweep->steps) {
		if (sweep->count)
			qsort(sweep->edges, sweep->count, sizeof(*sweep->edges), compare_edges);
		line->row = sweep->base;
		err = make_steps(sweep, rows, line);
	}
	free(line);
	return err;
}

void sweep_free(struct sweep *sweep)
{
	free(sweep->edges);
	free(sweep->steps);
	memset(sweep, 0, sizeof(*sweep));
}
