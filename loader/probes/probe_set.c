// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Climbing down the probe_hooks of each probe, and how one of a kind is attached. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/netfilter.h>

#include "probes/probe_set.h"
#include "state/lock.h"
#include "lib/log.h"
#include "lib/nflink.h"

/* Of programs on trial: no instance speaks under it. */
#define SILENT_EPOCH 0

int probe_hook_attach(const struct probe_hook *hook, int prog_fd)
{
	int fd;

	if (hook->kind == TXP_HOOK_NETFILTER)
		/* ip_output calls it as its last act: the first hook there sees what it saw */
		return nflink_attach(prog_fd, NFPROTO_IPV4, NF_INET_POST_ROUTING);
	/* fentry and tp_btf: the target is in the program */
	fd = bpf_raw_tracepoint_open(NULL, prog_fd);
	return fd < 0 ? -errno : fd;
}

int probe_hook_load(const struct probe_hook *hook, struct map_set *maps, __u32 epoch, __u64 netns)
{
	struct program program = { .name = hook->program };
	int err = object_load_probes(maps, epoch, netns, &program, 1);

	return err ? err : program.fd;
}

int probe_hook_try(const struct probe_hook *hook, struct map_set *maps)
{
	int prog_fd, link_fd;

	prog_fd = probe_hook_load(hook, maps, SILENT_EPOCH, 0);
	if (prog_fd < 0)
		return prog_fd;
	link_fd = probe_hook_attach(hook, prog_fd);
	close(prog_fd);
	if (link_fd < 0)
		return link_fd;
	close(link_fd);
	return 0;
}

static void refuse(struct probe_slot *step, int err)
{
	char text[HOOK_TEXT_MAX];

	log_detail("%s: %s refused: %s (%s)", probe_name(step->hook->probe),
		   probe_hook_text(step->hook, text), errno_words(err), errno_name(err));
	if (step->hook == probe_hook_best(step->hook->probe))
		step->best_errno = err;
	step->hook = probe_hook_next(step->hook);
}

/* Does the kernel take the fallback? Its descriptor is kept if it is to have a hook of its own. */
static int stand(const struct probe_set *probe_set, struct probe_slot *step)
{
	int fd = probe_hook_load(step->hook, probe_set->maps, probe_set->epoch, probe_set->netns);

	if (fd < 0)
		return fd;
	if (probe_hook_host(step->hook))
		close(fd);
	else
		step->prog_fd = fd;
	return 0;
}

static bool leave_out(const struct probe_set *probe_set, struct probe_slot *step)
{
	if (step->hook->kind != TXP_HOOK_NETFILTER || probe_set->netfilter)
		return false;
	close(step->prog_fd);
	step->prog_fd = -1;
	step->left_out = true;
	return true;
}

/* From where we stand down to the first fallback that loads. */
static void climb_down(const struct probe_set *probe_set, struct probe_slot *step)
{
	int err;

	while (step->hook) {
		err = stand(probe_set, step);
		if (err)
			refuse(step, err);
		else if (leave_out(probe_set, step))
			step->hook = probe_hook_next(step->hook);
		else
			return;
	}
}

/* The best probe_hooks in one load: it is all that most kernels need, and each costs seconds in
 * some. */
static int load_best(struct probe_set *probe_set)
{
	struct program programs[TXP_PROBE_COUNT] = { 0 };
	struct probe_slot *steps[TXP_PROBE_COUNT];
	size_t i, count = 0;
	int err;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!probe_set->step[i].hook)
			continue;
		steps[count] = &probe_set->step[i];
		programs[count++].name = probe_set->step[i].hook->program;
	}
	err = object_load_probes(probe_set->maps, probe_set->epoch, probe_set->netns, programs,
				 count);
	for (i = 0; i < count && !err; i++)
		steps[i]->prog_fd = programs[i].fd;
	return err;
}

static bool is_climbed(const struct probe_set *probe_set, enum txp_probe probe)
{
	/* the TC hook is per device, not part of the ladder */
	return probe != TXP_PROBE_EGRESS && !(probe_set->unneeded & (1U << probe));
}

int probe_set_load(struct probe_set *probe_set)
{
	size_t i;
	int err;

	for (i = 0; i < TXP_PROBE_COUNT; i++)
		probe_set->step[i] = (struct probe_slot){
			.hook = is_climbed(probe_set, i) ? probe_hook_best(i) : NULL,
			.prog_fd = -1,
			.link_fd = -1,
		};
	err = load_best(probe_set);
	if (err)
		log_detail("not every best hook loads (%s): trying one by one", errno_name(err));
	for (i = 0; err && i < TXP_PROBE_COUNT && !lock_interrupted(); i++)
		climb_down(probe_set, &probe_set->step[i]);
	return lock_interrupted() ? -EINTR : 0;
}

static void step_attach(struct probe_set *probe_set, struct probe_slot *step, bool netfilter)
{
	int fd;

	while (step->hook && step->prog_fd >= 0 &&
	       (step->hook->kind == TXP_HOOK_NETFILTER) == netfilter) {
		fd = probe_hook_attach(step->hook, step->prog_fd);
		if (fd >= 0) {
			step->link_fd = fd;
			return;
		}
		close(step->prog_fd);
		step->prog_fd = -1;
		refuse(step, fd);
		climb_down(probe_set, step);
	}
}

/* A fallback without a hook of its own is as good as the one that its program has. */
static void step_check(struct probe_set *probe_set, struct probe_slot *step)
{
	const struct probe_hook *host = probe_hook_host(step->hook);

	if (!host || probe_set->step[host->probe].link_fd >= 0)
		return;
	refuse(step, probe_set->step[host->probe].best_errno ?: -EOPNOTSUPP);
	climb_down(probe_set, step);
}

void probe_set_attach(struct probe_set *probe_set)
{
	size_t i;

	for (i = 0; i < TXP_PROBE_COUNT; i++)
		step_attach(probe_set, &probe_set->step[i], false);
	for (i = 0; i < TXP_PROBE_COUNT; i++)
		step_attach(probe_set, &probe_set->step[i], true);
	for (i = 0; i < TXP_PROBE_COUNT; i++)
		step_check(probe_set, &probe_set->step[i]);
}

void probe_set_close(struct probe_set *probe_set)
{
	struct probe_slot *step;

	for (step = probe_set->step; step < probe_set->step + TXP_PROBE_COUNT; step++) {
		if (step->link_fd >= 0)
			close(step->link_fd);
		if (step->prog_fd >= 0)
			close(step->prog_fd);
		step->link_fd = -1;
		step->prog_fd = -1;
	}
}
