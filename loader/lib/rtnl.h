/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads qdiscs, classes and filters with rtnetlink, in the namespace that we are in. */
#ifndef TXPATH_LIB_RTNL_H
#define TXPATH_LIB_RTNL_H

#include <stdbool.h>

#include <linux/types.h>

struct rtnl_filter {
	__u32 priority;
	__u32 handle;
	__u32 program_id; /* 0: not a BPF filter */
	const char *name; /* of a BPF filter, else NULL; lives as long as the call */
};

typedef int (*rtnl_filter_fn)(const struct rtnl_filter *filter, void *context);

/*
 * Calls fn for each filter of a device below parent (TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_...)). Returns
 * the first value that is not 0, or a negative errno. A device without that qdisc has no filters:
 * 0.
 */
int rtnl_filters(int ifindex, __u32 parent, rtnl_filter_fn fn, void *context);

struct rtnl_qdisc {
	int ifindex;
	__u32 handle;
	__u32 parent;	  /* TC_H_ROOT, or a class */
	const char *kind; /* lives as long as the call */
};

typedef int (*rtnl_qdisc_fn)(const struct rtnl_qdisc *qdisc, void *context);

/*
 * Calls fn for each qdisc of all devices, also for those that tc(8) does not show. Returns the
 * first value that is not 0, or a negative errno.
 */
int rtnl_qdiscs(rtnl_qdisc_fn fn, void *context);

typedef int (*rtnl_class_fn)(__u32 classid, __u32 parent, void *context);

/* The same for each class of a device. Ids are MAJOR << 16 | MINOR; parent may be a qdisc. */
int rtnl_classes(int ifindex, rtnl_class_fn fn, void *context);

/* Does the device have a clsact qdisc? An ingress qdisc has the same handle and is none. */
bool rtnl_has_clsact(int ifindex);

#endif /* TXPATH_LIB_RTNL_H */
