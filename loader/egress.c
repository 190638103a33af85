// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "egress.h"
#include "log.h"
#include "netns.h"

#define PIN_NAME_MAX 32

static void pin_name(__u32 ifindex, char *name)
{
	snprintf(name, PIN_NAME_MAX, "egress-%u", ifindex);
}

/* A row of zeros for every CPU: the program counts only where there is one. */
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
	if (bpf_map_update_elem(fd, key, zeros, BPF_NOEXIST) && errno != EEXIST)
		err = -errno;
	free(zeros);
	return err;
}

static int write_device(const struct instance *instance, const struct txp_device_key *key,
			const struct txp_device *row)
{
	int fd = map_set_fd(&instance->maps, "devices");

	return bpf_map_update_elem(fd, key, row, BPF_ANY) ? -errno : 0;
}

static void delete_examples(const struct instance *instance, const struct txp_device_key *device)
{
	int fd = map_set_fd(&instance->maps, "examples");
	struct txp_example_key key = { .device = *device };

	for (key.field = 0; key.field < TXP_FIELD_COUNT; key.field++)
		bpf_map_delete_elem(fd, &key);
}

static void delete_rows(const struct instance *instance, const struct txp_device_key *key)
{
	bpf_map_delete_elem(map_set_fd(&instance->maps, "devices"), key);
	bpf_map_delete_elem(map_set_fd(&instance->maps, "counters"), key);
	delete_examples(instance, key);
}

/* Its past stays with a device. Promotion forgives it: what counts is what comes after. */
static void keep_surprises(struct txp_device *row, const struct txp_device *old)
{
	bool promoted = row->mode == TXP_MODE_OFFLOAD;

	row->demotions = old->demotions;
	row->promoted_at = promoted ? old->demotions : old->promoted_at;
	row->surprises = promoted ? 0 : old->surprises;
}

static int write_rows(struct egress_change *change, const struct instance *instance,
		      enum txp_mode mode)
{
	struct txp_device row = { .mode = mode, .l2_len = change->device.l2_len };
	int fd = map_set_fd(&instance->maps, "devices");
	int err;

	change->had_row = !bpf_map_lookup_elem(fd, &change->key, &change->old_row);
	if (change->had_row)
		row.clsact = change->old_row.clsact;
	keep_surprises(&row, &change->old_row);
	strcpy(row.name, change->device.name);
	err = add_counters(instance, &change->key);
	if (!err)
		err = write_device(instance, &change->key, &row);
	if (err)
		log_errno(err, "%s: writing its rows in the maps", change->device.name);
	return err;
}

static void restore_rows(const struct egress_change *change, const struct instance *instance)
{
	if (change->had_row)
		write_device(instance, &change->key, &change->old_row);
	else
		delete_rows(instance, &change->key);
}

/* The pinned link if it still is on this device. -ENOENT: none, or of a device that is gone. */
static int open_live_link(const struct egress_change *change, const struct instance *instance)
{
	char path[PATH_MAX], name[PIN_NAME_MAX];
	struct tc_link link;
	int fd, err;

	pin_name(change->key.ifindex, name);
	err = pin_path(path, "%s/%s", instance->links_directory, name);
	if (err)
		return err;
	fd = pin_open(path, PIN_LINK);
	if (fd < 0)
		return fd;
	err = tc_tcx_read(fd, &link);
	if (!err && link.ifindex == change->device.ifindex && tc_tcx_is_on(link.ifindex, link.id))
		return fd;
	close(fd);
	return err ? log_errno(err, "%s is in the way: not a TCX link", path) : -ENOENT;
}

static int update_link(struct egress_change *change, int link_fd, int prog_fd)
{
	const char *name = change->device.name;
	struct tc_link link;
	int err;

	err = tc_tcx_read(link_fd, &link);
	if (err)
		return log_errno(err, "%s: reading its link", name);
	change->old_prog_fd = bpf_prog_get_fd_by_id(link.program_id);
	if (change->old_prog_fd < 0)
		return log_errno(-errno, "%s: finding the program to replace", name);
	if (bpf_link_update(link_fd, prog_fd, NULL)) {
		err = log_errno(-errno, "%s: replacing the program at TC egress", name);
		close(change->old_prog_fd);
		change->old_prog_fd = -1;
	}
	return err;
}

static int replace_filter(struct egress_change *change, int prog_fd)
{
	const char *name = change->device.name;
	int err;

	change->old_prog_fd = bpf_prog_get_fd_by_id(change->filter.program_id);
	if (change->old_prog_fd < 0)
		return log_errno(-errno, "%s: finding the program to replace", name);
	err = tc_clsact_replace(prog_fd, change->device.ifindex, &change->filter);
	if (err) {
		log_errno(err, "%s: replacing the filter at TC egress", name);
		close(change->old_prog_fd);
		change->old_prog_fd = -1;
	}
	return err;
}

static int new_link(struct egress_change *change, const struct instance *instance, int prog_fd)
{
	char name[PIN_NAME_MAX];
	int fd, err;

	fd = tc_tcx_attach(prog_fd, change->device.ifindex);
	if (fd < 0)
		return log_errno(fd, "%s: attaching at TC egress (TCX)", change->device.name);
	pin_name(change->key.ifindex, name);
	err = pin_stage(fd, instance->links_directory, name);
	if (err)
		close(fd);
	else
		change->link_fd = fd;
	return err;
}

static int new_filter(struct egress_change *change, const struct instance *instance, int prog_fd)
{
	const char *name = change->device.name;
	struct txp_device row = { 0 };
	int err;

	err = tc_clsact_attach(prog_fd, change->device.ifindex, &change->made_qdisc);
	if (err == -EEXIST)
		log_error("%s: an ingress qdisc is in the way of clsact: it would have to go first",
			  name);
	if (err)
		return log_errno(err, "%s: attaching at TC egress (clsact)", name);
	if (!change->made_qdisc)
		return 0;
	bpf_map_lookup_elem(map_set_fd(&instance->maps, "devices"), &change->key, &row);
	row.clsact = 1;
	err = write_device(instance, &change->key, &row);
	if (err) {
		tc_clsact_detach(change->device.ifindex, true);
		log_errno(err, "%s: writing its row in the maps", name);
	}
	return err;
}

static int attach_hook(struct egress_change *change, const struct instance *instance, int prog_fd,
		       enum egress_hook hook)
{
	int fd, err;

	fd = open_live_link(change, instance);
	if (fd >= 0) {
		err = update_link(change, fd, prog_fd);
		if (err)
			close(fd);
		else
			change->link_fd = fd;
		return err;
	}
	if (fd != -ENOENT)
		return fd;
	if (change->had_row && !tc_clsact_find(change->device.ifindex, &change->filter))
		return replace_filter(change, prog_fd);
	if (hook == EGRESS_TCX || (hook == EGRESS_AUTO && tc_has_tcx()))
		return new_link(change, instance, prog_fd);
	return new_filter(change, instance, prog_fd);
}

int egress_attach(struct egress_change *change, const struct instance *instance, int prog_fd,
		  enum egress_hook hook, enum txp_mode mode)
{
	int err;

	change->key = (struct txp_device_key){ .netns = instance->netns,
					       .ifindex = change->device.ifindex };
	change->link_fd = -1;
	change->old_prog_fd = -1;
	change->made_qdisc = false;
	err = write_rows(change, instance, mode);
	if (!err)
		err = attach_hook(change, instance, prog_fd, hook);
	if (err)
		restore_rows(change, instance);
	return err;
}

static void change_close(struct egress_change *change)
{
	if (change->link_fd >= 0)
		close(change->link_fd);
	if (change->old_prog_fd >= 0)
		close(change->old_prog_fd);
}

static bool is_new_link(const struct egress_change *change)
{
	return change->link_fd >= 0 && change->old_prog_fd < 0;
}

int egress_commit(struct egress_change *change, const struct instance *instance)
{
	char name[PIN_NAME_MAX];
	int err = 0;

	pin_name(change->key.ifindex, name);
	if (is_new_link(change))
		err = pin_commit(instance->links_directory, name);
	change_close(change);
	return err;
}

void egress_undo(struct egress_change *change, const struct instance *instance)
{
	char name[PIN_NAME_MAX];

	pin_name(change->key.ifindex, name);
	if (is_new_link(change)) {
		bpf_link_detach(change->link_fd);
		pin_abort(instance->links_directory, name);
	} else if (change->link_fd >= 0) {
		bpf_link_update(change->link_fd, change->old_prog_fd, NULL);
	} else if (change->old_prog_fd >= 0) {
		tc_clsact_replace(change->old_prog_fd, change->device.ifindex, &change->filter);
	} else {
		tc_clsact_detach(change->device.ifindex, change->made_qdisc);
	}
	restore_rows(change, instance);
	change_close(change);
}

/* At once: a link whose last pin goes would be taken off some time later. */
static int detach_link(const struct attachment *attachment, const struct instance *instance)
{
	char path[PATH_MAX], name[PIN_NAME_MAX];
	int fd, err;

	pin_name(attachment->key.ifindex, name);
	err = pin_path(path, "%s/%s", instance->links_directory, name);
	if (err)
		return err;
	fd = pin_open(path, PIN_LINK);
	if (fd < 0)
		return fd;
	/* fails where the device is gone */
	bpf_link_detach(fd);
	if (unlink(path))
		err = log_errno(-errno, "removing pin %s", path);
	close(fd);
	return err;
}

static int detach_filter(__u64 id, const char *name, void *context)
{
	const struct attachment *attachment = context;
	int err;

	(void)id;
	(void)name;
	err = tc_clsact_detach(attachment->key.ifindex, attachment->row.clsact);
	return err == -ENOENT ? 0 : err;
}

int egress_detach(const struct attachment *attachment, const struct instance *instance)
{
	int err = 0;

	if (attachment->tcx)
		err = detach_link(attachment, instance);
	else if (attachment->state != ATTACHMENT_VANISHED)
		err = netns_visit(instance->netns, detach_filter, (void *)attachment);
	if (err && err != -ENOENT)
		return log_errno(err, "%s: detaching", attachment->name);
	delete_rows(instance, &attachment->key);
	return 0;
}
