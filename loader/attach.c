// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Load everything, then publish it step by step, each with its undoing. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "check.h"
#include "egress.h"
#include "expedite.h"
#include "ladder.h"
#include "lock.h"
#include "log.h"
#include "probe.h"
#include "recover.h"
#include "sysctl.h"
#include "transit.h"
#include "words.h"

#define NS_PER_S 1000000000U

struct transaction {
	const struct attach_request *request;
	const struct pins *pins;
	struct instance instance;
	bool fresh; /* nothing was pinned before */
	struct egress egress;
	struct transit transit;
	struct ladder ladder;
	bool new_stages; /* else those attached are the same and stay */
	struct txp_instance row;
	bool set_forwarding;
	int lo_forwarding;	/* of the instance before that */
	struct change *changes; /* one for each device */
};

static int load_egress(struct transaction *t)
{
	int err = egress_load(&t->egress, &t->instance);

	if (!err)
		return 0;
	log_errno(err, "loading the programs for TC egress");
	if (!probe_btf())
		log_error("this kernel has no BTF, which txpath needs: a kernel with "
			  "CONFIG_DEBUG_INFO_BTF, that is /sys/kernel/btf/vmlinux");
	else
		log_error("txpath -v attach shows what the kernel's verifier says");
	return err;
}

/* The coarse clock moves with each jiffy. */
static __u64 tick_ns(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec)
		return 0;
	return tick.tv_nsec;
}

/*
 * What transit must know of the kernel, also before it is attached: of a fresh instance the map
 * is not pinned yet, of another one nothing else changes.
 */
static int write_symbols(struct transaction *t)
{
	t->instance.row.abi = TXP_ABI_VERSION;
	t->instance.row.netns = t->instance.netns;
	t->instance.row.tick_ns = tick_ns();
	probe_symbols(&t->instance.row);
	return instance_write(&t->instance, &t->instance.row);
}

/* What is taken over passes conntrack by: it must not mind. */
static int check_netfilter(const struct transaction *t)
{
	const struct attach_request *request = t->request;
	size_t i;
	int ret;

	for (i = 0; i < request->count && t->transit.check_fd >= 0; i++) {
		ret = check_run(t->transit.check_fd, request->devices[i].ifindex,
				request->netfilter);
		if (ret < 0)
			return log_errno(ret, "%s: asking what stands in the way",
					 request->devices[i].name);
		if (ret != TXP_TRANSIT_CONNTRACK)
			continue;
		log_error("%s: --netfilter %s is not possible: " CHECK_CONNTRACK_ADVICE,
			  request->devices[i].name, netfilter_name(request->netfilter));
		return -EPERM;
	}
	return 0;
}

/* Shadow goes without; nothing can be offloaded without it. */
static int no_transit(struct transaction *t, int err, const char *reason)
{
	if (t->request->mode == TXP_MODE_OFFLOAD)
		return log_errno(err, "--mode offload: not possible here: %s", reason);
	log_note("transit is not possible here: %s: %s (%s)", reason, errno_words(err),
		 errno_name(err));
	transit_close(&t->transit);
	t->transit.err = err;
	return 0;
}

static int load_transit(struct transaction *t)
{
	int err;

	if (!t->request->transit)
		return 0;
	err = transit_load(&t->transit, &t->instance,
			   t->request->netfilter != TXP_NETFILTER_DECLINE);
	if (!err)
		return check_netfilter(t);
	return no_transit(t, err, TRANSIT_REFUSED);
}

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

static bool is_set(const struct transaction *t, enum txp_knob knob)
{
	return t->fresh || t->request->given & (1U << knob);
}

static void set_knobs(struct transaction *t)
{
	if (is_set(t, TXP_KNOB_LEASE_MS))
		t->row.lease_ns = t->request->lease_ms * 1000000ULL;
	if (is_set(t, TXP_KNOB_MAX_SURPRISES))
		t->row.max_surprises = t->request->max_surprises;
	if (is_set(t, TXP_KNOB_PROMOTE_AFTER))
		t->row.promote_after = t->request->promote_after;
	if (is_set(t, TXP_KNOB_COMPARE_RATE))
		t->row.compare_ns =
			t->request->compare_rate ? NS_PER_S / t->request->compare_rate : 0;
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
		return no_transit(t, t->row.stage_errno[rung->stage] ?: -EOPNOTSUPP, text);
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
static int prepare_stages(struct transaction *t)
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
	t->row.fib_mark = probe_fib_mark();
	set_knobs(t);
	err = check_stages(t);
	if (t->request->transit)
		t->row.transit_errno = t->transit.err;
	return err;
}

/* The sysctl is noted as ours before it is set. */
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

	return err ? log_errno(err, "lo-forwarding=on: setting net.ipv4.conf.lo.forwarding") : 0;
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

static int make_directories(const struct transaction *t)
{
	int err;

	err = pin_directory(t->pins->version);
	if (!err)
		err = pin_directory(t->instance.directory);
	if (!err)
		err = pin_directory(t->instance.maps_directory);
	if (!err)
		err = pin_directory(t->instance.links_directory);
	return err;
}

static void unpin_maps(const struct transaction *t)
{
	const struct map_set *maps = &t->instance.maps;
	int i;

	pin_remove(t->instance.maps_directory, INSTANCE_MAP);
	for (i = 0; i < maps->count; i++)
		pin_remove(t->instance.maps_directory, maps->map[i].name);
}

/* The one with the instance's row last: where it is, all is. */
static int pin_maps(const struct transaction *t)
{
	const struct map_set *maps = &t->instance.maps;
	const char *directory = t->instance.maps_directory;
	int i, err;

	err = instance_write(&t->instance, &t->instance.row);
	for (i = 0; i < maps->count && !err; i++) {
		if (strcmp(maps->map[i].name, INSTANCE_MAP))
			err = pin_make(maps->map[i].fd, directory, maps->map[i].name);
	}
	if (!err)
		err = pin_make(map_set_fd(maps, INSTANCE_MAP), directory, INSTANCE_MAP);
	if (err)
		unpin_maps(t);
	return err;
}

static void abort_stages(const struct transaction *t)
{
	size_t i;

	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		if (t->ladder.step[i].link_fd >= 0)
			pin_abort(t->instance.links_directory, stage_name(i));
	}
}

static int stage_stages(const struct transaction *t)
{
	int err = 0;
	size_t i;

	for (i = 0; i < TXP_STAGE_COUNT && !err; i++) {
		if (t->ladder.step[i].link_fd >= 0)
			err = pin_stage(t->ladder.step[i].link_fd, t->instance.links_directory,
					stage_name(i));
	}
	if (err)
		abort_stages(t);
	return err;
}

/* Pins of stations that lost their hook go; the links of the others are replaced. */
static int commit_stages(const struct transaction *t)
{
	const char *directory = t->instance.links_directory;
	int err = 0;
	size_t i;

	for (i = 0; i < TXP_STAGE_COUNT && t->new_stages && !err; i++) {
		if (t->ladder.step[i].link_fd >= 0)
			err = pin_commit(directory, stage_name(i));
		else
			err = pin_remove(directory, stage_name(i));
	}
	return err;
}

static void undo_device(struct change *change, const struct instance *instance)
{
	hook_undo(change, TC_EGRESS, instance);
	change_undo(change, instance);
	change_close(change);
}

static void undo_devices(const struct transaction *t, size_t count)
{
	while (count--)
		undo_device(&t->changes[count], &t->instance);
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

static int change_devices(const struct transaction *t)
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

/* Its past stays with a device. Promotion forgives it: what counts is what comes after. */
static void promote(struct txp_device *row)
{
	row->promoted_at = row->demotions;
	row->surprises = 0;
	row->agreements = 0;
}

/* All is in place: the mode that is written here is what the programs go by. */
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

/* Not 0, and none that was there before. */
static __u64 new_arming(void)
{
	__u64 value;

	if (getrandom(&value, sizeof(value), 0) != sizeof(value))
		value = time(NULL);
	return value | 1;
}

static int write_arming(const struct instance *instance, __u64 value)
{
	__u32 zero = 0;

	if (bpf_map_update_elem(map_set_fd(&instance->maps, "arming"), &zero, &value, BPF_ANY))
		return log_errno(-errno, "writing the map arming");
	return 0;
}

/*
 * While modes are written nothing is a hit, also if we are killed meanwhile: each packet is judged
 * in full, by the mode that there is. Then, nothing that was judged before.
 */
static int change_modes(const struct transaction *t)
{
	int err = write_arming(&t->instance, 0);

	if (!err)
		err = commit_devices(t);
	return write_arming(&t->instance, new_arming()) ?: err;
}

/*
 * Everything that the host can see, from here on. The instance is written before any device is
 * changed: the program at egress must find it, and that write gives the stages their voice.
 */
static int publish(struct transaction *t)
{
	int err;

	err = make_directories(t);
	if (!err)
		err = note_forwarding(t);
	if (err)
		return err;
	err = t->fresh ? pin_maps(t) : 0;
	if (err)
		goto unset_forwarding;
	err = set_forwarding(t);
	if (err)
		goto unpin_maps;
	err = stage_stages(t);
	if (err)
		goto unpin_maps;
	err = instance_write(&t->instance, &t->row);
	if (err)
		goto abort_stages;
	err = egress_publish(&t->egress, &t->instance);
	if (!err)
		err = change_devices(t);
	if (err)
		goto undo_egress;
	err = transit_attach(&t->transit, &t->instance, &t->row, t->changes, t->request->count,
			     t->request->hook);
	if (err)
		goto undo_devices;
	err = transit_commit(&t->transit, &t->instance, t->changes, t->request->count);
	if (!err)
		err = commit_stages(t);
	return change_modes(t) ?: err;
undo_devices:
	undo_devices(t, t->request->count);
undo_egress:
	egress_undo(&t->egress, &t->instance);
	instance_write(&t->instance, &t->instance.row);
abort_stages:
	abort_stages(t);
unpin_maps:
	if (t->fresh)
		unpin_maps(t);
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

/* Else filters on clsact, which the kernel adds without waiting. */
static bool makes_links(const struct attach_request *request)
{
	return request->hook != HOOK_CLSACT && tc_has_tcx();
}

/* There is one for each link and for each program that is replaced, until all is done. */
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
	struct expedite expedite;
	int err;

	allow_descriptors();
	t.changes = calloc(request->count, sizeof(*t.changes));
	if (!t.changes)
		return -ENOMEM;
	err = open_instance(&t, netns);
	if (err)
		goto free_changes;
	err = load_egress(&t);
	if (err)
		goto close_instance;
	err = write_symbols(&t);
	if (!err)
		err = load_transit(&t);
	if (err)
		goto close_egress;
	err = prepare_stages(&t);
	if (!err) {
		expedite_begin(&expedite, makes_links(request) ? request->count : 0);
		err = publish(&t);
		expedite_end(&expedite);
	}
	ladder_close(&t.ladder);
close_egress:
	transit_close(&t.transit);
	egress_close(&t.egress);
close_instance:
	instance_close(&t.instance);
free_changes:
	free(t.changes);
	return err;
}
