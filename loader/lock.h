/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One attach or detach at a time per bpffs. */
#ifndef TXPATH_LOCK_H
#define TXPATH_LOCK_H

#include "pins.h"

/*
 * Locks BPFFS/txpath, making the directory if it is not there; waits a few seconds. Returns a
 * descriptor whose close unlocks. -EBUSY, told with who holds it. The caller prunes.
 */
int lock_take(const struct pins *pins);

#endif /* TXPATH_LOCK_H */
