// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The host that the files of rules are held against, and what is told of them. */
#include "ruleset_tests.h"

#include <errno.h>
#include <stdio.h>

static int find_device(const char *name, void *context)
{
	(void)context;
	if (!strcmp(name, "eth0"))
		return ETH0;
	if (!strcmp(name, "eth1"))
		return ETH1;
	if (!strcmp(name, "eth3"))
		return ETH3;
	return strcmp(name, "eth2") ? -ENODEV : -ENOENT;
}

/* Minors from 0x30 on, on eth0: what else there is to say of a class. */
static int tc_class(int ifindex, __u32 classid, void *context)
{
	(void)context;
	if (ifindex == ETH3)
		return -EACCES;
	if (ifindex == ETH0 && classid >= CLASSID + 0x11 && classid <= CLASSID + 0x14)
		return TC_CLASS_LEAF + classid - CLASSID - 0x10;
	return ifindex == ETH0 && classid == CLASSID ? TC_CLASS_LEAF : TC_CLASS_ABSENT;
}

static int keeps_time(int ifindex, void *context)
{
	(void)context;
	return ifindex == ETH3 ? -EACCES : ifindex == ETH0;
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	(void)context;
	if (!strcmp(path, "/unmounted"))
		return -ENODEV;
	if (!strcmp(path, "/contained"))
		return -EXDEV;
	if (strcmp(path, "/backup"))
		return -ENOENT;
	*cgroup = (struct cgroup){ .id = CGROUP_ID, .level = 1 };
	return 0;
}

static const char *device_name(int ifindex, void *context)
{
	(void)context;
	return ifindex == ETH0 ? "eth0" : ifindex == ETH1 ? "eth1" : "eth3";
}

static const int devices[] = { ETH0, ETH1 };

static const struct ruleset_host host = {
	.device = find_device,
	.devices = devices,
	.device_count = 2,
	.tc_class = tc_class,
	.keeps_time = keeps_time,
	.cgroup = find_cgroup,
	.device_name = device_name,
};

void take_error(int line, const char *message, void *context)
{
	struct logged *logged = context;

	if (!logged->count)
		snprintf(logged->first, sizeof(logged->first), "%s", message);
	if (logged->count < sizeof(logged->lines) / sizeof(*logged->lines))
		logged->lines[logged->count] = line;
	logged->count++;
}

int read_bytes(const char *text, size_t size, struct ruleset *ruleset, struct logged *logged)
{
	*logged = (struct logged){ 0 };
	return ruleset_read(text, size, &host, take_error, logged, ruleset);
}

void assert_empty(const struct ruleset *ruleset)
{
	static const struct ruleset empty;

	assert_memory_equal(ruleset, &empty, sizeof(empty));
}

void assert_read(const char *text, struct ruleset *ruleset)
{
	struct logged logged;
	int err = read_bytes(text, strlen(text), ruleset, &logged);

	if (err || logged.count)
		fail_msg("line %d: %s", logged.lines[0], logged.first);
}

void assert_refused(const char *name, const char *text, size_t size, int line, const char *part)
{
	struct ruleset ruleset;
	struct logged logged;
	int err = read_bytes(text, size, &ruleset, &logged);

	if (err != -EINVAL || logged.count != 1 || logged.lines[0] != line ||
	    !strstr(logged.first, part)) {
		ruleset_free(&ruleset);
		fail_msg("%s: %d, %zu errors, line %d (not %d): \"%s\" (not \"%s\")", name, err,
			 logged.count, logged.lines[0], line, logged.first, part);
	}
	assert_empty(&ruleset);
}
