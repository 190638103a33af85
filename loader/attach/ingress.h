/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program at TC ingress that takes forwarded packets over: one for all devices of an
 * instance, because instance.transit_program is how it tells itself from the programs of others.
 */
#ifndef TXPATH_ATTACH_INGRESS_H
#define TXPATH_ATTACH_INGRESS_H

#include "attach/hook.h"
#include "state/attachments.h"
#include "state/probe_state.h"

/* A change that can still be undone. None: the descriptors are -1, all else is 0. */
struct transit {
	int err;	/* of transit_load() */
	int program_fd; /* that runs already, or is to run in every link */
	int packet_fd;	/* of the program that the loader itself runs, if one was asked for */
	__u32 program_id;
	int array_fd;	       /* of its tail call, to be pinned; -1: it runs already */
	struct change *others; /* devices that were not named, whose program is old */
	size_t count;
};

/* Why a device can have no transit whatever the kernel; NULL: it can. */
const char *transit_unfit(int ifindex, __u32 l2_len);

/* Programs of the same object that only the loader runs: check.h, explain.h. */
#define TRANSIT_CHECK "txpath_check"
#define TRANSIT_EXPLAIN "txpath_explain"

/*
 * Before Linux 6.2 transit cannot be without these probes; NULL: that is all of them. Needed
 * then, but not at any other time, is TXP_PROBE_RECEIVE.
 */
const struct probe_hook *transit_needs(size_t i);

/* Is there transit on another device than these? */
bool transit_is_elsewhere(const struct instance *instance, const struct device *devices,
			  size_t count);

/* Is another device than these in shadow? */
bool shadow_is_elsewhere(const struct instance *instance, const struct device *devices,
			 size_t count);

#define TRANSIT_NONE ((struct transit){ .program_fd = -1, .packet_fd = -1, .array_fd = -1 })

/*
 * Loads the program, or finds that the same one is running. Silent: transit->err and the return
 * value say why it cannot be had. question: TRANSIT_CHECK, TRANSIT_EXPLAIN, or NULL. Owns
 * descriptors: transit_close().
 */
int transit_load(struct transit *transit, struct instance *instance, const char *packet_spec);

/*
 * Attaches it behind all others on those devices that can have it; where a new program takes the
 * place of an old one, on every device of the instance. Writes row with the program's id. On
 * failure, told, no hook has changed, and the caller restores the row.
 */
int transit_attach(struct transit *transit, const struct instance *instance,
		   struct txp_instance *row, struct change *changes, size_t count,
		   enum hook_kind kind);

/* Exactly one of them ends a change. */
int transit_commit(const struct transit *transit, const struct instance *instance,
		   struct change *changes, size_t count);
void transit_undo(struct transit *transit, const struct instance *instance, struct change *changes,
		  size_t count);

/* Ends what a run that was killed had begun: its tail call is kept if the programs use it. */
int transit_recover(const struct instance *instance);

void transit_close(struct transit *transit);

/* Takes it off a device that is to go on without. Errors have been told. */
int transit_remove(struct change *change, const struct instance *instance);

#endif /* TXPATH_ATTACH_INGRESS_H */
