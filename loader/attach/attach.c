// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attaching is a transaction. First everything is loaded beside what is attached: that takes
 * seconds and may be refused, and changes nothing. Then it is published step by step, each with its
 * undo, in an order in which a run that is killed leaves either the old state or something that
 * recover.c can finish or undo:
 *
 *   directories, lo.forwarding, maps    harmless by themselves
 *   links of probes, staged             their programs do nothing until the row has their epoch
 *   the row of the instance             switches to the new probes in one store
 *   each device: row, program at egress its mode is off until the end, or the old one
 *   program at ingress                  declines until the row says that it is the one
 *   commit: pins get their final names, then each device gets its mode
 *
 * From the commit on nothing is undone: a failure there leaves what recover.c finishes.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "attach/pins.h"
#include "attach/expedite.h"
#include "lib/log.h"
#include "attach/recover.h"
#include "lib/sysctl.h"
#include "attach/transaction.h"

/* The row says that txpath sets the sysctl before it does: detach must restore it. */
static int note_forwarding(struct transaction *t)
{
	if (!t->request->lo_forwarding || sysctl_lo_forwarding())
		return 0;
	t->lo_forwarding = t->instance.row.lo_forwarding;
	t->set_forwarding = true;
	t->instance.row.lo_forwarding = 0;
	t->row.lo_forwarding = 0;
	return t->fresh ? 0 : instance_write(&t->instance, &t->instance.row);
}

static int set_forwarding(struct transaction *t)
{
	int err = t->set_forwarding ? sysctl_set_lo_forwarding(1) : 0;

	return err ? log_errno(err, "lo-forwarding=on: setting net.ipv4.conf.lo.forwarding=1") : 0;
}

static void unset_forwarding(struct transaction *t)
{
	if (!t->set_forwarding)
		return;
	sysctl_set_lo_forwarding(0);
	t->instance.row.lo_forwarding = t->lo_forwarding;
	if (!t->fresh)
		instance_write(&t->instance, &t->instance.row);
}

/* Egress before ingress: transit takes over only flows that egress has learned. */
static int publish_programs(struct transaction *t)
{
	int err;

	err = egress_publish(&t->egress, &t->instance);
	if (!err)
		err = transaction_change_devices(t);
	if (err)
		goto undo_egress;
	err = transit_attach(&t->transit, &t->instance, &t->row, t->changes, t->request->count,
			     t->request->hook);
	if (!err)
		return 0;
	transaction_undo_devices(t);
undo_egress:
	egress_undo(&t->egress, &t->instance);
	return err;
}

/* Nothing is undone from here on: modes are written even if a pin could not be renamed. */
static int commit(struct transaction *t)
{
	int err;

	err = transit_commit(&t->transit, &t->instance, t->changes, t->request->count);
	if (!err && t->new_probes)
		err = attach_commit_links(&t->hooks, &t->instance);
	return transaction_change_modes(t) ?: err;
}

/*
 * The first function that changes anything on the host. The row of the instance is written before
 * any device is changed, because the program at egress needs it. That write also switches from the
 * old probes to the new: programs of another epoch do nothing.
 */
static int publish(struct transaction *t)
{
	int err;

	err = attach_pin_directories(t->pins, &t->instance);
	if (!err)
		err = note_forwarding(t);
	if (err)
		return err;
	err = t->fresh ? attach_pin_maps(&t->instance) : 0;
	if (err)
		goto unset_forwarding;
	err = set_forwarding(t);
	if (err)
		goto unpin_maps;
	err = attach_probe_links(&t->hooks, &t->instance);
	if (err)
		goto unpin_maps;
	err = instance_write(&t->instance, &t->row);
	if (err)
		goto abort_links;
	err = publish_programs(t);
	if (!err)
		return commit(t);
	instance_write(&t->instance, &t->instance.row);
abort_links:
	attach_abort_links(&t->hooks, &t->instance);
unpin_maps:
	if (t->fresh)
		attach_unpin_maps(&t->instance);
unset_forwarding:
	unset_forwarding(t);
	return err;
}

static int open_instance(struct transaction *t, __u64 netns)
{
	int err = instance_open(t->pins, netns, true, &t->instance);

	t->fresh = err == -ENOENT;
	if (t->fresh)
		return recover_nothing(&t->instance);
	if (!err)
		err = instance_check_links(&t->instance);
	return err ? err : recover(&t->instance);
}

/* Does attaching make TCX links? The kernel adds filters on clsact without waiting. */
static bool makes_links(const struct attach_request *request)
{
	return request->hook != HOOK_CLSACT && tc_has_tcx();
}

static int publish_expedited(struct transaction *t)
{
	struct expedite expedite;
	int err;

	expedite_begin(&expedite, makes_links(t->request) ? t->request->count : 0);
	err = publish(t);
	expedite_end(&expedite);
	return err;
}

/* A descriptor is open for each link and each replaced program until the end. */
static void allow_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int attach_devices(const struct pins *pins, __u64 netns, const struct attach_request *request)
{
	struct transaction t = {
		.pins = pins,
		.request = request,
		.egress = EGRESS_NONE,
		.transit = TRANSIT_NONE,
	};
	int err;

	allow_descriptors();
	t.changes = calloc(request->count, sizeof(*t.changes));
	if (!t.changes)
		return -ENOMEM;
	err = open_instance(&t, netns);
	if (err)
		goto free_changes;
	err = transaction_load(&t);
	if (err)
		goto close_programs;
	err = transaction_prepare_probes(&t);
	if (err)
		goto close_hooks;
	transaction_set_row(&t);
	err = publish_expedited(&t);
close_hooks:
	hooks_close(&t.hooks);
close_programs:
	transit_close(&t.transit);
	egress_close(&t.egress);
	instance_close(&t.instance);
free_changes:
	free(t.changes);
	return err;
}
