/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Ids and depths of cgroups in the unified hierarchy, as BPF helpers see them. */
#ifndef TXPATH_CLASSIFY_CGROUP2_H
#define TXPATH_CLASSIFY_CGROUP2_H

#include "classify/ruleset/ruleset.h"

/*
 * Finds the cgroup of a path below the mount point. -ENOENT: there is no such cgroup, -ENODEV:
 * cgroup2 is not mounted, -EXDEV: it is mounted from below its root. Logs nothing.
 */
int cgroup2_find(const char *path, struct cgroup *cgroup);

/* The id of a cgroup's ancestor at that level (a cgroup is its own ancestor); 0: there is none. */
int cgroup2_ancestor(const char *path, __u32 level, __u64 *id);

#endif /* TXPATH_CLASSIFY_CGROUP2_H */
