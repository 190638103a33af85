/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The maps that all programs of a namespace share. */
#ifndef TXPATH_STATE_MAP_SET_H
#define TXPATH_STATE_MAP_SET_H

#include <stdbool.h>

struct bpf_map;
struct bpf_object;

#define MAP_SET_MAX 20
#define MAP_NAME_MAX 32 /* the kernel cuts a longer name than BPF_OBJ_NAME_LEN off */

/* By name. Owns the descriptors: map_set_close(). */
struct map_set {
	int count;
	struct {
		char name[MAP_NAME_MAX];
		int fd;
	} map[MAP_SET_MAX];
};

/* What the program at egress goes on with: see egress.h. */
#define EGRESS_CALLS_MAP "egress_calls"

/* Pinned beside them, and of one load only: see transit.h. */
#define TRANSIT_CALLS_MAP "transit_calls"

/* Owned by the set; -ENOENT. */
int map_set_fd(const struct map_set *maps, const char *name);

/* Takes fd over, also on failure. */
int map_set_add(struct map_set *maps, const char *name, int fd);

void map_set_close(struct map_set *maps);

/*
 * Around a load: an object is to use those that are in the set, and what it made of others is
 * added. Negative errno, silent.
 */
int map_set_reuse(const struct map_set *maps, const struct bpf_object *object);
int map_set_keep(struct map_set *maps, const struct bpf_object *object);

/*
 * Are all of these names txpath's? Has each map that is shared the type and sizes that the object's
 * has, and if complete, is each there? The same of one map. -EMEDIUMTYPE: no; told, with directory
 * as where they are pinned.
 */
int map_set_check_names(const struct map_set *maps, const char *directory);
int map_set_check(const struct map_set *maps, const struct bpf_object *object,
		  const char *directory, bool complete);
int map_set_check_map(const struct bpf_map *map, int fd, const char *directory);

#endif /* TXPATH_STATE_MAP_SET_H */
