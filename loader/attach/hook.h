/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our program on one side of a device: a TCX link, or a filter on clsact. First all is prepared,
 * then programs are put in the place of old ones: a link or filter stays where it is, without a
 * gap.
 */
#ifndef TXPATH_ATTACH_HOOK_H
#define TXPATH_ATTACH_HOOK_H

#include "attach/change.h"

/* In the order of the values of tc-hook. */
enum hook_kind {
	HOOK_AUTO,
	HOOK_TCX,
	HOOK_CLSACT,
};

/*
 * Finds what is there, and holds its program if it is not program_id; else makes a link or filter
 * with prog_fd. Errors have been told, and nothing has changed but the device's row.
 */
int hook_prepare(struct change *change, enum tc_side side, const struct instance *instance,
		 int prog_fd, __u32 program_id, enum hook_kind kind);

/* Only what is there, wherever the device is now. None: 0, and hook_replace() does nothing. */
int hook_prepare_there(struct change *change, enum tc_side side, const struct instance *instance,
		       __u32 program_id);

/* Puts the program in the place of the one that is held, if one is. */
int hook_replace(struct change *change, enum tc_side side, int prog_fd);

/* Exactly one of them ends a change that was prepared. */
int hook_commit(struct change *change, enum tc_side side, const struct instance *instance);
void hook_undo(struct change *change, enum tc_side side, const struct instance *instance);

/*
 * Takes our link off a device, wherever it is now, and with its namespace entered, our filter.
 * -ENOENT: there is neither. priority 0: leave the filter alone.
 */
int hook_detach(enum tc_side side, const struct instance *instance, __u32 ifindex, __u32 priority);

/* A pinned link, and the pin. -ENOENT: there is none. */
int hook_detach_pin(const char *directory, const char *pin);

#endif /* TXPATH_ATTACH_HOOK_H */
