// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* By name: a class has no other identity from file to file. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "classify/edt_clocks.h"

#define NO_ROW (~0U)

struct assignment {
	__u32 row[TXP_CLASSES]; /* of each class of the new file */
	bool used[TXP_EDT_CLOCKS];
};

static bool has_rate(const struct txp_class *action)
{
	return action->sets & TXP_CLASS_SETS_TIME && action->clock < TXP_EDT_CLOCKS;
}

static __u32 row_before(const struct loaded *before, const char *class)
{
	__u32 i;

	for (i = 0; i < before->rules; i++) {
		if (has_rate(&before->actions[i]) && !strcmp(before->names[i].class, class))
			return before->actions[i].clock;
	}
	return NO_ROW;
}

/* What an earlier class has left there is over. */
static int clear_row(const struct loaded *before, __u32 row)
{
	const char nothing[TXP_EDT_CLOCK_SIZE] = { 0 };

	if (before->edt_clocks_fd < 0)
		return 0;
	return bpf_map_update_elem(before->edt_clocks_fd, &row, nothing, BPF_F_LOCK) ? -errno : 0;
}

/* Not one of the rules that are in force until these are. There are twice as many as classes. */
static int free_row(struct assignment *assignment, const struct loaded *before, __u32 *row)
{
	for (*row = 0; *row < TXP_EDT_CLOCKS && assignment->used[*row]; (*row)++)
		;
	if (*row == TXP_EDT_CLOCKS)
		return -ENOSPC;
	assignment->used[*row] = true;
	return clear_row(before, *row);
}

static int assign(struct assignment *assignment, const struct loaded *before, const char *class,
		  struct txp_class *action)
{
	__u32 *row = &assignment->row[action->clock];
	int err = 0;

	if (*row == NO_ROW)
		*row = row_before(before, class);
	if (*row == NO_ROW)
		err = free_row(assignment, before, row);
	action->clock = *row;
	return err;
}

int edt_clocks_assign(struct compiled *compiled, const struct loaded *before)
{
	struct assignment assignment = { 0 };
	__u32 i;
	int err = 0;

	memset(assignment.row, 0xff, sizeof(assignment.row));
	for (i = 0; i < before->rules; i++) {
		if (has_rate(&before->actions[i]))
			assignment.used[before->actions[i].clock] = true;
	}
	for (i = 0; i < compiled->plan.rules && !err; i++) {
		if (compiled->actions[i].sets & TXP_CLASS_SETS_TIME)
			err = assign(&assignment, before, compiled->names[i].class,
				     &compiled->actions[i]);
	}
	return err;
}
