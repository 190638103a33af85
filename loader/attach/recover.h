/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a run that was killed has left: brought to its end where it had been decided, else undone.
 */
#ifndef TXPATH_ATTACH_RECOVER_H
#define TXPATH_ATTACH_RECOVER_H

#include "state/instance.h"

/* The caller holds the lock. Errors have been told. */
int recover(struct instance *instance);

/* Of a namespace that has no instance: maps that were pinned before, or stayed behind, its row. */
int recover_nothing(const struct instance *instance);

#endif /* TXPATH_ATTACH_RECOVER_H */
