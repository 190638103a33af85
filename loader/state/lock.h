/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Only one run changes what is pinned in a bpffs at a time, and no signal ends it halfway: what it
 * has done by then would stay.
 */
#ifndef TXPATH_STATE_LOCK_H
#define TXPATH_STATE_LOCK_H

#include <signal.h>
#include <stdbool.h>

#include "state/pins.h"

struct lock {
	int fd;
	sigset_t signals; /* that were blocked before */
};

/*
 * Locks BPFFS/txpath, after making the directory if it is missing, and holds back SIGINT, SIGTERM
 * and SIGHUP. Waits a few seconds for the lock. -EBUSY (logged with the name of the holder).
 */
int lock_take(const struct pins *pins, struct lock *lock);

/* Removes directories of txpath that are empty, unlocks, and lets signals in again. */
void lock_release(const struct pins *pins, const struct lock *lock);

/* Is a signal pending that lock_take() holds back? Then the run should undo its work and end. */
bool lock_interrupted(void);

#endif /* TXPATH_STATE_LOCK_H */
