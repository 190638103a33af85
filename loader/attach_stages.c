// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The programs of the stations: which are needed, and are they those that are attached already? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "log.h"
#include "probe.h"
#include "transaction.h"

static bool same_program(const struct instance *instance, enum txp_stage stage, int prog_fd)
{
	struct bpf_prog_info pinned, ours;

	return !pin_program(instance->links_directory, stage_name(stage), &pinned) &&
	       !program_info(prog_fd, &ours) && !memcmp(pinned.tag, ours.tag, sizeof(ours.tag));
}

/* Stage programs speak together, under one epoch: they are kept or replaced together. */
static bool same_stages(const struct transaction *t)
{
	const struct ladder_step *step;
	size_t i;

	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		step = &t->ladder.step[i];
		if (i == TXP_STAGE_EGRESS)
			continue;
		if (t->instance.row.stage_rung[i] != rung_kind(step->rung))
			return false;
		/* refused now, and not needed before */
		if (!step->rung && t->instance.row.stage_errno[i] != step->best_errno)
			return false;
		if (step->prog_fd >= 0 && !same_program(&t->instance, i, step->prog_fd))
			return false;
	}
	return true;
}

static void describe_stages(struct transaction *t)
{
	struct txp_instance *row = &t->row;
	const struct ladder_step *step;
	struct bpf_prog_info program;
	size_t i;

	row->epoch = t->ladder.epoch;
	row->nf_program = 0;
	row->left_out = 0;
	row->stages = 1U << TXP_STAGE_EGRESS;
	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		step = &t->ladder.step[i];
		row->stage_errno[i] = step->best_errno;
		row->stage_rung[i] = rung_kind(step->rung);
		row->stages |= (__u32) !!step->rung << i;
		row->left_out |= (__u32)step->left_out << i;
		if (row->stage_rung[i] == TXP_HOOK_NETFILTER &&
		    !program_info(step->prog_fd, &program))
			row->nf_program = program.id;
	}
	row->stage_rung[TXP_STAGE_EGRESS] = TXP_HOOK_TC;
}

/* It costs every packet of the host: only before 6.2, and while a device has transit. */
static bool needs_receive(const struct transaction *t)
{
	const struct attach_request *request = t->request;

	return (t->transit.program_fd >= 0 ||
		transit_is_elsewhere(&t->instance, request->devices, request->count)) &&
	       !probe_kernel_context();
}

static bool all_offload(const struct transaction *t)
{
	const struct attach_request *request = t->request;

	return request->mode == TXP_MODE_OFFLOAD &&
	       !shadow_is_elsewhere(&t->instance, request->devices, request->count);
}

/* What is compared without being watched says less, but what is taken over is not compared. */
static bool stations_are_off(const struct transaction *t)
{
	if (t->request->stations == STATIONS_AUTO)
		return all_offload(t);
	return t->request->stations == STATIONS_OFF;
}

/* Before 6.2 transit and egress cannot do without. */
static __u32 unneeded_stages(const struct transaction *t)
{
	__u32 stages = needs_receive(t) ? 0 : 1U << TXP_STAGE_RECEIVE;

	if (stations_are_off(t) && probe_kernel_context())
		stages |= ~(1U << TXP_STAGE_RECEIVE | 1U << TXP_STAGE_NEIGH_UPDATE);
	return stages;
}

/* Before 6.2: have the stations that transit needs the hooks that it needs? */
static int check_stages(struct transaction *t)
{
	const struct rung *rung;
	char text[256], hook[RUNG_TEXT_MAX];
	size_t i;

	if (t->transit.program_fd < 0 || t->ladder.unneeded & (1U << TXP_STAGE_RECEIVE))
		return 0;
	for (i = 0; (rung = transit_needs(i)); i++) {
		if (t->row.stage_rung[rung->stage] == rung->kind)
			continue;
		snprintf(text, sizeof(text),
			 "before Linux 6.2 transit needs the station %s watched by %s",
			 stage_name(rung->stage), rung_text(rung, hook));
		return transaction_without_transit(
			t, t->row.stage_errno[rung->stage] ?: -EOPNOTSUPP, text);
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
int transaction_prepare_stages(struct transaction *t)
{
	int err;

	t->ladder.epoch = new_epoch(t->instance.row.epoch);
	t->ladder.netns = t->instance.netns;
	t->ladder.netfilter = t->request->netfilter_hook;
	t->ladder.maps = &t->instance.maps;
	t->ladder.unneeded = unneeded_stages(t);
	err = ladder_load(&t->ladder);
	if (err)
		return log_errno(err, "attach: nothing has been changed");
	t->row = t->instance.row;
	t->new_stages = t->fresh || !same_stages(t);
	if (t->new_stages) {
		ladder_attach(&t->ladder);
		describe_stages(t);
	}
	return check_stages(t);
}
