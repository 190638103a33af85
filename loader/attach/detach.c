// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Detaching undoes attach in the opposite order. A device's mode is written off first, so that no
 * packet is touched while its hooks go, and its row is deleted last, so that a killed run is found
 * by it. When detach returns the programs are gone, so that "leaves no trace" can be checked.
 */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach/change.h"
#include "attach/detach.h"
#include "attach/hook.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "state/probe_state.h"
#include "lib/sysctl.h"
#include "attach/ingress.h"

/*
 * From here on no packet of the device is touched. If this run is killed, recover() finds the mode
 * off and finishes the work.
 */
static int switch_off(const struct attachment *attachment, const struct instance *instance)
{
	struct change change;

	change_read(&change, instance, &attachment->key);
	change.row.mode = TXP_MODE_OFF;
	return change_write(&change, instance);
}

/* If someone has removed our filters, the qdisc may have been replaced as well: it is not ours. */
static bool owns_qdisc(const struct attachment *attachment)
{
	const struct txp_device *row = &attachment->row;
	int ifindex = attachment->key.ifindex;
	__u32 program_id;

	return row->clsact &&
	       (row->mode == TXP_MODE_OFF || row->clsact == CLSACT_NEW ||
		!tc_filter_find(TC_EGRESS, ifindex, row->tc_priority, &program_id) ||
		!tc_filter_find(TC_INGRESS, ifindex, row->ingress_priority, &program_id));
}

/* Transit first: it was attached last. */
static int detach_hooks(const struct attachment *attachment, const struct instance *instance,
			bool filters)
{
	const struct txp_device *row = &attachment->row;
	__u32 ifindex = attachment->key.ifindex;
	int err;

	err = hook_detach(TC_INGRESS, instance, ifindex, filters ? row->ingress_priority : 0);
	if (!err || err == -ENOENT)
		err = hook_detach(TC_EGRESS, instance, ifindex, filters ? row->tc_priority : 0);
	if (err && err != -ENOENT)
		return log_errno(err, "%s: detaching", attachment->name);
	return 0;
}

/* Links are found by their pins, filters and qdiscs only in the namespace of the device. */
static int detach_all(const struct attachment *attachment, const struct instance *instance,
		      bool home)
{
	bool ours;
	int err;

	home = home && attachment->state != ATTACHMENT_VANISHED;
	ours = home && owns_qdisc(attachment);
	err = detach_hooks(attachment, instance, home);
	if (!err && ours)
		tc_clsact_remove(attachment->key.ifindex);
	return err;
}

int detach_device(const struct attachment *attachment, const struct instance *instance, bool home)
{
	int err;

	err = switch_off(attachment, instance);
	if (!err)
		err = detach_all(attachment, instance, home);
	if (!err)
		change_delete_rows(instance, &attachment->key);
	return err;
}

int detach_unneeded(struct instance *instance)
{
	struct txp_instance *row = &instance->row;
	int err;

	if (row->probe_hook[TXP_PROBE_RECEIVE] == TXP_HOOK_NONE ||
	    transit_is_elsewhere(instance, NULL, 0))
		return 0;
	row->probe_hook[TXP_PROBE_RECEIVE] = TXP_HOOK_NONE;
	row->probes &= ~(1U << TXP_PROBE_RECEIVE);
	err = instance_write(instance, row);
	return err ? err : pin_remove(instance->links_directory, probe_name(TXP_PROBE_RECEIVE));
}

/* The kernel frees a program after an RCU grace period, some milliseconds after its last user. */
#define WAIT_STEP_US 10000
#define WAIT_STEPS 200

struct program_ids {
	int count;
	__u32 ids[TXP_PROBE_COUNT];
};

static int take_program(const char *directory, const char *name, void *context)
{
	struct program_ids *programs = context;
	struct bpf_prog_info info;

	if (programs->count < TXP_PROBE_COUNT && !pin_program(directory, name, &info))
		programs->ids[programs->count++] = info.id;
	return 0;
}

static int is_alive(__u32 program_id)
{
	int fd = bpf_prog_get_fd_by_id(program_id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void wait_for_end(const struct program_ids *programs)
{
	int i, steps = 0;

	for (i = 0; i < programs->count; i++) {
		while (is_alive(programs->ids[i]) && steps++ < WAIT_STEPS)
			usleep(WAIT_STEP_US);
	}
}

static int unpin(const char *directory, const char *name, void *context)
{
	int *first = context;
	int err = pin_remove(directory, name);

	if (!*first)
		*first = err;
	return 0;
}

static int restore_forwarding(const struct instance *instance)
{
	int before = instance->row.lo_forwarding;
	int home, err = 0;

	if (before < 0)
		return 0;
	home = netns_go(instance->netns);
	if (home == -ENOENT)
		return 0;
	if (home < 0)
		return home;
	/* if someone has switched it off meanwhile, it stays off */
	if (sysctl_lo_forwarding() == 1)
		err = sysctl_set_lo_forwarding(before);
	netns_back(home);
	return err ? log_errno(err, "restoring net.ipv4.conf.lo.forwarding=%d", before) : 0;
}

int detach_instance(struct instance *instance)
{
	struct program_ids programs = { 0 };
	int err;

	err = restore_forwarding(instance);
	pin_each(instance->links_directory, take_program, &programs);
	pin_each(instance->links_directory, unpin, &err);
	/* this map first: without it there is no instance, and the next attach removes the rest */
	unpin(instance->maps_directory, INSTANCE_MAP, &err);
	pin_each(instance->maps_directory, unpin, &err);
	map_set_close(&instance->maps);
	wait_for_end(&programs);
	return err;
}
