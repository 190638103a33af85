// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rows of a device in the maps devices, counters, examples and dev_cache, and its clsact qdisc:
 * detach removes the qdisc only if txpath made it and nobody has replaced it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "attach/change.h"
#include "lib/log.h"
#include "lib/rtnl.h"

__u32 *change_priority(struct txp_device *row, enum tc_side side)
{
	return side == TC_EGRESS ? &row->tc_priority : &row->ingress_priority;
}

#define REFILL_STEP_US 5000
#define REFILL_STEPS 2000

/*
 * The kernel takes the row from a reserve of each CPU, which it refills in the background
 * (kernel/bpf/memalloc.c). ENOMEM may mean only that the reserve is empty for now: try again.
 */
static int add_row(int fd, const struct txp_device_key *key, const void *row)
{
	int step;

	for (step = 0; bpf_map_update_elem(fd, key, row, BPF_NOEXIST); step++) {
		if (errno == EEXIST)
			break;
		if (errno != ENOMEM || step == REFILL_STEPS)
			return -errno;
		usleep(REFILL_STEP_US);
	}
	return 0;
}

/* A row of zeros for every CPU: programs count only for devices that have a row. */
static int add_counters(const struct instance *instance, const struct txp_device_key *key)
{
	int cpus = libbpf_num_possible_cpus();
	int fd = map_set_fd(&instance->maps, "counters");
	int err = 0;
	void *zeros;

	if (cpus < 0 || fd < 0)
		return cpus < 0 ? cpus : fd;
	zeros = calloc(cpus, sizeof(struct txp_counters));
	if (!zeros)
		return -ENOMEM;
	err = add_row(fd, key, zeros);
	free(zeros);
	return err;
}

int change_write(const struct change *change, const struct instance *instance)
{
	int fd = map_set_fd(&instance->maps, "devices");

	if (!bpf_map_update_elem(fd, &change->key, &change->row, BPF_ANY))
		return 0;
	return log_errno(-errno, "%s: writing its row in the map devices", change->device.name);
}

static void delete_examples(const struct instance *instance, const struct txp_device_key *device)
{
	int fd = map_set_fd(&instance->maps, "examples");
	struct txp_example_key key = { .device = *device };

	for (key.field = 0; key.field < TXP_FIELD_COUNT; key.field++)
		bpf_map_delete_elem(fd, &key);
}

/* Frees its places, which are shared by index: another device may use them next. */
static void clear_dev_caches(const struct instance *instance, __u32 ifindex)
{
	int i, cpus = libbpf_num_possible_cpus();
	int fd = map_set_fd(&instance->maps, "dev_cache");
	__u32 place = ifindex % TXP_DEV_CACHE_SLOTS;
	struct txp_dev_cache *dev_cache;

	dev_cache = cpus < 0 ? NULL : calloc(cpus, sizeof(*dev_cache));
	if (!dev_cache || bpf_map_lookup_elem(fd, &place, dev_cache))
		goto free_dev_cache;
	for (i = 0; i < cpus; i++) {
		if (dev_cache[i].ifindex == ifindex)
			memset(&dev_cache[i], 0, sizeof(dev_cache[i]));
	}
	bpf_map_update_elem(fd, &place, dev_cache, BPF_ANY);
free_dev_cache:
	free(dev_cache);
}

/* The row in "devices" last: a killed run is then found by it, and the rest is deleted. */
void change_delete_rows(const struct instance *instance, const struct txp_device_key *key)
{
	clear_dev_caches(instance, key->ifindex);
	bpf_map_delete_elem(map_set_fd(&instance->maps, "counters"), key);
	delete_examples(instance, key); /* after the counters: without them none is written */
	bpf_map_delete_elem(map_set_fd(&instance->maps, "devices"), key);
}

static void restore_rows(struct change *change, const struct instance *instance)
{
	change->row = change->old_row;
	if (change->had_row)
		change_write(change, instance);
	else
		change_delete_rows(instance, &change->key);
}

void change_read(struct change *change, const struct instance *instance,
		 const struct txp_device_key *key)
{
	int fd = map_set_fd(&instance->maps, "devices");
	enum tc_side side;

	change->key = *key;
	change->made_qdisc = false;
	for (side = 0; side < TC_SIDES; side++)
		change->hook[side] = (struct hook){ .link_fd = -1, .old_prog_fd = -1 };
	change->had_row = !bpf_map_lookup_elem(fd, key, &change->old_row);
	if (!change->had_row)
		change->old_row = (struct txp_device){ .mode = TXP_MODE_OFF };
	change->row = change->old_row;
}

static bool has_filter(const struct change *change, enum tc_side side)
{
	struct txp_device row = change->row;
	__u32 program_id;

	return !tc_filter_find(side, change->device.ifindex, *change_priority(&row, side),
			       &program_id);
}

/* If someone has removed our filters, the qdisc may have been replaced as well: it is not ours. */
static void disown_qdisc(struct change *change)
{
	if (change->row.clsact == CLSACT_OURS && !has_filter(change, TC_EGRESS) &&
	    !has_filter(change, TC_INGRESS))
		change->row.clsact = 0;
}

int change_begin(struct change *change, const struct instance *instance)
{
	const struct txp_device_key key = { .netns = instance->netns,
					    .ifindex = change->device.ifindex };
	int err;

	change_read(change, instance, &key);
	disown_qdisc(change);
	change->row.l2_len = change->device.l2_len;
	strcpy(change->row.name, change->device.name);
	/* the row first: a killed run is found by it, and its counters are deleted */
	err = change_write(change, instance);
	if (err)
		return err;
	err = add_counters(instance, &change->key);
	if (!err)
		return 0;
	restore_rows(change, instance);
	return log_errno(err, "%s: adding its counters", change->device.name);
}

/* The row says that the qdisc is ours before it is made, and not if someone else was faster. */
int change_need_qdisc(struct change *change, const struct instance *instance)
{
	int err, ifindex = change->device.ifindex;

	if (rtnl_has_clsact(ifindex))
		return 0;
	change->row.clsact = CLSACT_NEW;
	err = change_write(change, instance);
	if (err)
		return err;
	err = tc_clsact_make(ifindex);
	change->made_qdisc = !err;
	if (!err)
		return 0;
	change->row.clsact = 0;
	if (err == -EEXIST && rtnl_has_clsact(ifindex))
		return change_write(change, instance);
	/* an ingress qdisc has the same handle as clsact, and no egress side */
	if (err == -EEXIST)
		log_error(
			"%s: an ingress qdisc is in the way of clsact: remove it first (tc qdisc del dev "
			"%s ingress)",
			change->device.name, change->device.name);
	return log_errno(err, "%s: making a clsact qdisc", change->device.name);
}

void change_undo(struct change *change, const struct instance *instance)
{
	if (change->made_qdisc)
		tc_clsact_remove(change->device.ifindex);
	change->made_qdisc = false;
	restore_rows(change, instance);
}

void change_close(struct change *change)
{
	struct hook *hook;

	for (hook = change->hook; hook < change->hook + TC_SIDES; hook++) {
		if (hook->link_fd >= 0)
			close(hook->link_fd);
		if (hook->old_prog_fd >= 0)
			close(hook->old_prog_fd);
		hook->link_fd = -1;
		hook->old_prog_fd = -1;
	}
}
