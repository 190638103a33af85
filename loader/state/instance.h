/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* An instance: all that txpath has pinned for one network namespace, its maps and its links. */
#ifndef TXPATH_STATE_INSTANCE_H
#define TXPATH_STATE_INSTANCE_H

#include "state/object.h"
#include "state/pins.h"

#include <txpath/abi.h>

/* The pin of a link at TC ingress: this, then the index of its device. */
#define TRANSIT_PIN "transit-"

/*
 * The map with the row of the instance. It is pinned last and removed first: where it is, all other
 * maps are, so a run that is killed in between leaves no half instance.
 */
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
 * Opens what is pinned for a namespace. -ENOENT (not logged): nothing is; netns, the paths and an
 * empty map set are filled in. Other errors have been logged: a map is not txpath's or is missing,
 * or the ABI is another. complete = false accepts what a killed run or another ABI has left, so
 * that it can be removed: maps may be missing from the set. Owns descriptors: instance_close().
 */
int instance_open(const struct pins *pins, __u64 netns, bool complete, struct instance *instance);
void instance_close(struct instance *instance);

/* Is every pinned link one of txpath's? -EMEDIUMTYPE (logged): no. */
int instance_check_links(const struct instance *instance);

/* Writes the row. Errors have been logged. */
int instance_write(const struct instance *instance, const struct txp_instance *row);

/*
 * How often the kernel skipped the program of a probe because it was running on that CPU already,
 * for packets of any namespace. Always 0 before Linux 5.12. -ENOENT: the probe has no pinned link.
 */
int instance_missed(const struct instance *instance, enum txp_probe probe, __u64 *missed);

typedef int (*instance_fn)(struct instance *instance, void *context);

/*
 * Calls fn for the instance of netns (as instance_place; NULL: for all below bpffs, by id), until
 * one call returns a negative errno. Returns the number of instances, or a negative errno that has
 * been logged.
 */
int instance_each(const char *bpffs, const char *netns, instance_fn fn, void *context);

/* The ids of all namespaces with a directory, sorted, to be freed. Returns their number. */
int instance_ids(const struct pins *pins, __u64 **ids);

#endif /* TXPATH_STATE_INSTANCE_H */
