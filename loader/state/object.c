// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading programs of the BPF objects that are inside this program. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <txpath/classify.h> /* the skeletons name their types */
#include <txpath/trace.h>

#include "bpf/classify.skel.h"
#include "bpf/egress.skel.h"
#include "bpf/probes.skel.h"
#include "bpf/ingress.skel.h"
#include "bpf/trace.skel.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/nflink.h"
#include "state/object.h"
#include "state/pins.h"

/*
 * Of a skeleton only its bytes are used: its own open would expect all programs and maps of the
 * object to be loaded, and here some are. NULL with errno.
 */
static struct bpf_object *open_object(const char *name, const void *(*elf_bytes)(size_t *size))
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = name);
	size_t size;
	const void *bytes = elf_bytes(&size);

	return bpf_object__open_mem(bytes, size, &opts);
}

/* The constants of the programs, writable until they are loaded. NULL: smaller than size. */
static void *constants(const struct bpf_object *object, size_t size)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	size_t there = 0;
	void *initial = map ? (void *)bpf_map__initial_value(map, &there) : NULL;

	return there >= size ? initial : NULL;
}

static int set_identity(const struct bpf_object *object, __u32 epoch, __u64 netns)
{
	struct probes_bpf__rodata *rodata = constants(object, sizeof(*rodata));

	if (!rodata)
		return -EINVAL;
	rodata->txp_epoch = epoch;
	rodata->txp_netns = netns;
	return 0;
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

/* libbpf 1.1, of Debian 12, does not know the section. */
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
		programs[i].fd = fd_copy(bpf_program__fd(program));
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
		err = map_set_reuse(maps, object);
	if (!err)
		err = bpf_object__load(object);
	if (!err)
		err = map_set_keep(maps, object);
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

int object_load_probes(struct map_set *maps, __u32 epoch, __u64 netns, struct program *programs,
		       size_t count)
{
	struct bpf_object *object = open_object("probes", probes_bpf__elf_bytes);
	int err;

	if (!object)
		return -errno;
	err = set_identity(object, epoch, netns);
	if (!err)
		err = load(object, maps, programs, count);
	bpf_object__close(object);
	return err;
}

static int set_trace(const struct bpf_object *object, const struct txp_trace_config *config)
{
	struct trace_bpf__rodata *rodata = constants(object, sizeof(*rodata));

	if (!rodata)
		return -EINVAL;
	rodata->txp_trace_config = *config;
	return 0;
}

int object_load_trace(const struct txp_trace_config *config, struct program *programs, size_t count,
		      struct bpf_object **object)
{
	struct bpf_object *opened = open_object("trace", trace_bpf__elf_bytes);
	int err;

	if (!opened)
		return -errno;
	err = set_trace(opened, config);
	if (!err)
		err = select_programs(opened, programs, count);
	if (!err)
		err = bpf_object__load(opened);
	if (!err)
		err = keep_programs(opened, programs, count);
	if (err)
		bpf_object__close(opened);
	else
		*object = opened;
	return err;
}

static int set_plan(const struct bpf_object *object, const struct txp_class_plan *plan)
{
	struct classify_bpf__rodata *rodata = constants(object, sizeof(*rodata));

	if (!rodata)
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
		err = map_set_reuse(maps, object);
	if (!err)
		return object;
	bpf_object__close(object);
	errno = -err;
	return NULL;
}

/* The epoch is a constant of the program. -ENOENT: this map is not that of the constants. */
static int read_epoch(__u32 map_id, __u32 *epoch)
{
	struct bpf_map_info info = { 0 };
	struct probes_bpf__rodata rodata;
	__u32 size = sizeof(info), zero = 0;
	int fd, err = -ENOENT;

	fd = bpf_map_get_fd_by_id(map_id);
	if (fd < 0)
		return -errno;
	if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.value_size == sizeof(rodata) &&
	    !strcmp(info.name, "probes.rodata") && !bpf_map_lookup_elem(fd, &zero, &rodata)) {
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

int object_load_transit(struct map_set *maps, struct program *programs, size_t count, int *calls_fd)
{
	struct bpf_object *object = open_object("ingress", ingress_bpf__elf_bytes);
	int err;

	if (!object)
		return -errno;
	err = load(object, maps, programs, count);
	if (err)
		goto close_object;
	*calls_fd = fd_copy(bpf_object__find_map_fd_by_name(object, TRANSIT_CALLS_MAP));
	if (*calls_fd < 0) {
		err = *calls_fd;
		while (count)
			close(programs[--count].fd);
	}
close_object:
	bpf_object__close(object);
	return err;
}

/* The array is missing where transit is not possible, so nothing is complete or not by it. */
static int check_transit_calls(const struct map_set *maps, const char *directory)
{
	int fd = map_set_fd(maps, TRANSIT_CALLS_MAP), err = 0;
	struct bpf_object *object;

	if (fd < 0)
		return 0;
	object = open_object("ingress", ingress_bpf__elf_bytes);
	if (!object)
		return log_errno(-errno, "opening the BPF object ingress");
	err = map_set_check_map(bpf_object__find_map_by_name(object, TRANSIT_CALLS_MAP), fd,
				directory);
	bpf_object__close(object);
	return err;
}

int object_check_maps(const struct map_set *maps, const char *directory, bool complete)
{
	struct bpf_object *object = open_object("egress", egress_bpf__elf_bytes);
	int err;

	if (!object)
		return log_errno(-errno, "opening the BPF object egress");
	err = map_set_check_names(maps, directory);
	if (!err)
		err = map_set_check(maps, object, directory, complete);
	if (!err)
		err = check_transit_calls(maps, directory);
	bpf_object__close(object);
	return err;
}
