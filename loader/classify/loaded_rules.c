// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The maps of the rules are not pinned: only the program holds them. So this goes from the map
 * "egress_calls" to the program, and from the program to its maps by their ids.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/array.h"
#include "classify/loaded_rules.h"
#include "lib/log.h"
#include "state/sum.h"

#define PROGRAM_MAPS_MAX 64

/* Descriptors of the program's maps. */
struct class_maps {
	int about;
	int devices;
	int names;
	int actions;
	int hits;
	int edt_clocks; /* -1 if no class has a rate, or if another version laid the map out */
	__u32 rules;
	__u32 device_count;
};

static void maps_close(struct class_maps *maps)
{
	const int fds[] = { maps->about,   maps->devices, maps->names,
			    maps->actions, maps->hits,	  maps->edt_clocks };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* Keeps fd if it is one of the maps, otherwise closes it. */
static void maps_take(struct class_maps *maps, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int *place = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		goto close;
	if (!strcmp(info.name, "class_about"))
		place = &maps->about;
	else if (!strcmp(info.name, "class_devices"))
		place = &maps->devices;
	else if (!strcmp(info.name, "class_names"))
		place = &maps->names;
	else if (!strcmp(info.name, "class_actions"))
		place = &maps->actions;
	else if (!strcmp(info.name, "class_hits"))
		place = &maps->hits;
	else if (!strcmp(info.name, "edt_clocks") && info.value_size == TXP_EDT_CLOCK_SIZE &&
		 info.max_entries == TXP_EDT_CLOCKS)
		place = &maps->edt_clocks;
	if (!place)
		goto close;
	if (place == &maps->hits)
		maps->rules = info.max_entries - TXP_CLASS_REST_COUNT;
	if (place == &maps->devices)
		maps->device_count = info.max_entries;
	*place = fd;
	return;
close:
	close(fd);
}

static int maps_open(int program_fd, struct class_maps *maps)
{
	__u32 i, ids[PROGRAM_MAPS_MAX], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = PROGRAM_MAPS_MAX,
				      .map_ids = (__u64)(unsigned long)ids };
	int fd;

	*maps = (struct class_maps){ -1, -1, -1, -1, -1, -1, 0, 0 };
	if (bpf_obj_get_info_by_fd(program_fd, &info, &size))
		return -errno;
	for (i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS_MAX; i++) {
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd >= 0)
			maps_take(maps, fd);
	}
	if (maps->about >= 0 && maps->devices >= 0 && maps->names >= 0 && maps->actions >= 0 &&
	    maps->hits >= 0)
		return 0;
	maps_close(maps);
	return -ENOENT;
}

static int read_array(int fd, void *values, size_t size, __u32 count)
{
	__u32 i;

	for (i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(fd, &i, (char *)values + i * size))
			return -errno;
	}
	return 0;
}

static int read_maps(const struct class_maps *maps, struct loaded_rules *loaded)
{
	__u32 i, entries = maps->rules + TXP_CLASS_REST_COUNT;
	int err;

	loaded->rules = maps->rules;
	loaded->names = calloc(entries, sizeof(*loaded->names));
	loaded->actions = calloc(entries, sizeof(*loaded->actions));
	loaded->hits = calloc(entries, sizeof(*loaded->hits));
	loaded->device_count = maps->device_count;
	loaded->devices = calloc(maps->device_count, sizeof(*loaded->devices));
	if (!loaded->names || !loaded->actions || !loaded->hits || !loaded->devices)
		return -ENOMEM;
	err = read_array(maps->about, &loaded->about, sizeof(loaded->about), 1);
	if (!err)
		err = read_array(maps->names, loaded->names, sizeof(*loaded->names), maps->rules);
	if (!err)
		err = read_array(maps->actions, loaded->actions, sizeof(*loaded->actions),
				 maps->rules);
	if (!err)
		err = read_array(maps->devices, loaded->devices, sizeof(*loaded->devices),
				 maps->device_count);
	for (i = 0; i < entries && !err; i++)
		err = percpu_sum(maps->hits, &i, &loaded->hits[i], sizeof(struct txp_tally));
	return err;
}

int loaded_rules_read(const struct instance *instance, struct loaded_rules *loaded)
{
	int fd, err, calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 id, key = TXP_CALL_CLASSIFY;
	struct class_maps maps;

	memset(loaded, 0, sizeof(*loaded));
	loaded->edt_clocks_fd = -1;
	if (bpf_map_lookup_elem(calls, &key, &id))
		return errno == ENOENT ? 0 : log_errno(-errno, "reading the map " EGRESS_CALLS_MAP);
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return log_errno(-errno, "opening the program of the loaded rules");
	err = maps_open(fd, &maps);
	close(fd);
	if (err)
		return log_errno(err, "opening the maps of the loaded rules");
	err = read_maps(&maps, loaded);
	loaded->edt_clocks_fd = maps.edt_clocks;
	maps.edt_clocks = -1;
	maps_close(&maps);
	if (!err)
		return 1;
	loaded_rules_free(loaded);
	return log_errno(err, "reading the maps of the loaded rules");
}

void loaded_rules_free(struct loaded_rules *loaded)
{
	free(loaded->names);
	free(loaded->actions);
	free(loaded->hits);
	free(loaded->devices);
	if (loaded->edt_clocks_fd >= 0)
		close(loaded->edt_clocks_fd);
	memset(loaded, 0, sizeof(*loaded));
	loaded->edt_clocks_fd = -1;
}
