/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Our program on one side of a device: a TCX link, or a filter on clsact (before Linux 6.6, and
 * with tc-hook=clsact). A program that is there is replaced inside its link or filter, so no packet
 * goes by without one. Replacing is fast; whatever takes time is done before, in hook_prepare().
 */
#ifndef TXPATH_ATTACH_HOOK_H
#define TXPATH_ATTACH_HOOK_H

#include "attach/change.h"

/* The knob tc-hook, in the order of its values. */
enum hook_kind {
	HOOK_AUTO,
	HOOK_TCX,
	HOOK_CLSACT,
};

/*
 * Finds our link or filter. If its program is not program_id, keeps that program open, so that it
 * can be put back. If there is no link or filter, makes one with prog_fd. On failure only the row
 * of the device has changed, and the error has been logged.
 */
int hook_prepare(struct change *change, enum tc_side side, const struct instance *instance,
		 int prog_fd, __u32 program_id, enum hook_kind kind);

/*
 * The same, but makes nothing: 0 if there is none, and then hook_replace() does nothing. The device
 * may be in another namespace.
 */
int hook_prepare_there(struct change *change, enum tc_side side, const struct instance *instance,
		       __u32 program_id);

/* Replaces the program that hook_prepare() keeps open, if it keeps one. */
int hook_replace(struct change *change, enum tc_side side, int prog_fd);

/* Exactly one of these two ends a change that was prepared. */
int hook_commit(struct change *change, enum tc_side side, const struct instance *instance);
void hook_undo(struct change *change, enum tc_side side, const struct instance *instance);

/*
 * Detaches our link, in whatever namespace the device is now. Without a link removes our filter of
 * that priority (0: leaves filters alone), in the namespace that we are in. -ENOENT: neither was
 * there.
 */
int hook_detach(enum tc_side side, const struct instance *instance, __u32 ifindex, __u32 priority);

/* Detaches a pinned link and removes the pin. -ENOENT: there is none. */
int hook_detach_pin(const char *directory, const char *pin);

#endif /* TXPATH_ATTACH_HOOK_H */
