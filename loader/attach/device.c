// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The devices of an attach. Each gets its program at egress, all or none. When everything is in
 * place each gets its mode, which is what makes the programs work for it.
 */
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include <bpf/bpf.h>

#include "lib/log.h"
#include "attach/transaction.h"

static void undo_device(struct change *change, const struct instance *instance)
{
	hook_undo(change, TC_EGRESS, instance);
	change_undo(change, instance);
	change_close(change);
}

static int change_device(const struct transaction *t, struct change *change)
{
	int err;

	err = change_begin(change, &t->instance);
	if (err)
		return err;
	err = hook_prepare(change, TC_EGRESS, &t->instance, t->egress.program_fd, 0,
			   t->request->hook);
	if (!err)
		err = hook_replace(change, TC_EGRESS, t->egress.program_fd);
	if (err)
		undo_device(change, &t->instance);
	return err;
}

static void undo_devices(const struct transaction *t, size_t count)
{
	while (count--)
		undo_device(&t->changes[count], &t->instance);
}

int transaction_change_devices(const struct transaction *t)
{
	const struct attach_request *request = t->request;
	int err = 0;
	size_t i;

	for (i = 0; i < request->count && !err; i++) {
		t->changes[i].device = request->devices[i];
		err = change_device(t, &t->changes[i]);
	}
	if (err)
		undo_devices(t, i - 1);
	return err;
}

void transaction_undo_devices(const struct transaction *t)
{
	undo_devices(t, t->request->count);
}

/* Attaching promotes a demoted device: surprises and agreements count anew. Demotions stay. */
static void promote(struct txp_device *row)
{
	row->promoted_at = row->demotions;
	row->surprises = 0;
	row->agreements = 0;
}

/* The pin first, then the mode: a row with a mode promises that its link is pinned. */
static int commit_device(const struct transaction *t, struct change *change)
{
	const struct attach_request *request = t->request;
	int err;

	err = hook_commit(change, TC_EGRESS, &t->instance);
	change->row.mode = request->mode;
	change->row.netfilter = request->netfilter;
	if (request->mode == TXP_MODE_OFFLOAD)
		promote(&change->row);
	if (!err)
		err = change_write(change, &t->instance);
	if (!err && !request->transit)
		err = transit_remove(change, &t->instance);
	change_close(change);
	return err;
}

static int commit_devices(const struct transaction *t)
{
	int err, first = 0;
	size_t i;

	for (i = 0; i < t->request->count; i++) {
		err = commit_device(t, &t->changes[i]);
		if (!first)
			first = err;
	}
	return first;
}

/* Not 0, and with near certainty none that was there before: a hit compares it. */
static __u64 new_mode_epoch(void)
{
	__u64 value;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = time(NULL);
	return value | 1;
}

static int write_mode_epoch(const struct instance *instance, __u64 value)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(map_set_fd(&instance->maps, "mode_epoch"), &zero, &value, BPF_ANY))
		return log_errno(-errno, "writing the map mode_epoch");
	return 0;
}

/*
 * A hit relies on the modes that were in force when the slow path last decided. So first the mode
 * epoch becomes 0, which no hit matches: while modes are written, and for good if this run is
 * killed, each packet takes the slow path. Then a new epoch ends all decisions from before.
 */
int transaction_change_modes(const struct transaction *t)
{
	int err = write_mode_epoch(&t->instance, 0);

	if (!err)
		err = commit_devices(t);
	return write_mode_epoch(&t->instance, new_mode_epoch()) ?: err;
}
