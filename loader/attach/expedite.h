/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Attaching to many devices would stop the host's network administration for seconds: for each TCX
 * link the kernel waits for an RCU grace period with the rtnl lock held (tcx_entry_sync), 10 to 30
 * ms. An expedited grace period takes less than 0.1 ms; synchronize_net uses it for devices too.
 */
#ifndef TXPATH_ATTACH_EXPEDITE_H
#define TXPATH_ATTACH_EXPEDITE_H

#include <stddef.h>
#include <sys/types.h>

struct expedite {
	int alive;   /* pipe to the guard process, -1: nothing was switched */
	pid_t guard; /* it switches back, also when we are killed */
};

/*
 * Switches /sys/kernel/rcu_expedited on, if there are many links. If it cannot be switched,
 * attaching only takes longer.
 */
void expedite_begin(struct expedite *expedite, size_t links);

/* Switches it back. */
void expedite_end(struct expedite *expedite);

#endif /* TXPATH_ATTACH_EXPEDITE_H */
