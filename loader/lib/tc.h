/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TC hooks of a device of the namespace that we are in: a TCX link, or a filter on clsact. */
#ifndef TXPATH_LIB_TC_H
#define TXPATH_LIB_TC_H

#include <stdbool.h>

#include <linux/types.h>

/* Does this kernel have TCX? Asks it. */
bool tc_has_tcx(void);

/*
 * Egress is ahead of the programs of others: they could take a packet away or change it. Ingress
 * is behind them all: transit would take packets past them.
 */
enum tc_side {
	TC_EGRESS,
	TC_INGRESS,
	TC_SIDES,
};

/* "egress", "ingress" */
const char *tc_side_name(enum tc_side side);

/* A new link. */
int tc_tcx_attach(enum tc_side side, int prog_fd, int ifindex);

struct tc_link {
	int ifindex; /* where the device is now, 0: it is gone */
	__u32 id;
	__u32 program_id;
};

/* -EMEDIUMTYPE: not a TCX link. */
int tc_tcx_read(int link_fd, struct tc_link *link);

/* Is that link on that device of this namespace? */
bool tc_tcx_is_on(enum tc_side side, int ifindex, __u32 link_id);

/* Our filter of that priority on a device's clsact, and its program. -ENOENT: it is not there. */
int tc_filter_find(enum tc_side side, int ifindex, __u32 priority, __u32 *program_id);

#define TC_LAST_PRIORITY 0xffff

/* A priority that no filter has: egress the lowest, ingress the highest number. -ENOSPC. */
int tc_filter_priority(enum tc_side side, int ifindex);

/* Makes our filter, or if replace, puts another program into it, in place. */
int tc_filter_write(enum tc_side side, int prog_fd, int ifindex, __u32 priority, bool replace);

/* -ENOENT: it is not there. */
int tc_filter_remove(enum tc_side side, int ifindex, __u32 priority);

/* The clsact qdisc of a device. -EEXIST: there is one, or an ingress qdisc in its place. */
int tc_clsact_make(int ifindex);

/* Removes the qdisc, unless filters are on it. */
void tc_clsact_remove(int ifindex);

#endif /* TXPATH_LIB_TC_H */
