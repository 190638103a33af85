/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF objects inside this program: the only place that knows the skeletons. */
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
 * Are these maps of this program, and if complete, all of them? -EMEDIUMTYPE: one has another
 * name, type or size, or is missing. Told, with directory as where they are pinned.
 */
int object_check_maps(const struct map_set *maps, const char *directory, bool complete);

/* A program to load. */
struct program {
	const char *name;
	int fd; /* filled on success, owned by the caller */
};

/*
 * Load programs, all or none of them. Maps that are in the set are used; others are made and
 * added to it. epoch, netns: those of struct txp_instance under which probe programs speak.
 * Failures are silent: the errno is libbpf's.
 */
int object_load_egress(struct map_set *maps, struct program *programs, size_t count);
int object_load_probes(struct map_set *maps, __u32 epoch, __u64 netns, struct program *programs,
		       size_t count);

/* The epoch that a loaded probe program was given. -ENOENT: none. Silent. */
int object_epoch(__u32 program_id, __u32 *epoch);

/*
 * programs: txpath_transit, txpath_rewrite, and others of that object. *calls_fd, owned by the
 * caller, gets the array that leads from the one to the other: of this load only, and empty when
 * its last descriptor and pin have gone.
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
 * One program of bpf/classify/classify.bpf.c, to be given the sizes of its maps, loaded and closed
 * by the caller. What is in maps it shares. NULL with errno, silent.
 */
struct bpf_object *object_open_classify(const struct txp_class_plan *plan,
					const struct map_set *maps, const char *program);

#endif /* TXPATH_STATE_OBJECT_H */
