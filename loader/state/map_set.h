/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that all programs of a namespace share. Programs are in several objects and are replaced
 * by later runs: counters, leases and rows of devices must outlast them.
 */
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

/* The program at egress calls the program that compares through it: see attach/egress.h. */
#define EGRESS_CALLS_MAP "egress_calls"

/* Pinned as well, but it belongs to one load: see attach/ingress.h. */
#define TRANSIT_CALLS_MAP "transit_calls"

/* Owned by the set; -ENOENT. */
int map_set_fd(const struct map_set *maps, const char *name);

/* Takes fd over, also on failure. */
int map_set_add(struct map_set *maps, const char *name, int fd);

void map_set_close(struct map_set *maps);

/*
 * Around a load: first the object is told to use the maps of the set, then shared maps that it made
 * anew are added to the set. Negative errno, not logged.
 */
int map_set_reuse(const struct map_set *maps, const struct bpf_object *object);
int map_set_keep(struct map_set *maps, const struct bpf_object *object);

/*
 * Are all names in the set txpath's? Has each shared map the type and sizes of the object's map,
 * and if complete, is each there? The same of one map. -EMEDIUMTYPE (logged): no. directory: where
 * they are pinned, for the message.
 */
int map_set_check_names(const struct map_set *maps, const char *directory);
int map_set_check(const struct map_set *maps, const struct bpf_object *object,
		  const char *directory, bool complete);
int map_set_check_map(const struct bpf_map *map, int fd, const char *directory);

#endif /* TXPATH_STATE_MAP_SET_H */
