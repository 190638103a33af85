// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Climbing down the rungs of each station, and how one of a kind is attached. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/netfilter.h>

#include "ladder.h"
#include "lock.h"
#include "log.h"
#include "nflink.h"

/* Of programs on trial: no instance speaks under it. */
#define SILENT_EPOCH 0

int rung_attach(const struct rung *rung, int prog_fd)
{
	int fd;

	if (rung->kind == TXP_HOOK_NETFILTER)
		/* ip_output calls it as its last act: the first hook there sees what it saw */
		return nflink_attach(prog_fd, NFPROTO_IPV4, NF_INET_POST_ROUTING);
	/* fentry and tp_btf: the target is in the program */
	fd = bpf_raw_tracepoint_open(NULL, prog_fd);
	return fd < 0 ? -errno : fd;
}

int rung_load(const struct rung *rung, struct map_set *maps, __u32 epoch, __u64 netns)
{
	struct program program = { .name = rung->program };
	int err = object_load_stages(maps, epoch, netns, &program, 1);

	return err ? err : program.fd;
}

int rung_try(const struct rung *rung, struct map_set *maps)
{
	int prog_fd, link_fd;

	prog_fd = rung_load(rung, maps, SILENT_EPOCH, 0);
	if (prog_fd < 0)
		return prog_fd;
	link_fd = rung_attach(rung, prog_fd);
	close(prog_fd);
	if (link_fd < 0)
		return link_fd;
	close(link_fd);
	return 0;
}

static void refuse(struct ladder_step *step, int err)
{
	char text[RUNG_TEXT_MAX];

	log_detail("%s: %s refused: %s (%s)", stage_name(step->rung->stage),
		   rung_text(step->rung, text), errno_words(err), errno_name(err));
	if (step->rung == rung_best(step->rung->stage))
		step->best_errno = err;
	step->rung = rung_below(step->rung);
}

/* Does the kernel take the rung? Its descriptor is kept if it is to have a hook of its own. */
static int stand(const struct ladder *ladder, struct ladder_step *step)
{
	int fd = rung_load(step->rung, ladder->maps, ladder->epoch, ladder->netns);

	if (fd < 0)
		return fd;
	if (rung_host(step->rung))
		close(fd);
	else
		step->prog_fd = fd;
	return 0;
}

static bool leave_out(const struct ladder *ladder, struct ladder_step *step)
{
	if (step->rung->kind != TXP_HOOK_NETFILTER || ladder->netfilter)
		return false;
	close(step->prog_fd);
	step->prog_fd = -1;
	step->left_out = true;
	return true;
}

/* From where we stand down to the first rung that loads. */
static void climb_down(const struct ladder *ladder, struct ladder_step *step)
{
	int err;

	while (step->rung) {
		err = stand(ladder, step);
		if (err)
			refuse(step, err);
		else if (leave_out(ladder, step))
			step->rung = rung_below(step->rung);
		else
			return;
	}
}

/* The best rungs in one load: it is all that most kernels need, and each costs seconds in some. */
static int load_best(struct ladder *ladder)
{
	struct program programs[TXP_STAGE_COUNT] = { 0 };
	struct ladder_step *steps[TXP_STAGE_COUNT];
	size_t i, count = 0;
	int err;

	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		if (!ladder->step[i].rung)
			continue;
		steps[count] = &ladder->step[i];
		programs[count++].name = ladder->step[i].rung->program;
	}
	err = object_load_stages(ladder->maps, ladder->epoch, ladder->netns, programs, count);
	for (i = 0; i < count && !err; i++)
		steps[i]->prog_fd = programs[i].fd;
	return err;
}

static bool is_climbed(const struct ladder *ladder, enum txp_stage stage)
{
	/* the TC hook is per device, not part of the ladder */
	return stage != TXP_STAGE_EGRESS && !(ladder->unneeded & (1U << stage));
}

int ladder_load(struct ladder *ladder)
{
	size_t i;
	int err;

	for (i = 0; i < TXP_STAGE_COUNT; i++)
		ladder->step[i] = (struct ladder_step){
			.rung = is_climbed(ladder, i) ? rung_best(i) : NULL,
			.prog_fd = -1,
			.link_fd = -1,
		};
	err = load_best(ladder);
	if (err)
		log_detail("not every best hook loads (%s): trying one by one", errno_name(err));
	for (i = 0; err && i < TXP_STAGE_COUNT && !lock_interrupted(); i++)
		climb_down(ladder, &ladder->step[i]);
	return lock_interrupted() ? -EINTR : 0;
}

static void step_attach(struct ladder *ladder, struct ladder_step *step, bool netfilter)
{
	int fd;

	while (step->rung && step->prog_fd >= 0 &&
	       (step->rung->kind == TXP_HOOK_NETFILTER) == netfilter) {
		fd = rung_attach(step->rung, step->prog_fd);
		if (fd >= 0) {
			step->link_fd = fd;
			return;
		}
		close(step->prog_fd);
		step->prog_fd = -1;
		refuse(step, fd);
		climb_down(ladder, step);
	}
}

/* A rung without a hook of its own is as good as the one that its program has. */
static void step_check(struct ladder *ladder, struct ladder_step *step)
{
	const struct rung *host = rung_host(step->rung);

	if (!host || ladder->step[host->stage].link_fd >= 0)
		return;
	refuse(step, ladder->step[host->stage].best_errno ?: -EOPNOTSUPP);
	climb_down(ladder, step);
}

void ladder_attach(struct ladder *ladder)
{
	size_t i;

	for (i = 0; i < TXP_STAGE_COUNT; i++)
		step_attach(ladder, &ladder->step[i], false);
	for (i = 0; i < TXP_STAGE_COUNT; i++)
		step_attach(ladder, &ladder->step[i], true);
	for (i = 0; i < TXP_STAGE_COUNT; i++)
		step_check(ladder, &ladder->step[i]);
}

void ladder_close(struct ladder *ladder)
{
	struct ladder_step *step;

	for (step = ladder->step; step < ladder->step + TXP_STAGE_COUNT; step++) {
		if (step->link_fd >= 0)
			close(step->link_fd);
		if (step->prog_fd >= 0)
			close(step->prog_fd);
		step->link_fd = -1;
		step->prog_fd = -1;
	}
}
