/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces: their identity, their names, and going into one. */
#ifndef TXPATH_LIB_NETNS_H
#define TXPATH_LIB_NETNS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/*
 * Goes into a namespace for the rest of the process. spec is a name in /run/netns, a path, or a
 * process id. Only the network namespace changes: bpffs stays in sight. Errors have been told.
 */
int netns_enter(const char *spec);

/* The cookie of the namespace that we are in; before Linux 5.14 its inode number. Errors told. */
int netns_id(__u64 *id);

/* Are we in the namespace that the kernel booted with? It has sysctls that no other has. */
bool netns_is_initial(void);

/* Called inside a namespace; name is the one in /run/netns, or NULL. */
typedef int (*netns_fn)(__u64 id, const char *name, void *context);

/*
 * Calls fn in every namespace in reach: those of /run/netns, ours, and those of processes. One
 * namespace may come up more than once. Stops at and returns the first value that is not 0.
 */
int netns_each(netns_fn fn, void *context);

/*
 * Goes into the namespace of that id. Returns what netns_back() takes to come home. -ENOENT,
 * silent: it is gone, or has neither name nor process.
 */
int netns_go(__u64 id);
void netns_back(int home);

/* The name in /run/netns, else the id in decimal. */
void netns_name(__u64 id, char *name, size_t size);

#endif /* TXPATH_LIB_NETNS_H */
