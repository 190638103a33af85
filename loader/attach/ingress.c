// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Transit: loaded once, attached to each device, replaced on all of them. Its program is three
 * programs, joined by an array of tail calls that belongs to one load. A program with the array of
 * another load would miss its other halves, so old and new are never mixed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "lib/array.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "state/attachments.h"
#include "attach/ingress.h"

#define LOOPBACK_IFINDEX 1 /* of every namespace: include/net/flow.h */

/* The programs of one load. */
enum loaded {
	LOADED_TRANSIT,
	LOADED_REWRITE,
	LOADED_SLOW_PATH,
	LOADED_EXTRA, /* if the caller names one */
	LOADED_COUNT,
};

const char *transit_unfit(int ifindex, __u32 l2_len)
{
	if (ifindex == LOOPBACK_IFINDEX)
		return "the loopback device forwards nothing";
	return l2_len ? NULL : "its packets have no Ethernet header";
}

/* Since 6.2 a program at TC can read the kernel's packet. Before, these probes read it. */
const struct probe_hook *transit_needs(size_t i)
{
	static const struct {
		enum txp_probe probe;
		enum txp_hook_kind kind;
	} needs[] = {
		{ TXP_PROBE_RECEIVE, TXP_HOOK_TP_BTF },
		{ TXP_PROBE_DEV_QUEUE_XMIT, TXP_HOOK_FENTRY },
	};

	return i < ARRAY_SIZE(needs) ? probe_hook_of_kind(needs[i].probe, needs[i].kind) : NULL;
}

static bool is_listed(const struct device *devices, size_t count, __u32 ifindex)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (devices[i].ifindex == (int)ifindex)
			return true;
	}
	return false;
}

/* By its row and pin: if a run was killed, the hook itself may be missing. */
static bool has_transit(const struct instance *instance, const struct txp_device_key *key)
{
	char name[DEVICE_PIN_MAX];
	struct txp_device row;
	int fd;

	if (!bpf_map_lookup_elem(map_set_fd(&instance->maps, "devices"), key, &row) &&
	    row.ingress_priority)
		return true;
	fd = pin_open(instance->links_directory, hook_pin(TC_INGRESS, key->ifindex, name),
		      PIN_LINK);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool is_shadow(const struct instance *instance, const struct txp_device_key *key)
{
	struct txp_device row;

	return !bpf_map_lookup_elem(map_set_fd(&instance->maps, "devices"), key, &row) &&
	       row.mode == TXP_MODE_SHADOW;
}

/* Is there a device beside these of which is_so() is true? */
static bool is_elsewhere(const struct instance *instance, const struct device *devices,
			 size_t count,
			 bool (*is_so)(const struct instance *, const struct txp_device_key *))
{
	int map = map_set_fd(&instance->maps, "devices");
	struct txp_device_key key, *last = NULL;

	while (!bpf_map_get_next_key(map, last, &key)) {
		last = &key;
		if (!is_listed(devices, count, key.ifindex) && is_so(instance, &key))
			return true;
	}
	return false;
}

bool transit_is_elsewhere(const struct instance *instance, const struct device *devices,
			  size_t count)
{
	return is_elsewhere(instance, devices, count, has_transit);
}

bool shadow_is_elsewhere(const struct instance *instance, const struct device *devices,
			 size_t count)
{
	return is_elsewhere(instance, devices, count, is_shadow);
}

static bool same_tag(int a, int b)
{
	struct bpf_prog_info left, right;

	return !program_info(a, &left) && !program_info(b, &right) &&
	       !memcmp(left.tag, right.tag, sizeof(left.tag));
}

static bool uses_map(int program_fd, int map_fd)
{
	__u32 ids[PROGRAM_MAPS], size = sizeof(struct bpf_map_info);
	struct bpf_map_info map = { 0 };
	int i, count;

	if (bpf_obj_get_info_by_fd(map_fd, &map, &size))
		return false;
	count = program_maps(program_fd, ids);
	for (i = 0; i < count; i++) {
		if (ids[i] == map.id)
			return true;
	}
	return false;
}

/* Does the array call this program, or one with the same instructions? */
static bool leads_to(int array_fd, __u32 call, int program_fd)
{
	__u32 id;
	bool same;
	int fd;

	if (bpf_map_lookup_elem(array_fd, &call, &id))
		return false;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return false;
	same = same_tag(fd, program_fd);
	close(fd);
	return same;
}

int transit_recover(const struct instance *instance)
{
	int program_fd, array_fd;
	bool used;

	array_fd = pin_open(instance->maps_directory, TRANSIT_CALLS_MAP PIN_STAGED, PIN_MAP);
	if (array_fd < 0)
		return array_fd == -ENOENT ? 0 : array_fd;
	program_fd = bpf_prog_get_fd_by_id(instance->row.transit_program);
	used = program_fd >= 0 && uses_map(program_fd, array_fd);
	fd_close(program_fd);
	close(array_fd);
	if (used)
		return pin_commit(instance->maps_directory, TRANSIT_CALLS_MAP);
	pin_abort(instance->maps_directory, TRANSIT_CALLS_MAP);
	return 0;
}

/* Returns the program of the instance if it is the same as the loaded one, else -ENOENT. */
static int find_running(const struct instance *instance, const struct program *loaded)
{
	int array_fd = map_set_fd(&instance->maps, TRANSIT_CALLS_MAP);
	int fd;

	if (!instance->row.transit_program || array_fd < 0)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(instance->row.transit_program);
	if (fd < 0)
		return -ENOENT;
	if (same_tag(fd, loaded[LOADED_TRANSIT].fd) && uses_map(fd, array_fd) &&
	    leads_to(array_fd, TXP_CALL_REWRITE, loaded[LOADED_REWRITE].fd) &&
	    leads_to(array_fd, TXP_CALL_SLOW_PATH, loaded[LOADED_SLOW_PATH].fd))
		return fd;
	close(fd);
	return -ENOENT;
}

/*
 * If the same program runs already, it stays, with its own array. A second load of it has another
 * array, and a device must not run one half of each.
 */
static void choose_program(struct transit *transit, const struct instance *instance,
			   const struct program *loaded, int array_fd)
{
	int running = find_running(instance, loaded);

	if (running >= 0) {
		close(loaded[LOADED_TRANSIT].fd);
		close(array_fd);
	}
	close(loaded[LOADED_REWRITE].fd);
	close(loaded[LOADED_SLOW_PATH].fd);
	transit->program_fd = running >= 0 ? running : loaded[LOADED_TRANSIT].fd;
	transit->array_fd = running >= 0 ? -1 : array_fd;
}

int transit_load(struct transit *transit, struct instance *instance, const char *extra)
{
	struct program programs[LOADED_COUNT] = {
		[LOADED_TRANSIT] = { .name = "txpath_transit" },
		[LOADED_REWRITE] = { .name = "txpath_rewrite" },
		[LOADED_SLOW_PATH] = { .name = "txpath_slow_path" },
		[LOADED_EXTRA] = { .name = extra },
	};
	size_t count = extra ? LOADED_COUNT : LOADED_EXTRA;
	struct bpf_prog_info info;
	int array_fd;

	*transit = TRANSIT_NONE;
	transit->err = object_load_transit(&instance->maps, programs, count, &array_fd);
	if (transit->err)
		return transit->err;
	choose_program(transit, instance, programs, array_fd);
	if (extra)
		transit->packet_fd = programs[LOADED_EXTRA].fd;
	transit->err = program_info(transit->program_fd, &info);
	transit->program_id = info.id;
	if (transit->err)
		transit_close(transit);
	return transit->err;
}

static bool is_fit(const struct change *change)
{
	return !transit_unfit(change->device.ifindex, change->device.l2_len);
}

static bool is_named(const struct change *changes, size_t count, const struct txp_device_key *key)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (!memcmp(&changes[i].key, key, sizeof(*key)))
			return true;
	}
	return false;
}

static int prepare_other(struct transit *transit, const struct instance *instance,
			 const struct txp_device_key *key)
{
	struct change *grown;

	grown = realloc(transit->others, (transit->count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	transit->others = grown;
	change_read(&grown[transit->count], instance, key);
	return hook_prepare_there(&grown[transit->count++], TC_INGRESS, instance,
				  transit->program_id);
}

/*
 * Devices that are not in the request. They get the new program too: the row will have its id, and
 * the old one would decline.
 */
static int prepare_others(struct transit *transit, const struct instance *instance,
			  const struct change *changes, size_t count)
{
	int devices = map_set_fd(&instance->maps, "devices"), err = 0;
	struct txp_device_key key, *last = NULL;

	while (!err && !bpf_map_get_next_key(devices, last, &key)) {
		last = &key;
		if (!is_named(changes, count, &key))
			err = prepare_other(transit, instance, &key);
	}
	return err;
}

static int prepare(struct transit *transit, const struct instance *instance, struct change *changes,
		   size_t count, enum hook_kind kind)
{
	int err = 0;
	size_t i;

	for (i = 0; i < count && !err; i++) {
		if (is_fit(&changes[i]))
			err = hook_prepare(&changes[i], TC_INGRESS, instance, transit->program_fd,
					   transit->program_id, kind);
	}
	if (!err && transit->array_fd >= 0)
		err = prepare_others(transit, instance, changes, count);
	return err;
}

static int replace(struct change *changes, size_t count, int program_fd)
{
	int err = 0;
	size_t i;

	for (i = 0; i < count && !err; i++)
		err = hook_replace(&changes[i], TC_INGRESS, program_fd);
	return err;
}

/*
 * The row is written before the hooks are replaced, so in between old programs decline: a gap in
 * offload, but never two programs at work. Whatever takes time was done before, in prepare().
 */
static int publish(const struct transit *transit, const struct instance *instance,
		   struct txp_instance *row, struct change *changes, size_t count)
{
	int err = 0;

	if (row->transit_program != transit->program_id) {
		row->transit_before = row->transit_program;
		row->transit_program = transit->program_id;
		err = instance_write(instance, row);
	}
	if (!err)
		err = replace(changes, count, transit->program_fd);
	if (!err)
		err = replace(transit->others, transit->count, transit->program_fd);
	return err;
}

int transit_attach(struct transit *transit, const struct instance *instance,
		   struct txp_instance *row, struct change *changes, size_t count,
		   enum hook_kind kind)
{
	int err;

	if (transit->program_fd < 0)
		return 0;
	if (transit->array_fd >= 0) {
		err = pin_prepare(transit->array_fd, instance->maps_directory, TRANSIT_CALLS_MAP);
		if (err)
			return err;
	}
	err = prepare(transit, instance, changes, count, kind);
	if (!err)
		err = publish(transit, instance, row, changes, count);
	if (err)
		transit_undo(transit, instance, changes, count);
	return err;
}

int transit_commit(const struct transit *transit, const struct instance *instance,
		   struct change *changes, size_t count)
{
	int err, first = 0;
	size_t i;

	/* the tail calls first: the old ones go with their last pin, and no hook uses them now */
	if (transit->array_fd >= 0)
		first = pin_commit(instance->maps_directory, TRANSIT_CALLS_MAP);
	for (i = 0; i < count; i++) {
		err = hook_commit(&changes[i], TC_INGRESS, instance);
		if (!first)
			first = err;
	}
	return first;
}

void transit_undo(struct transit *transit, const struct instance *instance, struct change *changes,
		  size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		hook_undo(&changes[i], TC_INGRESS, instance);
	for (i = 0; i < transit->count; i++)
		hook_undo(&transit->others[i], TC_INGRESS, instance);
	if (transit->array_fd >= 0)
		pin_abort(instance->maps_directory, TRANSIT_CALLS_MAP);
}

void transit_close(struct transit *transit)
{
	while (transit->count)
		change_close(&transit->others[--transit->count]);
	free(transit->others);
	fd_close(transit->program_fd);
	fd_close(transit->packet_fd);
	fd_close(transit->array_fd);
	*transit = TRANSIT_NONE;
}

int transit_remove(struct change *change, const struct instance *instance)
{
	struct txp_device *row = &change->row;
	int err, ifindex = change->device.ifindex;

	err = hook_detach(TC_INGRESS, instance, ifindex, row->ingress_priority);
	if (err == -ENOENT || !row->ingress_priority)
		return err == -ENOENT ? 0 : err;
	/* our qdisc goes as well if no filter of ours is left on it */
	if (!err && row->clsact && !row->tc_priority) {
		tc_clsact_remove(ifindex);
		row->clsact = 0;
	}
	row->ingress_priority = 0;
	return err ? log_errno(err, "%s: detaching at TC ingress", row->name)
		   : change_write(change, instance);
}
