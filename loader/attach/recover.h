/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finishes or undoes what a killed run has left. Each attach and detach begins with it, since there
 * is no daemon that could.
 */
#ifndef TXPATH_ATTACH_RECOVER_H
#define TXPATH_ATTACH_RECOVER_H

#include "state/instance.h"

/* The caller holds the lock. Errors have been logged. */
int recover(struct instance *instance);

/* The same if there is no row: removes maps that an attach pinned before it, or a detach left. */
int recover_nothing(const struct instance *instance);

#endif /* TXPATH_ATTACH_RECOVER_H */
