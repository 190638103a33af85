// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * One link or filter of one device: found, made, replaced, removed. A link is found by its pin and
 * moves with its device into other namespaces. A filter is found by its priority, in the row of the
 * device, and only in the namespace of the device.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach/hook.h"
#include "lib/log.h"
#include "state/attachments.h"

/* Opens the pinned link, whether its device is there or not. -ENOENT: there is none. */
static int open_link(const struct change *change, enum tc_side side,
		     const struct instance *instance, struct tc_link *link)
{
	char name[DEVICE_PIN_MAX];
	int fd, err;

	fd = pin_open(instance->links_directory, hook_pin(side, change->key.ifindex, name),
		      PIN_LINK);
	if (fd < 0)
		return fd;
	err = tc_tcx_read(fd, link);
	if (!err)
		return fd;
	close(fd);
	return log_errno(err, "%s/%s is in the way: it is not a TCX link of txpath's",
			 instance->links_directory, name);
}

/* The same, if it is on this device: an index is used again when its device is gone. */
static int open_live_link(const struct change *change, enum tc_side side,
			  const struct instance *instance, struct tc_link *link)
{
	int fd = open_link(change, side, instance, link);

	if (fd < 0 || (link->ifindex == change->device.ifindex &&
		       tc_tcx_is_on(side, link->ifindex, link->id)))
		return fd;
	close(fd);
	return -ENOENT;
}

/* Keeps the old program open, to be able to put it back: replaced it would be freed. */
static int hold(struct change *change, enum tc_side side, __u32 old_id, __u32 program_id)
{
	struct hook *hook = &change->hook[side];

	if (old_id == program_id)
		return 0;
	hook->old_prog_fd = bpf_prog_get_fd_by_id(old_id);
	return hook->old_prog_fd < 0
		       ? log_errno(-errno, "%s: finding the program to replace", change->row.name)
		       : 0;
}

static int make_link(struct change *change, enum tc_side side, const struct instance *instance,
		     int prog_fd)
{
	struct hook *hook = &change->hook[side];
	char name[DEVICE_PIN_MAX];
	int err;

	hook->link_fd = tc_tcx_attach(side, prog_fd, change->device.ifindex);
	if (hook->link_fd < 0)
		return log_errno(hook->link_fd, "%s: attaching at TC %s (TCX)", change->device.name,
				 tc_side_name(side));
	hook->made = true;
	err = pin_prepare(hook->link_fd, instance->links_directory,
			  hook_pin(side, change->key.ifindex, name));
	if (err)
		hook_undo(change, side, instance);
	return err;
}

static int make_filter(struct change *change, enum tc_side side, const struct instance *instance,
		       int prog_fd)
{
	int priority, err, ifindex = change->device.ifindex;

	err = change_need_qdisc(change, instance);
	if (err)
		return err;
	priority = tc_filter_priority(side, ifindex);
	if (priority < 0)
		return log_errno(priority, "%s: finding a free priority", change->device.name);
	if (side == TC_INGRESS && priority < TC_LAST_PRIORITY)
		log_note("%s: another filter is behind transit at TC ingress, so transit will "
			 "decline: give that filter a lower priority number",
			 change->device.name);
	*change_priority(&change->row, side) = priority;
	err = change_write(change, instance);
	if (err)
		return err;
	err = tc_filter_write(side, prog_fd, ifindex, priority, false);
	change->hook[side].made = !err;
	if (!err && change->row.clsact == CLSACT_NEW)
		change->row.clsact = CLSACT_OURS; /* in the map with the mode */
	return err ? log_errno(err, "%s: attaching at TC %s (clsact)", change->device.name,
			       tc_side_name(side))
		   : 0;
}

int hook_prepare(struct change *change, enum tc_side side, const struct instance *instance,
		 int prog_fd, __u32 program_id, enum hook_kind kind)
{
	__u32 old_id, *priority = change_priority(&change->row, side);
	struct tc_link link;
	int fd;

	fd = open_live_link(change, side, instance, &link);
	if (fd >= 0) {
		change->hook[side].link_fd = fd;
		return hold(change, side, link.program_id, program_id);
	}
	if (fd != -ENOENT)
		return fd;
	if (!tc_filter_find(side, change->device.ifindex, *priority, &old_id))
		return hold(change, side, old_id, program_id);
	*priority = 0;
	if (kind == HOOK_TCX || (kind == HOOK_AUTO && tc_has_tcx()))
		return make_link(change, side, instance, prog_fd);
	return make_filter(change, side, instance, prog_fd);
}

int hook_prepare_there(struct change *change, enum tc_side side, const struct instance *instance,
		       __u32 program_id)
{
	struct tc_link link = { 0 };
	__u32 old_id;
	int fd;

	fd = open_link(change, side, instance, &link);
	change->hook[side].link_fd = fd;
	if (fd >= 0 && link.ifindex)
		return hold(change, side, link.program_id, program_id);
	/* a dead link has no device, so its program sees no packets */
	if (fd >= 0 || fd != -ENOENT)
		return fd >= 0 ? 0 : fd;
	if (tc_filter_find(side, change->key.ifindex, *change_priority(&change->row, side),
			   &old_id))
		return 0;
	return hold(change, side, old_id, program_id);
}

static int put(const struct change *change, enum tc_side side, int prog_fd)
{
	const struct hook *hook = &change->hook[side];
	struct txp_device row = change->row;

	if (hook->link_fd < 0)
		return tc_filter_write(side, prog_fd, change->key.ifindex,
				       *change_priority(&row, side), true);
	/* ENOLINK: its device is gone since hook_prepare_there() */
	return bpf_link_update(hook->link_fd, prog_fd, NULL) && errno != ENOLINK ? -errno : 0;
}

int hook_replace(struct change *change, enum tc_side side, int prog_fd)
{
	int err = change->hook[side].old_prog_fd >= 0 ? put(change, side, prog_fd) : 0;

	return err ? log_errno(err, "%s: replacing the program at TC %s", change->row.name,
			       tc_side_name(side))
		   : 0;
}

int hook_commit(struct change *change, enum tc_side side, const struct instance *instance)
{
	char name[DEVICE_PIN_MAX];

	if (!change->hook[side].made || change->hook[side].link_fd < 0)
		return 0;
	return pin_commit(instance->links_directory, hook_pin(side, change->key.ifindex, name));
}

void hook_undo(struct change *change, enum tc_side side, const struct instance *instance)
{
	struct hook *hook = &change->hook[side];
	char name[DEVICE_PIN_MAX];

	if (hook->made && hook->link_fd >= 0) {
		bpf_link_detach(hook->link_fd);
		pin_abort(instance->links_directory, hook_pin(side, change->key.ifindex, name));
	} else if (hook->made) {
		tc_filter_remove(side, change->device.ifindex,
				 *change_priority(&change->row, side));
	} else if (hook->old_prog_fd >= 0) {
		put(change, side, hook->old_prog_fd);
	}
	hook->made = false;
}

/* Detaches at once: without it the kernel detaches after the last pin and descriptor are gone. */
int hook_detach_pin(const char *directory, const char *pin)
{
	int fd, err;

	fd = pin_open(directory, pin, PIN_LINK);
	if (fd < 0)
		return fd;
	/* fails if the device is gone, which is fine */
	bpf_link_detach(fd);
	err = pin_remove(directory, pin);
	close(fd);
	return err;
}

int hook_detach(enum tc_side side, const struct instance *instance, __u32 ifindex, __u32 priority)
{
	char name[DEVICE_PIN_MAX], staged[DEVICE_PIN_MAX + sizeof(PIN_STAGED)];
	int err;

	hook_pin(side, ifindex, name);
	snprintf(staged, sizeof(staged), "%s" PIN_STAGED, name);
	hook_detach_pin(instance->links_directory, staged); /* of a run that was killed */
	err = hook_detach_pin(instance->links_directory, name);
	if (err == -ENOENT && priority)
		err = tc_filter_remove(side, ifindex, priority);
	return err;
}
