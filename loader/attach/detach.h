/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Detaching a device, and removing the instance after the last device of its namespace. */
#ifndef TXPATH_ATTACH_DETACH_H
#define TXPATH_ATTACH_DETACH_H

#include "state/attachments.h"

/*
 * Detaches a device, in whatever namespace it is now. home: are we in the namespace of the
 * instance? Only there filters and qdiscs can be found. Errors have been logged.
 */
int detach_device(const struct attachment *attachment, const struct instance *instance, bool home);

/* After devices were detached: removes probes that only those needed. */
int detach_unneeded(struct instance *instance);

/*
 * Restores net.ipv4.conf.lo.forwarding, removes all pins, and waits until the kernel has freed the
 * programs. Goes on after an error, and returns the first one, which has been logged. The caller
 * holds the lock and has detached the devices.
 */
int detach_instance(struct instance *instance);

#endif /* TXPATH_ATTACH_DETACH_H */
