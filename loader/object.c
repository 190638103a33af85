// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* From the objects inside this program to loaded programs and the maps that they share. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <txpath/classify.h> /* the skeletons name their types */
#include <txpath/watch.h>

#include "bpf/classify.skel.h"
#include "bpf/egress.skel.h"
#include "bpf/stages.skel.h"
#include "bpf/transit.skel.h"
#include "bpf/watch.skel.h"
#include "array.h"
#include "log.h"
#include "nflink.h"
#include "object.h"
#include "pins.h"

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

/* Pinned as well, but by who puts a new transit program in the place of an old one. */
#define CALLS_MAP "transit_calls"

/* Others, as .rodata, belong to one load and not to the namespace. */
static const char *const shared_maps[] = {
	"devices", "counters", "examples",     "instance",	 "moments", "dossiers",
	"budgets", "skb_slot", "leases",       "events",	 "tracing", "event_pace",
	"arming",  "views",    "receive_slot", EGRESS_CALLS_MAP,
};

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

/* Not the skeletons' own open: the bytes are all that is used of them. NULL with errno. */
static struct bpf_object *open_object(const char *name, const void *(*elf_bytes)(size_t *size))
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	size_t size;
	const void *bytes = elf_bytes(&size);

	return bpf_object__open_mem(bytes, size, &opts);
}

static int set_identity(const struct bpf_object *object, __u32 epoch, __u64 netns)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct stages_bpf__rodata rodata;
	const void *initial;
	size_t size = 0;

	initial = map ? bpf_map__initial_value(map, &size) : NULL;
	if (!initial || size != sizeof(rodata))
		return -EINVAL;
	memcpy(&rodata, initial, sizeof(rodata));
	rodata.txp_epoch = epoch;
	rodata.txp_netns = netns;
	return bpf_map__set_initial_value(map, &rodata, sizeof(rodata));
}

static int check_map(const struct bpf_map *map, int fd, const char *directory)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return log_errno(-errno, "reading %s/%s", directory, bpf_map__name(map));
	if (info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	    info.value_size == bpf_map__value_size(map) &&
	    info.max_entries == bpf_map__max_entries(map))
		return 0;
	log_error("%s/%s is in the way: a map of another type or size; remove it, or detach "
		  "with the txpath that pinned it",
		  directory, bpf_map__name(map));
	return -EMEDIUMTYPE;
}

static int check_known(const struct map_set *maps, const char *directory)
{
	int i;

	for (i = 0; i < maps->count; i++) {
		if (is_shared_name(maps->map[i].name) || !strcmp(maps->map[i].name, CALLS_MAP))
			continue;
		log_error("%s/%s is in the way: not a map of txpath's; remove it", directory,
			  maps->map[i].name);
		return -EMEDIUMTYPE;
	}
	return 0;
}

static int check_each(const struct bpf_object *object, const struct map_set *maps,
		      const char *directory, bool complete)
{
	const struct bpf_map *map;
	int err = 0;
	int fd;

	bpf_object__for_each_map(map, object)
	{
		if (!is_shared(map))
			continue;
		fd = map_set_fd(maps, bpf_map__name(map));
		if (fd < 0 && !complete)
			continue;
		if (fd < 0) {
			log_error("%s/%s is missing: txpath detach --all, and attach again",
				  directory, bpf_map__name(map));
			return -EMEDIUMTYPE;
		}
		err = check_map(map, fd, directory);
		if (err)
			break;
	}
	return err;
}

/* It is missing where transit is not possible. */
static int check_takeover(const struct map_set *maps, const char *directory)
{
	int fd = map_set_fd(maps, CALLS_MAP), err = 0;
	struct bpf_object *object;

	if (fd < 0)
		return 0;
	object = open_object("transit", transit_bpf__elf_bytes);
	if (!object)
		return log_errno(-errno, "opening the BPF object");
	err = check_map(bpf_object__find_map_by_name(object, CALLS_MAP), fd, directory);
	bpf_object__close(object);
	return err;
}

int object_check_maps(const struct map_set *maps, const char *directory, bool complete)
{
	struct bpf_object *object = open_object("egress", egress_bpf__elf_bytes);
	int err;

	if (!object)
		return log_errno(-errno, "opening the BPF object");
	err = check_known(maps, directory);
	if (!err)
		err = check_each(object, maps, directory, complete);
	if (!err)
		err = check_takeover(maps, directory);
	bpf_object__close(object);
	return err;
}

static int reuse_maps(const struct bpf_object *object, const struct map_set *maps)
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

static int copy_fd(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

static int keep_maps(const struct bpf_object *object, struct map_set *maps)
{
	const struct bpf_map *map;
	int err = 0;
	int fd;

	bpf_object__for_each_map(map, object)
	{
		if (!is_shared(map) || map_set_fd(maps, bpf_map__name(map)) >= 0)
			continue;
		fd = copy_fd(bpf_map__fd(map));
		err = fd < 0 ? fd : map_set_add(maps, bpf_map__name(map), fd);
		if (err)
			break;
	}
	return err;
}

static bool is_wanted(const struct program *programs, size_t count, const char *name)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!strcmp(programs[i].name, name))
			return true;
	}
	return false;
}

/* libbpf 1.1 does not know the section. */
static int set_netfilter(struct bpf_program *program)
{
	bpf_program__set_type(program, PROG_TYPE_NETFILTER);
	return bpf_program__set_expected_attach_type(program, ATTACH_NETFILTER);
}

static int select_programs(const struct bpf_object *object, const struct program *programs,
			   size_t count)
{
	struct bpf_program *program;
	bool wanted;
	int err = 0;

	bpf_object__for_each_program(program, object)
	{
		wanted = is_wanted(programs, count, bpf_program__name(program));
		err = bpf_program__set_autoload(program, wanted);
		if (!err && wanted && !strcmp(bpf_program__section_name(program), "netfilter"))
			err = set_netfilter(program);
		if (err)
			break;
	}
	return err;
}

static int keep_programs(const struct bpf_object *object, struct program *programs, size_t count)
{
	const struct bpf_program *program;
	int err = -ENOENT;
	size_t i;

	for (i = 0; i < count; i++) {
		program = bpf_object__find_program_by_name(object, programs[i].name);
		if (!program)
			goto close_programs;
		programs[i].fd = copy_fd(bpf_program__fd(program));
		if (programs[i].fd < 0) {
			err = programs[i].fd;
			goto close_programs;
		}
	}
	return 0;
close_programs:
	while (i)
		close(programs[--i].fd);
	return err;
}

static int load(struct bpf_object *object, struct map_set *maps, struct program *programs,
		size_t count)
{
	int err;

	err = select_programs(object, programs, count);
	if (!err)
		err = reuse_maps(object, maps);
	if (!err)
		err = bpf_object__load(object);
	if (!err)
		err = keep_maps(object, maps);
	if (!err)
		err = keep_programs(object, programs, count);
	return err;
}

int object_load_egress(struct map_set *maps, struct program *programs, size_t count)
{
	struct bpf_object *object = open_object("egress", egress_bpf__elf_bytes);
	int err;

	if (!object)
		return -errno;
	err = load(object, maps, programs, count);
	bpf_object__close(object);
	return err;
}

int object_load_stages(struct map_set *maps, __u32 epoch, __u64 netns, struct program *programs,
		       size_t count)
{
	struct bpf_object *object = open_object("stages", stages_bpf__elf_bytes);
	int err;

	if (!object)
		return -errno;
	err = set_identity(object, epoch, netns);
	if (!err)
		err = load(object, maps, programs, count);
	bpf_object__close(object);
	return err;
}

struct bpf_object *object_open_watch(const struct txp_watch *watch)
{
	struct bpf_object *object = open_object("watch", watch_bpf__elf_bytes);
	struct watch_bpf__rodata *rodata;
	struct bpf_program *program;
	struct bpf_map *map;
	size_t size = 0;
	int err = 0;

	if (!object)
		return NULL;
	map = bpf_object__find_map_by_name(object, ".rodata");
	rodata = map ? (void *)bpf_map__initial_value(map, &size) : NULL;
	if (!rodata || size < sizeof(*rodata))
		err = -EINVAL;
	else
		rodata->txp_watch = *watch;
	bpf_object__for_each_program(program, object)
	{
		if (!err && !strcmp(bpf_program__section_name(program), "netfilter"))
			err = set_netfilter(program);
	}
	if (!err)
		return object;
	bpf_object__close(object);
	errno = -err;
	return NULL;
}

static int set_plan(const struct bpf_object *object, const struct txp_class_plan *plan)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct classify_bpf__rodata *rodata;
	size_t size = 0;

	rodata = map ? (void *)bpf_map__initial_value(map, &size) : NULL;
	if (!rodata || size < sizeof(*rodata))
		return -EINVAL;
	rodata->plan = *plan;
	return 0;
}

struct bpf_object *object_open_classify(const struct txp_class_plan *plan,
					const struct map_set *maps, const char *program)
{
	struct bpf_object *object = open_object("classify", classify_bpf__elf_bytes);
	const struct program wanted = { .name = program };
	int err;

	if (!object)
		return NULL;
	err = set_plan(object, plan);
	if (!err)
		err = select_programs(object, &wanted, 1);
	if (!err)
		err = reuse_maps(object, maps);
	if (!err)
		return object;
	bpf_object__close(object);
	errno = -err;
	return NULL;
}

/* One map of a program: is it the one with the epoch? */
static int read_epoch(__u32 map_id, __u32 *epoch)
{
	struct bpf_map_info info = { 0 };
	struct stages_bpf__rodata rodata;
	__u32 size = sizeof(info), zero = 0;
	int fd, err = -ENOENT;

	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.value_size == sizeof(rodata) &&
	    !strcmp(info.name, "stages.rodata") && !bpf_map_lookup_elem(fd, &zero, &rodata)) {
		*epoch = rodata.txp_epoch;
		err = 0;
	}
	close(fd);
	return err;
}

int object_epoch(__u32 program_id, __u32 *epoch)
{
	__u32 ids[PROGRAM_MAPS];
	int i, count, fd, err = -ENOENT;

	fd = bpf_prog_get_fd_by_id(program_id);
	if (fd < 0)
		return -errno;
	count = program_maps(fd, ids);
	for (i = 0; i < count && err; i++)
		err = read_epoch(ids[i], epoch);
	close(fd);
	return err;
}

int object_load_transit(struct map_set *maps, struct program *programs, size_t count,
			int *takeover_fd)
{
	struct bpf_object *object = open_object("transit", transit_bpf__elf_bytes);
	int err;

	if (!object)
		return -errno;
	err = load(object, maps, programs, count);
	if (err)
		goto close_object;
	*takeover_fd = copy_fd(bpf_object__find_map_fd_by_name(object, CALLS_MAP));
	if (*takeover_fd < 0) {
		err = *takeover_fd;
		while (count)
			close(programs[--count].fd);
	}
close_object:
	bpf_object__close(object);
	return err;
}
