/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One device while it is being attached: its rows in the maps, the clsact qdisc, and a program on
 * each side. A row is written before each step that it describes, so that what a killed run
 * leaves can be told from what is others'.
 */
#ifndef TXPATH_ATTACH_CHANGE_H
#define TXPATH_ATTACH_CHANGE_H

#include "lib/device.h"
#include "state/instance.h"
#include "lib/tc.h"

/* Of struct txp_device.clsact. */
enum clsact {
	CLSACT_OTHERS, /* or none */
	CLSACT_OURS,   /* as long as a filter of ours is on it: else it may be another one by now */
	CLSACT_NEW,    /* ours, and our filter is yet to come */
};

/* Our program on one side: see hook.h. */
struct hook {
	int link_fd;	 /* of TCX, else -1 */
	int old_prog_fd; /* that ours takes the place of, else -1 */
	bool made;	 /* there was none */
};

/* A change that can still be undone, of a device in the namespace that we are in. */
struct change {
	struct device device;
	struct txp_device_key key;
	struct txp_device old_row;
	struct txp_device row; /* as it is in the map */
	bool had_row;
	bool made_qdisc;
	struct hook hook[TC_SIDES];
};

/*
 * The device is filled in. Adds its rows; what killed runs had left is removed already. On failure,
 * told, nothing has changed. Owns descriptors: change_close().
 */
int change_begin(struct change *change, const struct instance *instance);

/* The same for a device that is attached already and was not named: its row is only read. */
void change_read(struct change *change, const struct instance *instance,
		 const struct txp_device_key *key);

/* Errors have been told. */
int change_write(const struct change *change, const struct instance *instance);

/* A clsact qdisc, for a filter of ours. */
int change_need_qdisc(struct change *change, const struct instance *instance);

/* The rows as they were, and no qdisc of ours that was not there; after the hooks were undone. */
void change_undo(struct change *change, const struct instance *instance);

void change_close(struct change *change);

/* All rows of a device. */
void change_delete_rows(const struct instance *instance, const struct txp_device_key *key);

/* Where a row has the priority of the filter on that side. */
__u32 *change_priority(struct txp_device *row, enum tc_side side);

#endif /* TXPATH_ATTACH_CHANGE_H */
