/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Taking a device out, and an instance away when the last device of its namespace has gone. */
#ifndef TXPATH_ATTACH_DETACH_H
#define TXPATH_ATTACH_DETACH_H

#include "state/attachments.h"

/*
 * Takes a device out, wherever it is now. home: are we in the namespace of the instance, where
 * filters and qdiscs can be found? Errors have been told.
 */
int detach_device(const struct attachment *attachment, const struct instance *instance, bool home);

/* Takes away what only the devices that have gone have needed. */
int detach_unneeded(struct instance *instance);

/*
 * Removes pins, gives net.ipv4.conf.lo.forwarding its old value back, and waits
 * until the kernel has let go of the programs. Everything that can be removed is; the first
 * error is returned, told. The caller holds the lock and has detached the devices.
 */
int detach_instance(struct instance *instance);

#endif /* TXPATH_ATTACH_DETACH_H */
