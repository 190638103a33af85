/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The two programs at TC egress: a small one in the hook of each device, which calls the one that
 * compares. All devices of an instance call the same one through the map egress_calls, so one store
 * replaces it for all. The two share no state of a packet, so during an attach an old small program
 * may call the new one.
 */
#ifndef TXPATH_ATTACH_EGRESS_H
#define TXPATH_ATTACH_EGRESS_H

#include "state/instance.h"

/* None: the descriptors are -1. */
struct egress {
	int program_fd; /* for the hooks */
	int compare_fd;
	int old_fd; /* the program that compare_fd has replaced */
};

#define EGRESS_NONE ((struct egress){ -1, -1, -1 })

/* Errors are not logged. Owns descriptors: egress_close(). */
int egress_load(struct egress *egress, struct instance *instance);

/* Before the program is in any hook: it must have something to call. Errors have been logged. */
int egress_publish(struct egress *egress, const struct instance *instance);
void egress_undo(const struct egress *egress, const struct instance *instance);

void egress_close(struct egress *egress);

#endif /* TXPATH_ATTACH_EGRESS_H */
