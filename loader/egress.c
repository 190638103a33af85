// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attaching and detaching at TC egress. A device's row in the map "devices" is written before
 * each step that it describes, so that what a killed run leaves can be told from what is others'.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "egress.h"
#include "log.h"
#include "netns.h"
#include "rtnl.h"

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

static int write_row(const struct egress_change *change, const struct instance *instance)
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

static void delete_rows(const struct instance *instance, const struct txp_device_key *key)
{
	bpf_map_delete_elem(map_set_fd(&instance->maps, "devices"), key);
	bpf_map_delete_elem(map_set_fd(&instance->maps, "counters"), key);
	delete_examples(instance, key);
}

static int add_rows(struct egress_change *change, const struct instance *instance)
{
	int fd = map_set_fd(&instance->maps, "devices");
	int err;

	change->had_row = !bpf_map_lookup_elem(fd, &change->key, &change->old_row);
	if (change->had_row)
		change->row = change->old_row;
	else
		change->row = (struct txp_device){ .mode = TXP_MODE_OFF };
	change->row.l2_len = change->device.l2_len;
	strcpy(change->row.name, change->device.name);
	err = add_counters(instance, &change->key);
	if (err)
		return log_errno(err, "%s: adding its counters", change->device.name);
	return write_row(change, instance);
}

static void restore_rows(struct egress_change *change, const struct instance *instance)
{
	change->row = change->old_row;
	if (change->had_row)
		write_row(change, instance);
	else
		delete_rows(instance, &change->key);
}

/* The pinned link if it still is on this device. -ENOENT: none, or of a device that is gone. */
static int open_live_link(const struct egress_change *change, const struct instance *instance,
			  struct tc_link *link)
{
	char name[DEVICE_PIN_MAX];
	int fd, err;

	egress_pin(change->key.ifindex, name);
	fd = pin_open(instance->links_directory, name, PIN_LINK);
	if (fd < 0)
		return fd;
	err = tc_tcx_read(fd, link);
	if (!err && link->ifindex == change->device.ifindex &&
	    tc_tcx_is_on(link->ifindex, link->id))
		return fd;
	close(fd);
	return err ? log_errno(err, "%s is in the way: not a TCX link", name) : -ENOENT;
}

/* Replaces the program of a link, or of our filter where link_fd is -1. */
static int replace(struct egress_change *change, int link_fd, int prog_fd, __u32 old_program_id)
{
	const char *name = change->device.name;
	int old_fd, err;

	old_fd = bpf_prog_get_fd_by_id(old_program_id);
	if (old_fd < 0)
		return log_errno(-errno, "%s: finding the program to replace", name);
	if (link_fd >= 0)
		err = bpf_link_update(link_fd, prog_fd, NULL) ? -errno : 0;
	else
		err = tc_filter_write(prog_fd, change->device.ifindex, change->row.tc_priority,
				      true);
	if (err) {
		close(old_fd);
		return log_errno(err, "%s: replacing the program at TC egress", name);
	}
	change->link_fd = link_fd;
	change->old_prog_fd = old_fd;
	return 0;
}

static int new_link(struct egress_change *change, const struct instance *instance, int prog_fd)
{
	char name[DEVICE_PIN_MAX];
	int fd, err;

	fd = tc_tcx_attach(prog_fd, change->device.ifindex);
	if (fd < 0)
		return log_errno(fd, "%s: attaching at TC egress (TCX)", change->device.name);
	err = pin_stage(fd, instance->links_directory, egress_pin(change->key.ifindex, name));
	if (err)
		close(fd);
	else
		change->link_fd = fd;
	return err;
}

/* Noted as ours before it is made, and not any more if others were faster. */
static int need_qdisc(struct egress_change *change, const struct instance *instance)
{
	int err, ifindex = change->device.ifindex;

	if (rtnl_has_clsact(ifindex))
		return 0;
	change->row.clsact = 1;
	err = write_row(change, instance);
	if (err)
		return err;
	err = tc_clsact_make(ifindex);
	change->made_qdisc = !err;
	if (!err)
		return 0;
	change->row.clsact = 0;
	if (err == -EEXIST && rtnl_has_clsact(ifindex))
		return write_row(change, instance);
	/* an ingress qdisc would take our filter as one of its own */
	if (err == -EEXIST)
		log_error("%s: an ingress qdisc is in the way of clsact: it would have to go first",
			  change->device.name);
	return log_errno(err, "%s: making a clsact qdisc", change->device.name);
}

static int new_filter(struct egress_change *change, const struct instance *instance, int prog_fd)
{
	int priority, err;

	err = need_qdisc(change, instance);
	if (err)
		return err;
	priority = tc_filter_priority(change->device.ifindex);
	if (priority < 0) {
		err = log_errno(priority, "%s: finding a free priority", change->device.name);
		goto remove_qdisc;
	}
	change->row.tc_priority = priority;
	err = write_row(change, instance);
	if (err)
		goto remove_qdisc;
	err = tc_filter_write(prog_fd, change->device.ifindex, priority, false);
	if (!err)
		return 0;
	log_errno(err, "%s: attaching at TC egress (clsact)", change->device.name);
remove_qdisc:
	if (change->made_qdisc)
		tc_clsact_remove(change->device.ifindex);
	return err;
}

/* A killed run may have made the qdisc, and the filter not any more. */
static void clear_unfinished(struct egress_change *change)
{
	if (change->row.mode == TXP_MODE_OFF && change->row.clsact)
		tc_clsact_remove(change->device.ifindex);
	change->row.clsact = 0;
	change->row.tc_priority = 0;
}

static int attach_hook(struct egress_change *change, const struct instance *instance, int prog_fd,
		       enum egress_hook hook)
{
	struct tc_link link;
	__u32 program_id;
	int fd, err;

	fd = open_live_link(change, instance, &link);
	if (fd >= 0) {
		err = replace(change, fd, prog_fd, link.program_id);
		if (err)
			close(fd);
		return err;
	}
	if (fd != -ENOENT)
		return fd;
	if (!tc_filter_find(change->device.ifindex, change->row.tc_priority, &program_id))
		return replace(change, -1, prog_fd, program_id);
	clear_unfinished(change);
	if (hook == EGRESS_TCX || (hook == EGRESS_AUTO && tc_has_tcx()))
		return new_link(change, instance, prog_fd);
	return new_filter(change, instance, prog_fd);
}

int egress_attach(struct egress_change *change, const struct instance *instance, int prog_fd,
		  enum egress_hook hook)
{
	int err;

	change->key = (struct txp_device_key){ .netns = instance->netns,
					       .ifindex = change->device.ifindex };
	change->link_fd = -1;
	change->old_prog_fd = -1;
	change->made_qdisc = false;
	err = add_rows(change, instance);
	if (!err)
		err = attach_hook(change, instance, prog_fd, hook);
	if (err)
		restore_rows(change, instance);
	return err;
}

/* Its past stays with a device. Promotion forgives it: what counts is what comes after. */
static void promote(struct txp_device *row)
{
	row->promoted_at = row->demotions;
	row->surprises = 0;
	row->agreements = 0;
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

int egress_commit(struct egress_change *change, const struct instance *instance, enum txp_mode mode,
		  enum txp_netfilter netfilter)
{
	char name[DEVICE_PIN_MAX];
	int err = 0;

	if (is_new_link(change))
		err = pin_commit(instance->links_directory, egress_pin(change->key.ifindex, name));
	change->row.mode = mode;
	change->row.netfilter = netfilter;
	if (mode == TXP_MODE_OFFLOAD)
		promote(&change->row);
	if (!err)
		err = write_row(change, instance);
	change_close(change);
	return err;
}

void egress_undo(struct egress_change *change, const struct instance *instance)
{
	int ifindex = change->device.ifindex;
	char name[DEVICE_PIN_MAX];

	if (is_new_link(change)) {
		bpf_link_detach(change->link_fd);
		pin_abort(instance->links_directory, egress_pin(ifindex, name));
	} else if (change->link_fd >= 0) {
		bpf_link_update(change->link_fd, change->old_prog_fd, NULL);
	} else if (change->old_prog_fd >= 0) {
		tc_filter_write(change->old_prog_fd, ifindex, change->row.tc_priority, true);
	} else {
		tc_filter_remove(ifindex, change->row.tc_priority);
	}
	if (change->made_qdisc)
		tc_clsact_remove(ifindex);
	restore_rows(change, instance);
	change_close(change);
}

/* At once: a link whose last pin goes would be taken off some time later. */
static int detach_link(const char *directory, const char *pin)
{
	int fd, err;

	fd = pin_open(directory, pin, PIN_LINK);
	if (fd < 0)
		return fd;
	/* fails where the device is gone */
	bpf_link_detach(fd);
	err = pin_remove(directory, pin);
	close(fd);
	return err;
}

static int detach_filter(const struct attachment *attachment)
{
	const struct txp_device *row = &attachment->row;
	int home, err;

	home = netns_go(attachment->key.netns);
	if (home < 0)
		return home;
	err = tc_filter_remove(attachment->key.ifindex, row->tc_priority);
	/* where someone took our filter off, the qdisc may be another one by now */
	if (row->clsact && (!err || row->mode == TXP_MODE_OFF))
		tc_clsact_remove(attachment->key.ifindex);
	netns_back(home);
	return err;
}

int egress_detach(const struct attachment *attachment, const struct instance *instance)
{
	char name[DEVICE_PIN_MAX];
	int err = 0;

	egress_pin(attachment->key.ifindex, name);
	if (attachment->tcx)
		err = detach_link(instance->links_directory, name);
	else if (attachment->state != ATTACHMENT_VANISHED)
		err = detach_filter(attachment);
	if (err && err != -ENOENT)
		return log_errno(err, "%s: detaching", attachment->name);
	pin_abort(instance->links_directory, name); /* of a run that was killed */
	delete_rows(instance, &attachment->key);
	return 0;
}
