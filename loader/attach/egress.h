/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs at TC egress: a small one in each device's hook, and the one that compares, which it
 * calls. That is the same for all devices of an instance: one store changes it for all of them.
 * They tell each other nothing, so an old first half goes with a new second one.
 */
#ifndef TXPATH_ATTACH_EGRESS_H
#define TXPATH_ATTACH_EGRESS_H

#include "state/instance.h"

/* None: the descriptors are -1. */
struct egress {
	int program_fd; /* for the hooks */
	int compare_fd;
	int old_fd; /* what compare_fd has taken the place of */
};

#define EGRESS_NONE ((struct egress){ -1, -1, -1 })

/* Silent. Owns descriptors: egress_close(). */
int egress_load(struct egress *egress, struct instance *instance);

/* To be called before the program is put in any hook. Told. */
int egress_publish(struct egress *egress, const struct instance *instance);
void egress_undo(const struct egress *egress, const struct instance *instance);

void egress_close(struct egress *egress);

#endif /* TXPATH_ATTACH_EGRESS_H */
