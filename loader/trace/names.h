/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of devices and of their network namespaces. They are remembered, because finding a
 * namespace by its id walks over all processes.
 */
#ifndef TXPATH_TRACE_NAMES_H
#define TXPATH_TRACE_NAMES_H

#include <linux/limits.h>
#include <linux/types.h>
#include <net/if.h>

struct device_names {
	struct device_names *next;
	__u64 netns;
	__u32 ifindex;
	char dev[IF_NAMESIZE]; /* "-" for index 0; the index if the name cannot be read */
	char netns_name[NAME_MAX + 1];
};

/*
 * Returns the names as they were at the first call for this device. *list owns the result. NULL: no
 * memory.
 */
const struct device_names *device_names_find(struct device_names **list, __u64 netns,
					     __u32 ifindex);

void device_names_free(struct device_names *list);

#endif /* TXPATH_TRACE_NAMES_H */
