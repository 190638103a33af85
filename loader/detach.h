/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Taking an instance away: the last device of its namespace has gone. */
#ifndef TXPATH_DETACH_H
#define TXPATH_DETACH_H

#include "instance.h"

/*
 * Removes pins, gives net.ipv4.conf.lo.forwarding its old value back, and waits
 * until the kernel has let go of the programs. Everything that can be removed is; the first
 * error is returned, told. The caller holds the lock and has detached the devices.
 */
int detach_instance(struct instance *instance);

#endif /* TXPATH_DETACH_H */
