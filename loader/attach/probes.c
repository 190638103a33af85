// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of the probes: which are needed, and are they those that are attached already? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/log.h"
#include "lib/features.h"
#include "attach/transaction.h"

static bool same_program(const struct instance *instance, enum txp_probe probe, int prog_fd)
{
	struct bpf_prog_info pinned, ours;

	return !pin_program(instance->links_directory, probe_name(probe), &pinned) &&
	       !program_info(prog_fd, &ours) && !memcmp(pinned.tag, ours.tag, sizeof(ours.tag));
}

/* Probe programs speak together, under one epoch: they are kept or replaced together. */
static bool same_probes(const struct transaction *t)
{
	const struct probe_slot *step;
	size_t i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		step = &t->probe_set.step[i];
		if (i == TXP_PROBE_EGRESS)
			continue;
		if (t->instance.row.probe_hook[i] != probe_hook_kind(step->hook))
			return false;
		/* refused now, and not needed before */
		if (!step->hook && t->instance.row.probe_errno[i] != step->best_errno)
			return false;
		if (step->prog_fd >= 0 && !same_program(&t->instance, i, step->prog_fd))
			return false;
	}
	return true;
}

static void describe_probes(struct transaction *t)
{
	struct txp_instance *row = &t->row;
	const struct probe_slot *step;
	struct bpf_prog_info program;
	size_t i;

	row->epoch = t->probe_set.epoch;
	row->nf_program = 0;
	row->left_out = 0;
	row->probes = 1U << TXP_PROBE_EGRESS;
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		step = &t->probe_set.step[i];
		row->probe_errno[i] = step->best_errno;
		row->probe_hook[i] = probe_hook_kind(step->hook);
		row->probes |= (__u32) !!step->hook << i;
		row->left_out |= (__u32)step->left_out << i;
		if (row->probe_hook[i] == TXP_HOOK_NETFILTER &&
		    !program_info(step->prog_fd, &program))
			row->nf_program = program.id;
	}
	row->probe_hook[TXP_PROBE_EGRESS] = TXP_HOOK_TC;
}

/* It costs every packet of the host: only before 6.2, and while a device has transit. */
static bool needs_receive(const struct transaction *t)
{
	const struct attach_request *request = t->request;

	return (t->transit.program_fd >= 0 ||
		transit_is_elsewhere(&t->instance, request->devices, request->count)) &&
	       !feature_kernel_context();
}

static bool all_offload(const struct transaction *t)
{
	const struct attach_request *request = t->request;

	return request->mode == TXP_MODE_OFFLOAD &&
	       !shadow_is_elsewhere(&t->instance, request->devices, request->count);
}

/* What is compared without being watched says less, but what is taken over is not compared. */
static bool probes_are_off(const struct transaction *t)
{
	if (t->request->probes == PROBES_AUTO)
		return all_offload(t);
	return t->request->probes == PROBES_OFF;
}

/* Before 6.2 transit and egress cannot do without. */
static __u32 unneeded_probes(const struct transaction *t)
{
	__u32 probes = needs_receive(t) ? 0 : 1U << TXP_PROBE_RECEIVE;

	if (probes_are_off(t) && feature_kernel_context())
		probes |= ~(1U << TXP_PROBE_RECEIVE | 1U << TXP_PROBE_NEIGH_UPDATE);
	return probes;
}

/* Before 6.2: have the probes that transit needs the hooks that it needs? */
static int check_probe_hooks(struct transaction *t)
{
	const struct probe_hook *hook;
	char text[256], hook_text[HOOK_TEXT_MAX];
	size_t i;

	if (t->transit.program_fd < 0 || t->probe_set.unneeded & (1U << TXP_PROBE_RECEIVE))
		return 0;
	for (i = 0; (hook = transit_needs(i)); i++) {
		if (t->row.probe_hook[hook->probe] == hook->kind)
			continue;
		snprintf(text, sizeof(text), "before Linux 6.2 transit needs probe %s at %s",
			 probe_name(hook->probe), probe_hook_text(hook, hook_text));
		return transaction_without_transit(
			t, t->row.probe_errno[hook->probe] ?: -EOPNOTSUPP, text);
	}
	return 0;
}

/*
 * Not the next number: programs that a killed run has left may have it, and some go only after a
 * while. A fresh instance has epoch 0, which no program may have.
 */
static __u32 new_epoch(__u32 epoch)
{
	__u32 chosen = 0;

	while (!chosen || chosen == epoch) {
		if (getrandom(&chosen, sizeof(chosen), 0) != sizeof(chosen))
			chosen = epoch + 1;
	}
	return chosen;
}

/* Loads beside what is attached. The new programs stay silent until the instance says so. */
int transaction_prepare_probes(struct transaction *t)
{
	int err;

	t->probe_set.epoch = new_epoch(t->instance.row.epoch);
	t->probe_set.netns = t->instance.netns;
	t->probe_set.netfilter = t->request->netfilter_hook == NETFILTER_HOOK_ON;
	t->probe_set.maps = &t->instance.maps;
	t->probe_set.unneeded = unneeded_probes(t);
	err = probe_set_load(&t->probe_set);
	if (err)
		return log_errno(err, "attach: nothing has been changed");
	t->row = t->instance.row;
	t->new_probes = t->fresh || !same_probes(t);
	if (t->new_probes) {
		probe_set_attach(&t->probe_set);
		describe_probes(t);
	}
	return check_probe_hooks(t);
}
