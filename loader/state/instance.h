/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What txpath keeps of one network namespace: its pinned maps and links. */
#ifndef TXPATH_STATE_INSTANCE_H
#define TXPATH_STATE_INSTANCE_H

#include "state/object.h"
#include "state/pins.h"

#include <txpath/abi.h>

/* What the name of a pin among the links begins with; the index of the device follows. */
#define TRANSIT_PIN "transit-"

/* The map with the row: pinned last, removed first. */
#define INSTANCE_MAP "instance"

struct instance {
	__u64 netns;
	char directory[PATH_MAX];
	char maps_directory[PATH_MAX];
	char links_directory[PATH_MAX];
	struct map_set maps;
	struct txp_instance row;
};

/*
 * Opens the bpffs (pins_open), then enters netns (a name, path or process id; NULL: stays in the
 * namespace that we are in), and fills in its id. In this order, because ip netns exec hides
 * bpffs. Errors have been logged.
 */
int instance_place(const char *bpffs, const char *netns, bool write, struct pins *pins, __u64 *id);

/*
 * Opens what is pinned for a namespace. -ENOENT, silent: nothing is, and only netns, the paths
 * and an empty map set are filled. Anything else has been told: not ours, incomplete, another
 * ABI. complete false: accept what a killed run or another ABI left, to remove it; maps may be
 * missing from the set then. Owns descriptors: instance_close().
 */
int instance_open(const struct pins *pins, __u64 netns, bool complete, struct instance *instance);
void instance_close(struct instance *instance);

/* Is every pinned link one of ours? -EMEDIUMTYPE, told. */
int instance_check_links(const struct instance *instance);

int instance_write(const struct instance *instance, const struct txp_instance *row);

/*
 * How often the kernel skipped the program of a probe because it was interrupted in it, in any
 * namespace; always 0 before Linux 5.12, which did not skip. -ENOENT: no link is pinned for it.
 */
int instance_missed(const struct instance *instance, enum txp_probe probe, __u64 *missed);

typedef int (*instance_fn)(struct instance *instance, void *context);

/*
 * Calls fn for the instance of netns (as instance_place; NULL: for all below bpffs, by id), until
 * one call returns a negative errno. Returns the number of instances, or a negative errno that has
 * been logged.
 */
int instance_each(const char *bpffs, const char *netns, instance_fn fn, void *context);

/* The ids of all namespaces with a directory, sorted; the caller frees. Returns their number. */
int instance_ids(const struct pins *pins, __u64 **ids);

#endif /* TXPATH_STATE_INSTANCE_H */
