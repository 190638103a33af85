/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network namespaces: their ids and names, and entering one. */
#ifndef TXPATH_LIB_NETNS_H
#define TXPATH_LIB_NETNS_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/*
 * Enters a namespace for the rest of the process. spec: a name in /run/netns, a path, or a process
 * id. The mount namespace stays, so bpffs stays visible. Errors are logged.
 */
int netns_enter(const char *spec);

/*
 * The id of the namespace that we are in: its cookie, before Linux 5.14 its inode number. Errors
 * are logged.
 */
int netns_id(__u64 *id);

/* Are we in the initial namespace? It has sysctls that no other namespace has. */
bool netns_is_initial(void);

/* Called inside a namespace. name: its name in /run/netns, or NULL. */
typedef int (*netns_fn)(__u64 id, const char *name, void *context);

/*
 * Calls fn in every namespace that can be reached: those in /run/netns, ours, and those of
 * processes. A namespace may be visited more than once. Stops at the first value that is not 0 and
 * returns it.
 */
int netns_each(netns_fn fn, void *context);

/*
 * Enters the namespace with that id. Returns a descriptor for netns_back(), or a negative errno.
 * -ENOENT (not logged): the namespace is gone, or has neither a name nor a process.
 */
int netns_go(__u64 id);
void netns_back(int home);

/* Writes the name in /run/netns, or the id in decimal if there is no name. */
void netns_name(__u64 id, char *name, size_t size);

#endif /* TXPATH_LIB_NETNS_H */
