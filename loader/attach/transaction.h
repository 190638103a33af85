/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Between the files of attach_devices(): an attach on its way. Errors of all functions have been
 * told, as negative errno.
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
	struct instance instance; /* its row: as it was, but for what the kernel has */
	struct txp_instance row;  /* as it is to be */
	bool fresh;		  /* nothing was pinned before */
	struct egress egress;
	struct transit transit;
	struct verify_hooks_context verify; /* of hooks */
	struct hook_set hooks;
	bool new_probes; /* else those attached are the same and stay */
	bool set_forwarding;
	int lo_forwarding;	/* of the instance before that */
	struct change *changes; /* one for each device */
};

/*
 * attach_load.c: egress and, if it is asked for, transit, beside what is attached. Descriptors are
 * egress' and transit's, also on failure.
 */
int transaction_load(struct transaction *t);

/*
 * Transit cannot be had, for that reason: an error in offload, else noted in transit.err, and
 * transit is as if it had not been asked for.
 */
int transaction_without_transit(struct transaction *t, int err, const char *reason);

/*
 * attach_probes.c: the programs of the probes, beside what is attached and silent, and what the
 * row says of them. t->hooks owns them from here on, also on failure.
 */
int transaction_prepare_probes(struct transaction *t);

/* attach_row.c: what programs must know of the kernel, written to the map; what was asked for. */
int transaction_write_kernel(struct transaction *t);
void transaction_set_row(struct transaction *t);

/*
 * attach_device.c: the program at egress of all devices, or of none; its undoing; and with
 * transit in place, their modes, after which nothing is undone.
 */
int transaction_change_devices(const struct transaction *t);
void transaction_undo_devices(const struct transaction *t);
int transaction_change_modes(const struct transaction *t);

#endif /* TXPATH_ATTACH_TRANSACTION_H */
