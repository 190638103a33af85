/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The BPF objects inside this program, and loading programs of them. Only this file knows the
 * skeletons, so that nothing else is built anew when a BPF program changes.
 */
#ifndef TXPATH_STATE_OBJECT_H
#define TXPATH_STATE_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/types.h>

#include <txpath/classify.h>
#include <txpath/trace.h>

#include "state/map_set.h"

/*
 * Are these the maps of this txpath, and if complete, all of them? -EMEDIUMTYPE (logged): one has
 * another name, type or size, or is missing. directory: where they are pinned, for the message.
 */
int object_check_maps(const struct map_set *maps, const char *directory, bool complete);

/* A program to load. */
struct program {
	const char *name;
	int fd; /* filled on success, owned by the caller */
};

/*
 * Load programs, all or none of them. They use the maps of the set, and maps that they have beyond
 * it are added to it. epoch, netns: programs of probes do nothing unless struct txp_instance has
 * the same. Errors are libbpf's and are not logged.
 */
int object_load_egress(struct map_set *maps, struct program *programs, size_t count);
int object_load_probes(struct map_set *maps, __u32 epoch, __u64 netns, struct program *programs,
		       size_t count);

/* The epoch that a program of a probe was loaded with. -ENOENT: none. Errors are not logged. */
int object_epoch(__u32 program_id, __u32 *epoch);

/*
 * programs: txpath_transit, txpath_rewrite, and others of that object. *calls_fd, owned by the
 * caller, gets the array through which the first calls the others. Each load has its own, and the
 * kernel empties it when its last descriptor and pin are gone (prog_array_map_clear).
 */
int object_load_transit(struct map_set *maps, struct program *programs, size_t count,
			int *calls_fd);

/*
 * Loads programs of a trace session, all or none of them. *object, owned by the caller
 * (bpf_object__close), has their maps. A negative errno, not logged.
 */
int object_load_trace(const struct txp_trace_config *config, struct program *programs, size_t count,
		      struct bpf_object **object);

/*
 * Opens the object with one program of bpf/classify/classify.bpf.c selected. It will use the maps
 * of the set. The caller sets the sizes of its other maps, loads it and closes it. NULL with errno,
 * not logged.
 */
struct bpf_object *object_open_classify(const struct txp_class_plan *plan,
					const struct map_set *maps, const char *program);

#endif /* TXPATH_STATE_OBJECT_H */
