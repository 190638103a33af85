/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Cgroups of the unified hierarchy, as BPF helpers number them. */
#ifndef TXPATH_CLASSIFY_CGROUP2_H
#define TXPATH_CLASSIFY_CGROUP2_H

#include "classify/ruleset/ruleset.h"

/*
 * path: below the mount point. -ENOENT: there is none, -ENODEV: cgroup2 is not mounted, -EXDEV: but
 * not from its root. Silent.
 */
int cgroup2_find(const char *path, struct cgroup *cgroup);

/* Of a cgroup and those above it, by level; 0 where it is not that deep. */
int cgroup2_ancestor(const char *path, __u32 level, __u64 *id);

#endif /* TXPATH_CLASSIFY_CGROUP2_H */
