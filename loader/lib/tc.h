/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Attaches programs to the TC hooks of a device in the namespace that we are in: with a TCX link,
 * or on kernels before 6.6 with a filter on clsact.
 */
#ifndef TXPATH_LIB_TC_H
#define TXPATH_LIB_TC_H

#include <stdbool.h>

#include <linux/types.h>

/* Does this kernel have TCX? */
bool tc_has_tcx(void);

/*
 * Our egress program runs before programs of others, because those could steal or change a packet.
 * Our ingress program runs after them, because otherwise transit would take packets past them.
 */
enum tc_side {
	TC_EGRESS,
	TC_INGRESS,
	TC_SIDES,
};

/* "egress", "ingress" */
const char *tc_side_name(enum tc_side side);

/* Attaches a program. Returns the descriptor of a new link, or a negative errno. */
int tc_tcx_attach(enum tc_side side, int prog_fd, int ifindex);

struct tc_link {
	int ifindex; /* the device's index in its present namespace; 0: the device is gone */
	__u32 id;
	__u32 program_id;
};

/* Reads a link. -EMEDIUMTYPE: it is not a TCX link. */
int tc_tcx_read(int link_fd, struct tc_link *link);

/* Is the link attached to that device of this namespace? */
bool tc_tcx_is_on(enum tc_side side, int ifindex, __u32 link_id);

/* Finds our filter of that priority on a device's clsact, and its program. -ENOENT: none. */
int tc_filter_find(enum tc_side side, int ifindex, __u32 priority, __u32 *program_id);

#define TC_LAST_PRIORITY 0xffff

/* Returns a free priority: the first one for egress, the last one for ingress; or -ENOSPC. */
int tc_filter_priority(enum tc_side side, int ifindex);

/* Makes our filter. replace: puts another program into the filter, in one step. */
int tc_filter_write(enum tc_side side, int prog_fd, int ifindex, __u32 priority, bool replace);

/* Removes our filter. -ENOENT: there is none. */
int tc_filter_remove(enum tc_side side, int ifindex, __u32 priority);

/* Makes the clsact qdisc of a device. -EEXIST: it has one, or an ingress qdisc in its place. */
int tc_clsact_make(int ifindex);

/* Removes the clsact qdisc, unless it has filters. */
void tc_clsact_remove(int ifindex);

#endif /* TXPATH_LIB_TC_H */
