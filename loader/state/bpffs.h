/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Mounting a bpffs where a command needs one and there is none. */
#ifndef TXPATH_STATE_BPFFS_H
#define TXPATH_STATE_BPFFS_H

#include <stdbool.h>

/*
 * Mounts a bpffs on root if it is an empty directory without one, and says so. *mounted: it was
 * mounted here. Returns 0 also where pins_open() has the better error. Other errors are negative
 * errno, and have been logged.
 */
int bpffs_mount(const char *root, bool *mounted);

/* Takes the mount away again, unless a txpath has pinned something there. */
void bpffs_unmount(const char *root);

#endif /* TXPATH_STATE_BPFFS_H */
