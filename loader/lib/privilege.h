/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* May we do this at all? Asked before anything else. */
#ifndef TXPATH_LIB_PRIVILEGE_H
#define TXPATH_LIB_PRIVILEGE_H

/* To read pinned maps. Returns 0 or -EPERM; what is missing has been told. */
int privilege_to_read(const char *verb);

/* To load and attach programs, and to go into other namespaces. Likewise. */
int privilege_to_change(const char *verb);

#endif /* TXPATH_LIB_PRIVILEGE_H */
