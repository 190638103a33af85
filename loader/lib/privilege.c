// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which capabilities a command needs, and which are missing. */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include <sys/capability.h>

#include "lib/array.h"
#include "lib/log.h"
#include "lib/privilege.h"

struct need {
	cap_value_t value;
	const char *name;
	const char *reason;
	bool in_sys_admin; /* the kernel also takes CAP_SYS_ADMIN for it */
};

static const struct need needs[] = {
	{ CAP_BPF, "CAP_BPF", "to read and load BPF maps and programs", true },
	{ CAP_PERFMON, "CAP_PERFMON", "to trace kernel functions", true },
	{ CAP_NET_ADMIN, "CAP_NET_ADMIN", "to attach programs to devices", false },
	{ CAP_SYS_ADMIN, "CAP_SYS_ADMIN", "to enter namespaces and to find programs by id", false },
};

static bool have(cap_t caps, cap_value_t value)
{
	cap_flag_value_t set = CAP_CLEAR;

	return !cap_get_flag(caps, value, CAP_EFFECTIVE, &set) && set == CAP_SET;
}

static int check(const char *verb, size_t count)
{
	int err = 0;
	cap_t caps;
	size_t i;

	caps = cap_get_proc();
	if (!caps)
		return log_errno(-errno, "%s: reading our capabilities", verb);
	for (i = 0; i < count; i++) {
		if (have(caps, needs[i].value) ||
		    (needs[i].in_sys_admin && have(caps, CAP_SYS_ADMIN)))
			continue;
		log_error("%s needs %s %s: run it as root", verb, needs[i].name, needs[i].reason);
		err = -EPERM;
	}
	cap_free(caps);
	return err;
}

int privilege_to_read(const char *verb)
{
	return check(verb, 1);
}

int privilege_to_change(const char *verb)
{
	return check(verb, ARRAY_SIZE(needs));
}
