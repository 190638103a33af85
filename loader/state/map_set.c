// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which maps are shared, and how each load gets those of the loads before it. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <txpath/maps.h>

#include "lib/array.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "state/map_set.h"

/* Other maps, such as .rodata, belong to one load. */
static const char *const shared_maps[] = {
#define SHARED_MAP(name, key, value, writer) #name,
	TXP_SHARED_MAPS(SHARED_MAP)
#undef SHARED_MAP
};

_Static_assert(ARRAY_SIZE(shared_maps) < MAP_SET_MAX, "no room for all maps and transit_calls");

static bool is_shared_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(shared_maps); i++) {
		if (!strcmp(shared_maps[i], name))
			return true;
	}
	return false;
}

static bool is_shared(const struct bpf_map *map)
{
	return is_shared_name(bpf_map__name(map));
}

int map_set_fd(const struct map_set *maps, const char *name)
{
	int i;

	for (i = 0; i < maps->count; i++) {
		if (!strcmp(maps->map[i].name, name))
			return maps->map[i].fd;
	}
	return -ENOENT;
}

int map_set_add(struct map_set *maps, const char *name, int fd)
{
	if (maps->count == MAP_SET_MAX || strlen(name) >= MAP_NAME_MAX) {
		close(fd);
		return -E2BIG;
	}
	strcpy(maps->map[maps->count].name, name);
	maps->map[maps->count++].fd = fd;
	return 0;
}

void map_set_close(struct map_set *maps)
{
	while (maps->count)
		close(maps->map[--maps->count].fd);
}

int map_set_reuse(const struct map_set *maps, const struct bpf_object *object)
{
	struct bpf_map *map;
	int err = 0;
	int fd;

	bpf_object__for_each_map(map, object)
	{
		fd = is_shared(map) ? map_set_fd(maps, bpf_map__name(map)) : -ENOENT;
		if (fd >= 0)
			err = bpf_map__reuse_fd(map, fd);
		if (err)
			break;
	}
	return err;
}

int map_set_keep(struct map_set *maps, const struct bpf_object *object)
{
	const struct bpf_map *map;
	int err = 0;
	int fd;

	bpf_object__for_each_map(map, object)
	{
		if (!is_shared(map) || map_set_fd(maps, bpf_map__name(map)) >= 0)
			continue;
		fd = fd_copy(bpf_map__fd(map));
		err = fd < 0 ? fd : map_set_add(maps, bpf_map__name(map), fd);
		if (err)
			break;
	}
	return err;
}

int map_set_check_map(const struct bpf_map *map, int fd, const char *directory)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return log_errno(-errno, "reading %s/%s", directory, bpf_map__name(map));
	if (info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map))
		return 0;
	log_error("%s/%s is in the way: the map has another type or size; detach with the txpath "
		  "that pinned it, or remove it",
		  directory, bpf_map__name(map));
	return -EMEDIUMTYPE;
}

int map_set_check_names(const struct map_set *maps, const char *directory)
{
	int i;

	for (i = 0; i < maps->count; i++) {
		if (is_shared_name(maps->map[i].name) ||
		    !strcmp(maps->map[i].name, TRANSIT_CALLS_MAP))
			continue;
		log_error("%s/%s is in the way: it is not a map of txpath's; remove it", directory,
			  maps->map[i].name);
		return -EMEDIUMTYPE;
	}
	return 0;
}

static int check_shared(const struct map_set *maps, const struct bpf_map *map,
			const char *directory, bool complete)
{
	int fd = map_set_fd(maps, bpf_map__name(map));

	if (fd >= 0)
		return map_set_check_map(map, fd, directory);
	if (!complete)
		return 0;
	log_error("%s/%s is missing: run txpath detach --all, then attach again", directory,
		  bpf_map__name(map));
	return -EMEDIUMTYPE;
}

int map_set_check(const struct map_set *maps, const struct bpf_object *object,
		  const char *directory, bool complete)
{
	const struct bpf_map *map;
	int err = 0;

	bpf_object__for_each_map(map, object)
	{
		if (is_shared(map))
			err = check_shared(maps, map, directory, complete);
		if (err)
			break;
	}
	return err;
}
