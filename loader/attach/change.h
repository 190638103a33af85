/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One device while it is being attached: its rows in the maps, the clsact qdisc, and a program on
 * each side. The row is written before each step that it describes. So when a run is killed, the
 * row says which qdiscs and filters are txpath's, and others' are left alone.
 */
#ifndef TXPATH_ATTACH_CHANGE_H
#define TXPATH_ATTACH_CHANGE_H

#include "lib/device.h"
#include "state/instance.h"
#include "lib/tc.h"

/* Of struct txp_device.clsact. */
enum clsact {
	CLSACT_OTHERS, /* or none */
	CLSACT_OURS,   /* txpath made it; without our filter it may be another one by now */
	CLSACT_NEW,    /* txpath makes it, and our filter is not on it yet */
};

/* Our program on one side: see hook.h. */
struct hook {
	int link_fd;	 /* of TCX, else -1 */
	int old_prog_fd; /* the program that ours replaces, else -1 */
	bool made;	 /* the link or filter is new */
};

/* A change of a device in the namespace that we are in. It can be undone until it is closed. */
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
 * The caller has filled in the device, and recover() has run. Adds its rows. On failure nothing has
 * changed, and the error has been logged. Owns descriptors: change_close().
 */
int change_begin(struct change *change, const struct instance *instance);

/* Begins a change of a device that is attached already, with its row as it is. */
void change_read(struct change *change, const struct instance *instance,
		 const struct txp_device_key *key);

/* Writes the row. Errors have been logged. */
int change_write(const struct change *change, const struct instance *instance);

/* Makes a clsact qdisc for our filter unless there is one. Errors have been logged. */
int change_need_qdisc(struct change *change, const struct instance *instance);

/* Restores the rows and removes the qdisc, if it is new. The hooks must be undone before. */
void change_undo(struct change *change, const struct instance *instance);

void change_close(struct change *change);

/* Deletes all rows of a device. */
void change_delete_rows(const struct instance *instance, const struct txp_device_key *key);

/* The member of a row with the priority of the filter on that side. */
__u32 *change_priority(struct txp_device *row, enum tc_side side);

#endif /* TXPATH_ATTACH_CHANGE_H */
