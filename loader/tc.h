/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The TC egress hook of a device of the namespace that we are in: a TCX link, or clsact. */
#ifndef TXPATH_TC_H
#define TXPATH_TC_H

#include <stdbool.h>

#include <linux/types.h>

/* Does this kernel have TCX? Asks it. */
bool tc_has_tcx(void);

/* A new link, ahead of the programs of others: they could take a packet away or change it. */
int tc_tcx_attach(int prog_fd, int ifindex);

/* A new link at TC ingress, behind the programs of others: transit declines ahead of them. */
int tc_tcx_attach_ingress(int prog_fd, int ifindex);

struct tc_link {
	int ifindex; /* where the device is now, 0: it is gone */
	__u32 id;
	__u32 program_id;
};

/* -EMEDIUMTYPE: not a TCX link. */
int tc_tcx_read(int link_fd, struct tc_link *link);

/* Is that link on that device of this namespace? */
bool tc_tcx_is_on(int ifindex, __u32 link_id);
bool tc_tcx_is_on_ingress(int ifindex, __u32 link_id);

/* Our filter on the clsact qdisc of a device. */
struct tc_filter {
	__u32 priority;
	__u32 program_id;
};

/* -ENOENT: none of ours is there. */
int tc_clsact_find(int ifindex, struct tc_filter *filter);

/*
 * Makes the qdisc where there is none, and sets *created then. -EEXIST: an ingress qdisc is
 * where clsact would be.
 */
int tc_clsact_attach(int prog_fd, int ifindex, bool *created);

/* Puts another program into our filter, in place. */
int tc_clsact_replace(int prog_fd, int ifindex, const struct tc_filter *filter);

/* Removes our filter; the qdisc too if it is ours and no filter is left. -ENOENT: none there. */
int tc_clsact_detach(int ifindex, bool qdisc_is_ours);

#endif /* TXPATH_TC_H */
