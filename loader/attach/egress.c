// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading the two programs at TC egress, and replacing the one that is called. */
#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "attach/egress.h"
#include "lib/log.h"

int egress_load(struct egress *egress, struct instance *instance)
{
	struct program programs[] = {
		{ .name = "txpath_egress" },
		{ .name = "txpath_compare" },
	};
	int err;

	*egress = EGRESS_NONE;
	err = object_load_egress(&instance->maps, programs, 2);
	if (err)
		return err;
	egress->program_fd = programs[0].fd;
	egress->compare_fd = programs[1].fd;
	return 0;
}

static int call(const struct instance *instance, int program_fd)
{
	int calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 key = TXP_CALL_COMPARE;

	return bpf_map_update_elem(calls, &key, &program_fd, BPF_ANY) ? -errno : 0;
}

int egress_publish(struct egress *egress, const struct instance *instance)
{
	int err, calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 id, key = TXP_CALL_COMPARE;

	if (!bpf_map_lookup_elem(calls, &key, &id))
		egress->old_fd = bpf_prog_get_fd_by_id(id);
	err = call(instance, egress->compare_fd);
	return err ? log_errno(err, "writing the map " EGRESS_CALLS_MAP) : 0;
}

void egress_undo(const struct egress *egress, const struct instance *instance)
{
	if (egress->old_fd >= 0)
		call(instance, egress->old_fd);
}

void egress_close(struct egress *egress)
{
	const int fds[] = { egress->program_fd, egress->compare_fd, egress->old_fd };
	size_t i;

	for (i = 0; i < sizeof(fds) / sizeof(*fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
	*egress = EGRESS_NONE;
}
