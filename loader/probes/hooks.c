// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Attaching the hooks of a set, and what to do when the kernel refuses one: go on to the next best
 * kind of that probe.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/netfilter.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/nflink.h"
#include "lib/tc.h"
#include "probes/hooks.h"
#include "state/lock.h"

static unsigned int netfilter_hook(const char *target)
{
	if (!strcmp(target, "OUTPUT"))
		return NF_INET_LOCAL_OUT;
	return !strcmp(target, "FORWARD") ? NF_INET_FORWARD : NF_INET_POST_ROUTING;
}

int hook_attach(const struct probe_hook *hook, int prog_fd, __u32 ifindex)
{
	int fd;

	/* a netfilter link goes first at its hook, so it sees what the caller of the hook saw */
	switch (hook->kind) {
	case TXP_HOOK_NETFILTER:
		return nflink_attach(prog_fd, NFPROTO_IPV4, netfilter_hook(hook->target));
	case TXP_HOOK_NETFILTER6:
		return nflink_attach(prog_fd, NFPROTO_IPV6, netfilter_hook(hook->target));
	case TXP_HOOK_TC:
		return tc_tcx_attach(TC_EGRESS, prog_fd, ifindex);
	default:
		/* fentry and tp_btf: the target is part of the loaded program */
		fd = bpf_raw_tracepoint_open(NULL, prog_fd);
		return fd < 0 ? -errno : fd;
	}
}

/* The next selected row of the probe from row on; PROBE_HOOK_COUNT: there is none. */
static size_t next_row(const struct hook_set *set, enum txp_probe probe, size_t row)
{
	while (row < PROBE_HOOK_COUNT &&
	       (!set->hook[row].selected || probe_hooks[row].probe != probe))
		row++;
	return row;
}

enum txp_hook_kind hooks_next_kind(const struct hook_set *set, enum txp_probe probe,
				   enum txp_hook_kind after)
{
	bool passed = after == TXP_HOOK_NONE;
	size_t row;

	for (row = next_row(set, probe, 0); row < PROBE_HOOK_COUNT;
	     row = next_row(set, probe, row + 1)) {
		if (probe_hooks[row].kind == after)
			passed = true;
		else if (passed)
			return probe_hooks[row].kind;
	}
	return TXP_HOOK_NONE;
}

static void refuse(struct hook_set *set, size_t row, int err)
{
	const struct probe_hook *hook = &probe_hooks[row];
	struct probe_state *probe = &set->probe[hook->probe];
	char text[HOOK_TEXT_MAX];

	log_detail("probe %s: the kernel refuses the hook %s: %s (%s)", probe_name(hook->probe),
		   probe_hook_text(hook, text), errno_words(err), errno_name(err));
	set->hook[row].err = err;
	/* the errno of the best hook tells the operator what to change; a fallback's does not */
	if (!probe->best_errno && hook->kind == hooks_next_kind(set, hook->probe, TXP_HOOK_NONE))
		probe->best_errno = err;
}

/* Loads the programs of one kind. Is there one? */
static bool kind_loads(struct hook_set *set, enum txp_probe probe, enum txp_hook_kind kind)
{
	bool any = false;
	size_t row;
	int err;

	for (row = next_row(set, probe, 0); row < PROBE_HOOK_COUNT;
	     row = next_row(set, probe, row + 1)) {
		if (probe_hooks[row].kind != kind || set->hook[row].err)
			continue;
		err = hooks_load_one(set, row);
		if (err)
			refuse(set, row, err);
		else
			any = true;
	}
	return any;
}

/* From the kind that the probe has, down to the first that loads and may be used. */
static void settle(struct hook_set *set, enum txp_probe probe)
{
	struct probe_state *state = &set->probe[probe];

	while (state->kind != TXP_HOOK_NONE) {
		if (kind_loads(set, probe, state->kind)) {
			if (set->kinds & HOOK_KIND_BIT(state->kind))
				return;
			state->left_out = true;
		}
		state->kind = hooks_next_kind(set, probe, state->kind);
	}
}

static bool is_selected(const struct hook_set *set, const struct probe_hook *hook)
{
	if (hook->user != set->user->user || !(set->probes & TXP_PROBE_BIT(hook->probe)))
		return false;
	return !set->no_hook || hook->probe != set->no_probe || strcmp(hook->program, set->no_hook);
}

static void reset(struct hook_set *set)
{
	size_t i;

	set->load_errno = 0;
	for (i = 0; i < PROBE_HOOK_COUNT; i++)
		set->hook[i] = (struct hook_state){
			.selected = is_selected(set, &probe_hooks[i]),
			.prog_fd = -1,
			.link_fd = -1,
		};
	for (i = 0; i < TXP_PROBE_COUNT; i++)
		set->probe[i] = (struct probe_state){
			.kind = hooks_next_kind(set, i, TXP_HOOK_NONE),
		};
}

int hooks_load(struct hook_set *set)
{
	int probe, err;

	reset(set);
	err = hooks_load_first(set);
	/* one by one a load may take seconds in an emulated guest: a signal ends it in between */
	for (probe = 0; !err && probe < TXP_PROBE_COUNT && !lock_interrupted(); probe++)
		settle(set, probe);
	return !err && lock_interrupted() ? -EINTR : err;
}

/*
 * Another row with the same program that the kernel took or refused; NULL: none. A program is
 * attached once, and what it sees counts for each probe that has it.
 */
static const struct hook_state *find_twin(const struct hook_set *set, size_t row)
{
	const struct hook_state *twin;
	size_t i;

	for (i = 0; i < PROBE_HOOK_COUNT; i++) {
		twin = &set->hook[i];
		if (i != row && twin->selected && (twin->link_fd >= 0 || twin->err) &&
		    !strcmp(probe_hooks[i].program, probe_hooks[row].program))
			return twin;
	}
	return NULL;
}

/* Is the probe seen by this hook now? */
static bool attach_row(struct hook_set *set, size_t row)
{
	const struct hook_state *twin = find_twin(set, row);
	struct hook_state *hook = &set->hook[row];
	int err = twin ? twin->err : 0;

	if (hook->err)
		return false;
	if (!twin) {
		hook->link_fd = hook_attach(&probe_hooks[row], hook->prog_fd, set->ifindex);
		err = hook->link_fd < 0 ? hook->link_fd : 0;
	}
	if (err) {
		hook->link_fd = -1;
		refuse(set, row, err);
		return false;
	}
	hook->used = true;
	return true;
}

/* All hooks of the kind, since packets may pass one and not the other. */
static bool attach_kind(struct hook_set *set, enum txp_probe probe, enum txp_hook_kind kind)
{
	bool any = false;
	size_t row;

	for (row = next_row(set, probe, 0); row < PROBE_HOOK_COUNT;
	     row = next_row(set, probe, row + 1)) {
		if (probe_hooks[row].kind == kind && attach_row(set, row))
			any = true;
	}
	return any;
}

/* Which hooks an attach comes to, in this order. */
enum pass {
	PASS_BEST,	/* first: a fallback may share the program of another probe's best hook */
	PASS_FALLBACKS, /* all but netfilter */
	PASS_NETFILTER, /* last: its link is the only one that the namespace itself notices */
	PASS_COUNT,
};

static enum pass pass_of(const struct hook_set *set, enum txp_probe probe)
{
	enum txp_hook_kind kind = set->probe[probe].kind;

	if (kind == hooks_next_kind(set, probe, TXP_HOOK_NONE))
		return PASS_BEST;
	return HOOK_KIND_BIT(kind) & HOOK_KINDS_NETFILTER ? PASS_NETFILTER : PASS_FALLBACKS;
}

static void attach_probe(struct hook_set *set, enum txp_probe probe, enum pass pass)
{
	struct probe_state *state = &set->probe[probe];

	while (state->kind != TXP_HOOK_NONE && !state->attached && pass_of(set, probe) <= pass) {
		state->attached = attach_kind(set, probe, state->kind);
		if (state->attached)
			return;
		state->kind = hooks_next_kind(set, probe, state->kind);
		settle(set, probe);
	}
}

void hooks_attach(struct hook_set *set)
{
	enum pass pass;
	int probe;

	for (pass = 0; pass < PASS_COUNT; pass++) {
		for (probe = 0; probe < TXP_PROBE_COUNT; probe++)
			attach_probe(set, probe, pass);
	}
}

void hooks_detach(struct hook_set *set)
{
	struct hook_state *hook;

	for (hook = set->hook; hook < set->hook + PROBE_HOOK_COUNT; hook++) {
		fd_close(hook->link_fd);
		hook->link_fd = -1;
	}
}

void hooks_close(struct hook_set *set)
{
	struct hook_state *hook;

	hooks_detach(set);
	for (hook = set->hook; hook < set->hook + PROBE_HOOK_COUNT; hook++) {
		fd_close(hook->prog_fd);
		hook->prog_fd = -1;
	}
}

int hooks_count(const struct hook_set *set)
{
	int probe, count = 0;

	for (probe = 0; probe < TXP_PROBE_COUNT; probe++)
		count += set->probe[probe].kind != TXP_HOOK_NONE;
	return count;
}

/* The first row of the kind that the probe has; PROBE_HOOK_COUNT: it has none. */
static size_t row_of(const struct hook_set *set, enum txp_probe probe)
{
	enum txp_hook_kind kind = set->probe[probe].kind;
	size_t row = next_row(set, probe, 0);

	while (row < PROBE_HOOK_COUNT && probe_hooks[row].kind != kind)
		row = next_row(set, probe, row + 1);
	return row;
}

const struct probe_hook *hooks_of(const struct hook_set *set, enum txp_probe probe)
{
	size_t row = row_of(set, probe);

	return row < PROBE_HOOK_COUNT ? &probe_hooks[row] : NULL;
}

int hooks_program(const struct hook_set *set, enum txp_probe probe)
{
	size_t row = row_of(set, probe);

	return row < PROBE_HOOK_COUNT ? set->hook[row].prog_fd : -1;
}

int hooks_link(const struct hook_set *set, enum txp_probe probe)
{
	size_t row = row_of(set, probe);

	return row < PROBE_HOOK_COUNT ? set->hook[row].link_fd : -1;
}
