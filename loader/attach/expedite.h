/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Many TCX links in a moment. For each that comes or goes the kernel waits for all readers, with
 * the rtnl lock held (tcx_entry_sync): 10 to 30 ms, for which nobody else can change a device.
 * Expedited, as when a device itself comes or goes (synchronize_net), it is less than 0.1 ms.
 */
#ifndef TXPATH_ATTACH_EXPEDITE_H
#define TXPATH_ATTACH_EXPEDITE_H

#include <stddef.h>
#include <sys/types.h>

struct expedite {
	int alive;   /* the guard's pipe, -1: nothing was switched */
	pid_t guard; /* process that switches back, also when we are killed */
};

/*
 * Switches /sys/kernel/rcu_expedited on for so many links. Few are not worth it, and where it
 * cannot be switched all just takes longer.
 */
void expedite_begin(struct expedite *expedite, size_t links);

/* As it was before. */
void expedite_end(struct expedite *expedite);

#endif /* TXPATH_ATTACH_EXPEDITE_H */
