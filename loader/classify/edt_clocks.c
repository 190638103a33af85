// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Classes of two files are the same class if they have the same name: they have no other identity.
 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <bpf/bpf.h>

#include "classify/edt_clocks.h"

#define NO_CLOCK (~0U)

struct assignment {
	__u32 clock[TXP_CLASSES]; /* of each class of the new file */
	bool used[TXP_EDT_CLOCKS];
};

static bool has_rate(const struct txp_class *action)
{
	return action->sets & TXP_CLASS_SETS_TIME && action->clock < TXP_EDT_CLOCKS;
}

static __u32 clock_before(const struct loaded_rules *before, const char *class)
{
	__u32 i;

	for (i = 0; i < before->rules; i++) {
		if (has_rate(&before->actions[i]) && !strcmp(before->names[i].class, class))
			return before->actions[i].clock;
	}
	return NO_CLOCK;
}

/* Without this a new class would wait for the last packet of the class that had the clock. */
static int clear_clock(const struct loaded_rules *before, __u32 clock)
{
	const char nothing[TXP_EDT_CLOCK_SIZE] = { 0 };

	if (before->edt_clocks_fd < 0)
		return 0;
	return bpf_map_update_elem(before->edt_clocks_fd, &clock, nothing, BPF_F_LOCK) ? -errno : 0;
}

/*
 * Takes a clock that the rules in force do not use: they stay in force until these are published.
 * There are twice as many clocks as classes, so that one is free.
 */
static int take_free_clock(struct assignment *assignment, const struct loaded_rules *before,
			   __u32 *clock)
{
	for (*clock = 0; *clock < TXP_EDT_CLOCKS && assignment->used[*clock]; (*clock)++)
		;
	if (*clock == TXP_EDT_CLOCKS)
		return -ENOSPC;
	assignment->used[*clock] = true;
	return clear_clock(before, *clock);
}

static int assign(struct assignment *assignment, const struct loaded_rules *before,
		  const char *class, struct txp_class *action)
{
	__u32 *clock = &assignment->clock[action->clock]; /* compile() left the class there */
	int err = 0;

	if (*clock == NO_CLOCK)
		*clock = clock_before(before, class);
	if (*clock == NO_CLOCK)
		err = take_free_clock(assignment, before, clock);
	action->clock = *clock;
	return err;
}

int edt_clocks_assign(struct compiled *compiled, const struct loaded_rules *before)
{
	struct assignment assignment = { 0 };
	__u32 i;
	int err = 0;

	memset(assignment.clock, 0xff, sizeof(assignment.clock)); /* NO_CLOCK */
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
