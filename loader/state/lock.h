/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A change of the host: one at a time per bpffs, and not cut off halfway by a signal. */
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
 * Locks BPFFS/txpath, making the directory if it is not there, and holds SIGINT, SIGTERM and
 * SIGHUP back. Waits a few seconds. -EBUSY, told with who holds it.
 */
int lock_take(const struct pins *pins, struct lock *lock);

/* Removes directories of ours that are empty, unlocks, and lets signals in. */
void lock_release(const struct pins *pins, const struct lock *lock);

/* Does a signal that is held back want us to end? */
bool lock_interrupted(void);

#endif /* TXPATH_STATE_LOCK_H */
