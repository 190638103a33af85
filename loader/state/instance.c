// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Opening the instance of a namespace, and walking over all instances. Everything that is pinned is
 * checked first: programs of another version, or somebody else's map, would be read as ours.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "state/instance.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "state/probe_state.h"

static int set_paths(const struct pins *pins, struct instance *instance)
{
	int err;

	err = pin_path(instance->directory, "%s/%llu", pins->version, instance->netns);
	if (!err)
		err = pin_path(instance->maps_directory, "%s/maps", instance->directory);
	if (!err)
		err = pin_path(instance->links_directory, "%s/links", instance->directory);
	return err;
}

static int open_map(const char *directory, const char *name, void *context)
{
	int fd, err;

	if (pin_is_staged(name))
		return 0;
	fd = pin_open(directory, name, PIN_MAP);
	if (fd < 0)
		return fd;
	err = map_set_add(context, name, fd);
	if (err)
		log_error("%s/%s is in the way: it is not a map of txpath's; remove it", directory,
			  name);
	return err;
}

static int read_row(struct instance *instance)
{
	__u32 zero = 0;
	int fd = map_set_fd(&instance->maps, INSTANCE_MAP);

	if (fd < 0)
		return fd;
	return bpf_map_lookup_elem(fd, &zero, &instance->row) ? -errno : 0;
}

static int check_row(struct instance *instance)
{
	int err = read_row(instance);

	if (err)
		return log_errno(err, "reading %s/instance", instance->maps_directory);
	if (instance->row.abi == TXP_ABI_VERSION && instance->row.netns == instance->netns)
		return 0;
	log_error("%s/instance has ABI %u, but this txpath has ABI %d: run txpath detach --all, "
		  "then attach again",
		  instance->maps_directory, instance->row.abi, TXP_ABI_VERSION);
	return -EPROTO;
}

int instance_place(const char *bpffs, const char *netns, bool write, struct pins *pins, __u64 *id)
{
	int err;

	err = pins_open(bpffs, write, pins);
	if (!err && netns)
		err = netns_enter(netns);
	return err ? err : netns_id(id);
}

int instance_open(const struct pins *pins, __u64 netns, bool complete, struct instance *instance)
{
	int err;

	memset(instance, 0, sizeof(*instance));
	instance->netns = netns;
	instance->row.lo_forwarding = -1;
	err = set_paths(pins, instance);
	if (err)
		return err;
	err = pin_each(instance->maps_directory, open_map, &instance->maps);
	if (!err && !instance->maps.count && complete)
		err = -ENOENT;
	if (!err)
		err = object_check_maps(&instance->maps, instance->maps_directory,
					complete && map_set_fd(&instance->maps, INSTANCE_MAP) >= 0);
	if (!err && complete && map_set_fd(&instance->maps, INSTANCE_MAP) < 0)
		err = -ENOENT; /* a run was killed before it pinned the row: see recover.c */
	else if (!err && complete)
		err = check_row(instance);
	else if (!err)
		read_row(instance);
	if (err)
		map_set_close(&instance->maps);
	return err;
}

void instance_close(struct instance *instance)
{
	map_set_close(&instance->maps);
}

int instance_write(const struct instance *instance, const struct txp_instance *row)
{
	__u32 zero = 0;
	int fd = map_set_fd(&instance->maps, INSTANCE_MAP);

	if (fd < 0)
		return log_errno(fd, "finding the map instance");
	if (bpf_map_update_elem(fd, &zero, row, BPF_ANY))
		return log_errno(-errno, "writing the map instance");
	return 0;
}

/* The kernel keeps only the first BPF_OBJ_NAME_LEN - 1 bytes of a program's name. */
static bool is_program(const char *name, const char *kernel_name)
{
	return !strncmp(name, kernel_name, BPF_OBJ_NAME_LEN - 1);
}

/*
 * Is a link with that program what txpath pins under that name? The names are PROBE,
 * egress-IFINDEX and transit-IFINDEX, each also staged, where a run was killed.
 */
static bool belongs(const char *pin, const char *kernel_name)
{
	const char *probe;
	size_t i;

	for (i = 0; i < PROBE_HOOK_COUNT; i++) {
		probe = probe_name(probe_hooks[i].probe);
		if (!strncmp(pin, probe, strlen(probe)) &&
		    (pin[strlen(probe)] == '\0' || pin[strlen(probe)] == '-') &&
		    probe_hooks[i].user == TXP_VERIFY &&
		    is_program(probe_hooks[i].program, kernel_name))
			return true;
	}
	return !strncmp(pin, TRANSIT_PIN, strlen(TRANSIT_PIN)) &&
	       is_program("txpath_transit", kernel_name);
}

static int check_link(const char *directory, const char *name, void *context)
{
	struct bpf_prog_info info;
	int err;

	(void)context;
	err = pin_program(directory, name, &info);
	if (err)
		return err;
	if (belongs(name, info.name))
		return 0;
	log_error("%s/%s is in the way: it links the program %s, which is not txpath's; remove it",
		  directory, name, info.name);
	return -EMEDIUMTYPE;
}

int instance_check_links(const struct instance *instance)
{
	int err = pin_each(instance->links_directory, check_link, NULL);

	return err == -ENOENT ? 0 : err;
}

int instance_missed(const struct instance *instance, enum txp_probe probe, __u64 *missed)
{
	struct bpf_prog_info info;
	int err;

	err = pin_program(instance->links_directory, probe_pin(&instance->row, probe), &info);
	if (!err)
		*missed = info.recursion_misses;
	return err;
}

struct id_list {
	__u64 *ids;
	int count;
};

static int take_id(const char *directory, const char *name, void *context)
{
	struct id_list *list = context;
	__u64 *ids, id;
	char *end;

	errno = 0;
	id = strtoull(name, &end, 10);
	if (errno || *end) {
		log_error("%s/%s is in the way: its name is not the id of a namespace; remove it",
			  directory, name);
		return -EMEDIUMTYPE;
	}
	ids = realloc(list->ids, (list->count + 1) * sizeof(*ids));
	if (!ids)
		return -ENOMEM;
	list->ids = ids;
	list->ids[list->count++] = id;
	return 0;
}

static int compare_ids(const void *left, const void *right)
{
	__u64 a = *(const __u64 *)left, b = *(const __u64 *)right;

	return (a > b) - (a < b);
}

int instance_ids(const struct pins *pins, __u64 **ids)
{
	struct id_list list = { 0 };
	int err = pin_each(pins->version, take_id, &list);

	if (err && err != -ENOENT) {
		free(list.ids);
		return err;
	}
	if (list.count)
		qsort(list.ids, list.count, sizeof(*list.ids), compare_ids);
	*ids = list.ids;
	return list.count;
}

static int each_selected(const char *netns, const struct pins *pins, __u64 **ids)
{
	__u64 id;
	int err;

	if (!netns)
		return instance_ids(pins, ids);
	err = netns_enter(netns);
	if (!err)
		err = netns_id(&id);
	if (err)
		return err;
	*ids = malloc(sizeof(**ids));
	if (!*ids)
		return -ENOMEM;
	**ids = id;
	return 1;
}

/* Returns 1, or 0 where nothing is pinned for that namespace. */
static int each_one(const struct pins *pins, __u64 id, instance_fn fn, void *context)
{
	struct instance instance;
	int err;

	err = instance_open(pins, id, true, &instance);
	if (err)
		return err == -ENOENT ? 0 : err;
	err = fn(&instance, context);
	instance_close(&instance);
	return err ? err : 1;
}

int instance_each(const char *bpffs, const char *netns, instance_fn fn, void *context)
{
	int i, count, ret, seen = 0;
	__u64 *ids = NULL;
	struct pins pins;

	ret = pins_open(bpffs, false, &pins);
	if (ret)
		return ret;
	count = each_selected(netns, &pins, &ids);
	if (count < 0)
		return count;
	for (i = 0; ids && i < count && ret >= 0; i++) {
		ret = each_one(&pins, ids[i], fn, context);
		seen += ret;
	}
	free(ids);
	pins_note_other_version(&pins);
	return ret < 0 ? ret : seen;
}
