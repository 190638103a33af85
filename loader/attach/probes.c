// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The probes of an attach: which ones the devices need, and whether their programs are attached
 * already. Each probe runs for every packet of the host, so none is attached that nothing needs,
 * and programs that stay are not attached again.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "lib/log.h"
#include "lib/features.h"
#include "attach/transaction.h"

static bool same_program(const struct instance *instance, const char *pin, int prog_fd)
{
	struct bpf_prog_info pinned, ours;

	return !pin_program(instance->links_directory, pin, &pinned) &&
	       !program_info(prog_fd, &ours) && !memcmp(pinned.tag, ours.tag, sizeof(ours.tag));
}

/* Has the probe what it would get now: the same hook, and the same program behind it? */
static bool same_probe(const struct transaction *t, enum txp_probe probe)
{
	const struct probe_hook *hook = hooks_of(&t->hooks, probe);
	const struct txp_instance *row = &t->instance.row;

	if (row->probe_hook[probe] != probe_hook_kind(hook))
		return false;
	/* refused now, and not needed before */
	if (!hook)
		return row->probe_errno[probe] == t->hooks.probe[probe].best_errno;
	return same_program(&t->instance, probe_pin(row, probe), hooks_program(&t->hooks, probe));
}

/* Probe programs work under one epoch, so all of them are kept or all are replaced. */
static bool same_probes(const struct transaction *t)
{
	int probe;

	for (probe = 0; probe < TXP_PROBE_COUNT; probe++) {
		if (probe != TXP_PROBE_EGRESS && !same_probe(t, probe))
			return false;
	}
	return true;
}

static void describe_probes(struct transaction *t)
{
	struct txp_instance *row = &t->row;
	const struct probe_hook *hook;
	struct bpf_prog_info program;
	int i;

	row->epoch = t->verify.epoch;
	row->nf_program = 0;
	row->left_out = 0;
	row->probes = TXP_PROBE_BIT(TXP_PROBE_EGRESS);
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		hook = hooks_of(&t->hooks, i);
		row->probe_errno[i] = t->hooks.probe[i].best_errno;
		row->probe_hook[i] = probe_hook_kind(hook);
		row->probes |= hook ? TXP_PROBE_BIT(i) : 0;
		row->left_out |= t->hooks.probe[i].left_out ? TXP_PROBE_BIT(i) : 0;
		/* the guard must know our own netfilter hook, which is no reason to decline */
		if (row->probe_hook[i] == TXP_HOOK_NETFILTER &&
		    !program_info(hooks_program(&t->hooks, i), &program))
			row->nf_program = program.id;
	}
	row->probe_hook[TXP_PROBE_EGRESS] = TXP_HOOK_TC;
}

/* It runs for every packet of the host: only before 6.2, and while a device has transit. */
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

/* In offload few packets are compared, so with auto the probes go when no device is in shadow. */
static bool probes_are_off(const struct transaction *t)
{
	if (t->request->probes == PROBES_AUTO)
		return all_offload(t);
	return t->request->probes == PROBES_OFF;
}

/* Before 6.2 transit and egress need the probes to find the kernel's packet: decision 2. */
static __u32 unneeded_probes(const struct transaction *t)
{
	__u32 probes = needs_receive(t) ? 0 : 1U << TXP_PROBE_RECEIVE;

	if (probes_are_off(t) && feature_kernel_context())
		probes |= ~(1U << TXP_PROBE_RECEIVE | 1U << TXP_PROBE_NEIGH_UPDATE);
	return probes;
}

/* Before 6.2 transit needs certain hooks. Were they refused? */
static int check_probe_hooks(struct transaction *t)
{
	const struct probe_hook *hook;
	char text[256], hook_text[HOOK_TEXT_MAX];
	size_t i;

	if (t->transit.program_fd < 0 || !(t->hooks.probes & TXP_PROBE_BIT(TXP_PROBE_RECEIVE)))
		return 0;
	for (i = 0; (hook = transit_needs(i)); i++) {
		if (t->row.probe_hook[hook->probe] == hook->kind)
			continue;
		snprintf(text, sizeof(text), "before Linux 6.2 transit needs probe %s with hook %s",
			 probe_name(hook->probe), probe_hook_text(hook, hook_text));
		return transaction_without_transit(
			t, t->row.probe_errno[hook->probe] ?: -EOPNOTSUPP, text);
	}
	return 0;
}

/*
 * A random number, not the next one: the programs of a killed run may have the next one, and live
 * until the kernel has freed them. Not 0, which a fresh instance has: no program may match it.
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

static void choose_hooks(struct transaction *t)
{
	t->verify = (struct verify_hooks_context){
		.maps = &t->instance.maps,
		.epoch = new_epoch(t->instance.row.epoch),
		.netns = t->instance.netns,
	};
	t->hooks = (struct hook_set){
		.user = &verify_hooks,
		.context = &t->verify,
		/* the hook at egress is each device's own: see device.c */
		.probes = TXP_VERIFY_PROBE_BITS & ~TXP_PROBE_BIT(TXP_PROBE_EGRESS) &
			  ~unneeded_probes(t),
		.kinds = HOOK_KIND_BIT(TXP_HOOK_FENTRY) | HOOK_KIND_BIT(TXP_HOOK_TP_BTF),
	};
	if (t->request->netfilter_hook == NETFILTER_HOOK_ON)
		t->hooks.kinds |= HOOK_KINDS_NETFILTER;
}

/* Loads beside what is attached. The new programs do nothing until the row has their epoch. */
int transaction_prepare_probes(struct transaction *t)
{
	int err;

	choose_hooks(t);
	err = hooks_load(&t->hooks);
	if (err)
		return log_errno(err, "attach: ending before anything was changed");
	t->row = t->instance.row;
	t->new_probes = t->fresh || !same_probes(t);
	if (t->new_probes) {
		hooks_attach(&t->hooks);
		describe_probes(t);
	}
	return check_probe_hooks(t);
}
