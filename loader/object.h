/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The BPF objects inside this program: the only place that knows the skeletons. */
#ifndef TXPATH_OBJECT_H
#define TXPATH_OBJECT_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/types.h>

#include <txpath/classify.h>
#include <txpath/watch.h>

#include "map_set.h"

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
 * added to it. epoch, netns: those of struct txp_instance under which stage programs speak.
 * Failures are silent: the errno is libbpf's.
 */
int object_load_egress(struct map_set *maps, struct program *programs, size_t count);
int object_load_stages(struct map_set *maps, __u32 epoch, __u64 netns, struct program *programs,
		       size_t count);

/* The epoch that a loaded stage program was given. -ENOENT: none. Silent. */
int object_epoch(__u32 program_id, __u32 *epoch);

/*
 * programs: txpath_transit, txpath_takeover, and others of that object. *takeover_fd, owned by the
 * caller, gets the array that leads from the one to the other: of this load only, and empty when
 * its last descriptor and pin have gone.
 */
int object_load_transit(struct map_set *maps, struct program *programs, size_t count,
			int *takeover_fd);

/*
 * The programs of a watch, to be chosen from, loaded and closed by the caller. NULL with errno,
 * silent.
 */
struct bpf_object *object_open_watch(const struct txp_watch *watch);

/*
 * One program of bpf/classify.bpf.c, to be given the sizes of its maps, loaded and closed by the
 * caller. What is in maps it shares. NULL with errno, silent.
 */
struct bpf_object *object_open_classify(const struct txp_class_plan *plan,
					const struct map_set *maps, const char *program);

#endif /* TXPATH_OBJECT_H */
