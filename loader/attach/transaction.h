/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The state of one attach, shared by the files of attach_devices(). All functions return a negative
 * errno that has been logged.
 */
#ifndef TXPATH_ATTACH_TRANSACTION_H
#define TXPATH_ATTACH_TRANSACTION_H

#include "attach/attach.h"
#include "attach/egress.h"
#include "probes/verify.h"
#include "attach/ingress.h"

struct transaction {
	const struct attach_request *request;
	const struct pins *pins;
	struct instance instance; /* its row is the old one, for undoing */
	struct txp_instance row;  /* the new one */
	bool fresh;		  /* nothing was pinned before */
	struct egress egress;
	struct transit transit;
	struct verify_hooks_context verify; /* of hooks */
	struct hook_set hooks;
	bool new_probes; /* else the attached programs are the same and stay */
	bool set_forwarding;
	int lo_forwarding;	/* of the old row */
	struct change *changes; /* one for each device */
};

/*
 * load.c: loads the programs for egress and, if the request says so, transit, beside what is
 * attached. t->egress and t->transit own descriptors, also on failure.
 */
int transaction_load(struct transaction *t);

/*
 * load.c: transit is not possible here, for that reason. In offload this is an error. In shadow
 * transit.err keeps it for status, and the attach goes on without transit.
 */
int transaction_without_transit(struct transaction *t, int err, const char *reason);

/*
 * probes.c: loads the programs of the probes beside what is attached, and fills in what the row
 * says of them. They do nothing yet. t->hooks owns them from here on, also on failure.
 */
int transaction_prepare_probes(struct transaction *t);

/* row.c: writes what programs must know of the kernel; fills in the knobs. */
int transaction_write_kernel(struct transaction *t);
void transaction_set_row(struct transaction *t);

/*
 * device.c: puts the program at egress of all devices, or of none, and undoes that. The modes come
 * last, when transit is in place, and are not undone.
 */
int transaction_change_devices(const struct transaction *t);
void transaction_undo_devices(const struct transaction *t);
int transaction_change_modes(const struct transaction *t);

#endif /* TXPATH_ATTACH_TRANSACTION_H */
