// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* How the engine loads the probes of attached devices, and one hook tried by itself. */
#include <unistd.h>

#include "probes/verify.h"

/* No instance has it, so a program that is only tried does nothing. */
#define SILENT_EPOCH 0

static int load(void *context, struct program *programs, size_t count)
{
	const struct verify_hooks_context *verify = context;

	return object_load_probes(verify->maps, verify->epoch, verify->netns, programs, count);
}

const struct hook_user verify_hooks = { .user = TXP_VERIFY, .alone = true, .load = load };

int probe_hook_try(const struct probe_hook *hook, struct map_set *maps)
{
	struct program program = { .name = hook->program };
	int fd, err;

	err = object_load_probes(maps, SILENT_EPOCH, 0, &program, 1);
	if (err)
		return err;
	fd = hook_attach(hook, program.fd, 0);
	close(program.fd);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}
