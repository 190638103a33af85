// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading once, linking each device, and putting a new program in the place of an old one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "log.h"
#include "transit.h"

#define LOOPBACK_IFINDEX 1 /* of every namespace: include/net/flow.h */
#define TAKEOVER_MAP "takeover_program"
#define PROGRAM_MAPS 32

struct transit_link {
	char pin[DEVICE_PIN_MAX];
	int fd;
	int old_program_fd; /* that ours takes the place of, -1: ours is there */
	bool made;
};

const char *transit_unfit(int ifindex, __u32 l2_len)
{
	if (ifindex == LOOPBACK_IFINDEX)
		return "what comes in from the loopback device is not forwarded";
	return l2_len ? NULL : "its packets have no Ethernet header";
}

const char *transit_refusal(int err)
{
	return err == -EOPNOTSUPP ? "the kernel has no TCX hook (Linux 6.6)"
				  : "the kernel refuses its program";
}

static int program_maps(int fd, struct bpf_prog_info *info, __u32 *maps, __u32 map_count)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	info->map_ids = (__u64)(unsigned long)maps;
	info->nr_map_ids = map_count;
	return bpf_obj_get_info_by_fd(fd, info, &size) ? -errno : 0;
}

static bool same_tag(int a, int b)
{
	struct bpf_prog_info left, right;

	return !program_info(a, &left) && !program_info(b, &right) &&
	       !memcmp(left.tag, right.tag, sizeof(left.tag));
}

static bool uses_map(int program_fd, int map_fd)
{
	__u32 ids[PROGRAM_MAPS], size = sizeof(struct bpf_map_info), i;
	struct bpf_map_info map = { 0 };
	struct bpf_prog_info info;

	if (bpf_obj_get_info_by_fd(map_fd, &map, &size) ||
	    program_maps(program_fd, &info, ids, PROGRAM_MAPS))
		return false;
	for (i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS; i++) {
		if (ids[i] == map.id)
			return true;
	}
	return false;
}

/* The pinned array, which alone keeps the tail call alive, leads to this program. */
static bool leads_to(int array_fd, int takeover_fd)
{
	__u32 zero = 0, id;
	bool same;
	int fd;

	if (bpf_map_lookup_elem(array_fd, &zero, &id))
		return false;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return false;
	same = same_tag(fd, takeover_fd);
	close(fd);
	return same;
}

/* The program of the instance, if it is the one just loaded. -ENOENT. */
static int find_running(const struct instance *instance, const struct program *loaded)
{
	int array_fd = map_set_fd(&instance->maps, TAKEOVER_MAP);
	int fd;

	if (!instance->row.transit_program || array_fd < 0)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(instance->row.transit_program);
	if (fd < 0)
		return -ENOENT;
	if (same_tag(fd, loaded[0].fd) && uses_map(fd, array_fd) &&
	    leads_to(array_fd, loaded[1].fd))
		return fd;
	close(fd);
	return -ENOENT;
}

/* Two loads of one program share no tail call: a device must never see half of each. */
static void choose_program(struct transit *transit, const struct instance *instance,
			   const struct program *loaded, int array_fd)
{
	int running = find_running(instance, loaded);

	if (running >= 0) {
		close(loaded[0].fd);
		close(array_fd);
	}
	close(loaded[1].fd);
	transit->program_fd = running >= 0 ? running : loaded[0].fd;
	transit->array_fd = running >= 0 ? -1 : array_fd;
}

int transit_load(struct transit *transit, struct instance *instance, bool with_check)
{
	struct program programs[] = { { .name = "txpath_transit" },
				      { .name = "txpath_takeover" },
				      { .name = "txpath_check" } };
	size_t count = with_check ? 3 : 2;
	struct bpf_prog_info info;
	int array_fd;

	*transit = TRANSIT_NONE;
	transit->err = tc_has_tcx()
			       ? object_load_transit(&instance->maps, programs, count, &array_fd)
			       : -EOPNOTSUPP;
	if (transit->err)
		return transit->err;
	choose_program(transit, instance, programs, array_fd);
	if (with_check)
		transit->check_fd = programs[2].fd;
	transit->err = program_info(transit->program_fd, &info);
	transit->program_id = info.id;
	if (transit->err)
		transit_close(transit);
	return transit->err;
}

static struct transit_link *add_link(struct transit *transit, const char *pin)
{
	struct transit_link *grown, *link;

	grown = realloc(transit->links, (transit->count + 1) * sizeof(*grown));
	if (!grown)
		return NULL;
	transit->links = grown;
	link = &transit->links[transit->count++];
	*link = (struct transit_link){ .fd = -1, .old_program_fd = -1 };
	snprintf(link->pin, sizeof(link->pin), "%s", pin);
	return link;
}

static bool has_link(const struct transit *transit, const char *pin)
{
	size_t i;

	for (i = 0; i < transit->count; i++) {
		if (!strcmp(transit->links[i].pin, pin))
			return true;
	}
	return false;
}

static int open_link(const char *directory, const char *pin, struct tc_link *info)
{
	int fd, err;

	fd = pin_open(directory, pin, PIN_LINK);
	if (fd < 0)
		return fd;
	err = tc_tcx_read(fd, info);
	if (!err)
		return fd;
	close(fd);
	return log_errno(err, "%s/%s is in the way: not a TCX link", directory, pin);
}

/* Another program is to be replaced: hold it, to be able to put it back. */
static int hold_program(const struct transit *transit, struct transit_link *link,
			const struct tc_link *info)
{
	if (info->program_id == transit->program_id)
		return 0;
	link->old_program_fd = bpf_prog_get_fd_by_id(info->program_id);
	return link->old_program_fd < 0
		       ? log_errno(-errno, "%s: finding the program to replace", link->pin)
		       : 0;
}

static int make_link(const struct transit *transit, struct transit_link *link,
		     const struct instance *instance, const struct device *device)
{
	int err;

	link->fd = tc_tcx_attach_ingress(transit->program_fd, device->ifindex);
	if (link->fd < 0)
		return log_errno(link->fd, "%s: attaching at TC ingress (TCX)", device->name);
	link->made = true;
	err = pin_stage(link->fd, instance->links_directory, link->pin);
	return err;
}

static int prepare_device(struct transit *transit, const struct instance *instance,
			  const struct device *device)
{
	struct tc_link info = { 0 };
	struct transit_link *link;
	char pin[DEVICE_PIN_MAX];

	link = add_link(transit, transit_pin(device->ifindex, pin));
	if (!link)
		return -ENOMEM;
	link->fd = open_link(instance->links_directory, pin, &info);
	if (link->fd < 0 && link->fd != -ENOENT)
		return link->fd;
	if (link->fd >= 0 && info.ifindex == device->ifindex &&
	    tc_tcx_is_on_ingress(info.ifindex, info.id))
		return hold_program(transit, link, &info);
	/* there is none, or the one of a device that is gone */
	if (link->fd >= 0)
		close(link->fd);
	return make_link(transit, link, instance, device);
}

/* A device that was not named: its old program would not find itself in the instance. */
static int prepare_other(const char *directory, const char *name, void *context)
{
	struct transit *transit = context;
	struct tc_link info = { 0 };
	struct transit_link *link;

	if (strncmp(name, TRANSIT_PIN, strlen(TRANSIT_PIN)) || pin_is_staged(name) ||
	    has_link(transit, name))
		return 0;
	link = add_link(transit, name);
	if (!link)
		return -ENOMEM;
	link->fd = open_link(directory, name, &info);
	if (link->fd < 0)
		return link->fd;
	/* a dead link has no device to take packets from */
	return info.ifindex ? hold_program(transit, link, &info) : 0;
}

static int prepare_links(struct transit *transit, const struct instance *instance,
			 const struct device *devices, size_t count)
{
	int err = 0;
	size_t i;

	for (i = 0; i < count && !err; i++) {
		if (!transit_unfit(devices[i].ifindex, devices[i].l2_len))
			err = prepare_device(transit, instance, &devices[i]);
	}
	if (!err && transit->array_fd >= 0)
		err = pin_each(instance->links_directory, prepare_other, transit);
	return err;
}

static int replace_programs(const struct transit *transit)
{
	const struct transit_link *link;
	size_t i;

	for (i = 0; i < transit->count; i++) {
		link = &transit->links[i];
		/* ENOLINK: its device has gone this moment */
		if (link->old_program_fd >= 0 &&
		    bpf_link_update(link->fd, transit->program_fd, NULL) && errno != ENOLINK)
			return log_errno(-errno, "%s: replacing the program at TC ingress",
					 link->pin);
	}
	return 0;
}

/*
 * Between the write of the row and the last link, the programs that are being replaced decline:
 * all that takes time is done before.
 */
static int publish(const struct transit *transit, const struct instance *instance,
		   struct txp_instance *row)
{
	int err;

	if (row->transit_program != transit->program_id) {
		row->transit_program = transit->program_id;
		err = instance_write(instance, row);
		if (err)
			return err;
	}
	return replace_programs(transit);
}

int transit_attach(struct transit *transit, const struct instance *instance,
		   struct txp_instance *row, const struct device *devices, size_t count)
{
	int err;

	if (transit->program_fd < 0)
		return 0;
	if (transit->array_fd >= 0) {
		err = pin_stage(transit->array_fd, instance->maps_directory, TAKEOVER_MAP);
		if (err)
			return err;
	}
	err = prepare_links(transit, instance, devices, count);
	if (!err)
		err = publish(transit, instance, row);
	if (err)
		transit_undo(transit, instance);
	return err;
}

int transit_commit(const struct transit *transit, const struct instance *instance)
{
	int err = 0, first = 0;
	size_t i;

	/* the new tail call first: from here on the old one may go */
	if (transit->array_fd >= 0)
		first = pin_commit(instance->maps_directory, TAKEOVER_MAP);
	for (i = 0; i < transit->count; i++) {
		if (transit->links[i].made)
			err = pin_commit(instance->links_directory, transit->links[i].pin);
		if (!first)
			first = err;
	}
	return first;
}

void transit_undo(const struct transit *transit, const struct instance *instance)
{
	const struct transit_link *link;
	size_t i;

	for (i = 0; i < transit->count; i++) {
		link = &transit->links[i];
		if (link->made) {
			bpf_link_detach(link->fd);
			pin_abort(instance->links_directory, link->pin);
		} else if (link->old_program_fd >= 0) {
			bpf_link_update(link->fd, link->old_program_fd, NULL);
		}
	}
	if (transit->array_fd >= 0)
		pin_abort(instance->maps_directory, TAKEOVER_MAP);
}

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void transit_close(struct transit *transit)
{
	while (transit->count) {
		transit->count--;
		close_if_open(transit->links[transit->count].fd);
		close_if_open(transit->links[transit->count].old_program_fd);
	}
	free(transit->links);
	close_if_open(transit->program_fd);
	close_if_open(transit->check_fd);
	close_if_open(transit->array_fd);
	transit->links = NULL;
	transit->program_fd = -1;
	transit->check_fd = -1;
	transit->array_fd = -1;
}

int transit_detach(__u32 ifindex, const struct instance *instance)
{
	char name[DEVICE_PIN_MAX];
	int fd, err;

	transit_pin(ifindex, name);
	pin_abort(instance->links_directory, name); /* of a run that was killed */
	fd = pin_open(instance->links_directory, name, PIN_LINK);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	/* at once: fails where the device is gone */
	bpf_link_detach(fd);
	err = pin_remove(instance->links_directory, name);
	close(fd);
	return err;
}
