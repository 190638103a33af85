/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Transit, the program at TC ingress that takes over forwarded packets. All devices of an instance
 * run the same one: its guard declines if a program of others is at the hook, and it knows itself
 * by the id in instance.transit_program.
 */
#ifndef TXPATH_ATTACH_INGRESS_H
#define TXPATH_ATTACH_INGRESS_H

#include "attach/hook.h"
#include "state/attachments.h"
#include "state/probe_state.h"

/* A change that can still be undone. TRANSIT_NONE: no descriptors, all else is 0. */
struct transit {
	int err;	/* of transit_load() */
	int program_fd; /* it runs already, or is to run at every hook */
	int packet_fd;	/* of a program that the loader itself runs, -1: none */
	__u32 program_id;
	int array_fd;	       /* of its tail calls, to be pinned; -1: it runs already */
	struct change *others; /* attached devices that are not in the request */
	size_t count;
};

/* Why a device cannot have transit on any kernel; NULL: it can. */
const char *transit_unfit(int ifindex, __u32 l2_len);

/* Programs of the same object that only the loader runs: preflight.h, packet/explain.h. */
#define TRANSIT_CHECK "txpath_check"
#define TRANSIT_EXPLAIN "txpath_explain"

/*
 * The hooks that transit needs before Linux 6.2, by number; NULL: there are no more. Only then, and
 * only for transit, TXP_PROBE_RECEIVE is used.
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
 * Loads the program, or finds that the same one runs already. An error is returned and in
 * transit->err, and is not logged. extra: a program to load as well, TRANSIT_CHECK or
 * TRANSIT_EXPLAIN, or NULL. Owns descriptors: transit_close().
 */
int transit_load(struct transit *transit, struct instance *instance, const char *extra);

/*
 * Attaches the program behind all others, on the devices of the request that can have it. A new
 * program also replaces the old one on all other devices of the instance. Writes the row with its
 * id. On failure no hook has changed, the error has been logged, and the caller restores the row.
 */
int transit_attach(struct transit *transit, const struct instance *instance,
		   struct txp_instance *row, struct change *changes, size_t count,
		   enum hook_kind kind);

/* Exactly one of these two ends a change. */
int transit_commit(const struct transit *transit, const struct instance *instance,
		   struct change *changes, size_t count);
void transit_undo(struct transit *transit, const struct instance *instance, struct change *changes,
		  size_t count);

/* After a killed run: keeps its staged tail calls if the program of the row uses them. */
int transit_recover(const struct instance *instance);

void transit_close(struct transit *transit);

/* Detaches it from a device that stays attached without it. Errors have been logged. */
int transit_remove(struct change *change, const struct instance *instance);

#endif /* TXPATH_ATTACH_INGRESS_H */
