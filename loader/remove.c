// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "log.h"
#include "netns.h"
#include "pins.h"
#include "remove.h"
#include "stage.h"
#include "sysctl.h"

/* The kernel frees a program some milliseconds after its last user: after a grace period. */
#define WAIT_STEP_US 10000
#define WAIT_STEPS 200

struct program_ids {
	int count;
	__u32 ids[TXP_STAGE_COUNT];
};

static int take_program(const char *directory, const char *name, void *context)
{
	struct program_ids *programs = context;
	struct bpf_prog_info info;
	char path[PATH_MAX];
	int fd;

	if (programs->count == TXP_STAGE_COUNT || pin_path(path, "%s/%s", directory, name))
		return 0;
	fd = pin_open(path, PIN_LINK);
	if (fd < 0)
		return 0;
	if (!link_program(fd, &info))
		programs->ids[programs->count++] = info.id;
	close(fd);
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
	char path[PATH_MAX];
	int *first = context;
	int err;

	err = pin_path(path, "%s/%s", directory, name);
	if (!err && unlink(path))
		err = log_errno(-errno, "removing pin %s", path);
	if (!*first)
		*first = err;
	return 0;
}

static int restore_forwarding(__u64 id, const char *name, void *context)
{
	const struct instance *instance = context;

	(void)id;
	(void)name;
	/* who has switched it off meanwhile wants it off */
	if (sysctl_lo_forwarding() == 1)
		return sysctl_set_lo_forwarding(instance->row.lo_forwarding);
	return 0;
}

static int give_back(struct instance *instance)
{
	int err;

	if (instance->row.lo_forwarding < 0)
		return 0;
	err = netns_visit(instance->netns, restore_forwarding, instance);
	if (!err || err == -ENOENT)
		return 0;
	return log_errno(err, "restoring net.ipv4.conf.lo.forwarding=%d",
			 instance->row.lo_forwarding);
}

int instance_remove(const struct pins *pins, struct instance *instance)
{
	struct program_ids programs = { 0 };
	int err;

	err = give_back(instance);
	pin_each(instance->links_directory, take_program, &programs);
	pin_each(instance->links_directory, unpin, &err);
	pin_each(instance->maps_directory, unpin, &err);
	map_set_close(&instance->maps);
	pins_prune(pins, instance->directory);
	wait_for_end(&programs);
	return err;
}
