/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Checks capabilities before a command does anything, so that it does not fail halfway. */
#ifndef TXPATH_LIB_PRIVILEGE_H
#define TXPATH_LIB_PRIVILEGE_H

/* May the process read pinned maps? Returns 0, or -EPERM: the missing capabilities are logged. */
int privilege_to_read(const char *verb);

/* May it load and attach programs, and enter other namespaces? Returns the same. */
int privilege_to_change(const char *verb);

#endif /* TXPATH_LIB_PRIVILEGE_H */
