/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Taking an instance away: the last device of its namespace has gone. */
#ifndef TXPATH_REMOVE_H
#define TXPATH_REMOVE_H

#include "instance.h"

/*
 * Removes pins and directories, gives net.ipv4.conf.lo.forwarding its old value back, and waits
 * until the kernel has let go of the programs. Everything that can be removed is; the first
 * error is returned, told. The caller holds the lock and has detached the devices.
 */
int instance_remove(const struct pins *pins, struct instance *instance);

#endif /* TXPATH_REMOVE_H */
