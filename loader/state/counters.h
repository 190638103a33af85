/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Walking over the counters of attached devices, in all namespaces or one. */
#ifndef TXPATH_STATE_COUNTERS_H
#define TXPATH_STATE_COUNTERS_H

#include "state/attachments.h"

struct counted {
	const struct instance *instance;
	const struct attachment *attachment;
	const char *netns;	      /* name of the instance's namespace */
	struct txp_counters counters; /* summed over CPUs */
};

struct counters_walk {
	void (*device)(const struct counted *counted, void *context);
	/* after its devices; netns: its name */
	void (*instance)(const struct instance *instance, const char *netns, void *context);
	void *context;
};

/* Which devices: as instance_each() takes bpffs and netns; by their names, none: all of them. */
struct device_choice {
	const char *bpffs;
	const char *netns;
	char *const *names;
	int count;
};

/* -ENOENT: no such device is attached, or none at all. Errors have been logged. */
int counters_each(const struct device_choice *choice, const struct counters_walk *walk);

#endif /* TXPATH_STATE_COUNTERS_H */
