// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * struct ruleset_host for the host that txpath runs on. Unit tests have hosts of their own, so that
 * ruleset/ can be tested without devices.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "classify/cgroup2.h"
#include "lib/device.h"
#include "classify/host.h"
#include "lib/log.h"
#include "state/attachments.h"

static int find_device(const char *name, void *context)
{
	const struct host *host = context;
	struct txp_device_key key = { .netns = host->netns };
	struct txp_device row;

	key.ifindex = if_nametoindex(name);
	if (!key.ifindex)
		return -ENODEV;
	if (host->devices_map >= 0 && bpf_map_lookup_elem(host->devices_map, &key, &row))
		return -ENOENT;
	return key.ifindex;
}

static int tc_class(int ifindex, __u32 classid, void *context)
{
	struct host *host = context;

	return qdiscs_class(&host->qdiscs, ifindex, classid);
}

static int keeps_time(int ifindex, void *context)
{
	struct host *host = context;

	return qdiscs_keep_time(&host->qdiscs, ifindex);
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	(void)context;
	return cgroup2_find(path, cgroup);
}

static const char *name_of(int ifindex, void *context)
{
	static char name[IFNAMSIZ];
	const struct host *host = context;

	return device_name(host->socket, ifindex, name) ? name : "?";
}

static int list_devices(struct host *host, const struct instance *instance)
{
	struct attachment *list;
	int i, count = attachments_read(instance, &list);

	if (count < 0)
		return count;
	host->devices = calloc(count + 1, sizeof(*host->devices));
	for (i = 0; i < count && host->devices; i++) {
		if (list[i].state <= ATTACHMENT_RENAMED)
			host->devices[host->ruleset_host.device_count++] = list[i].key.ifindex;
	}
	free(list);
	return host->devices ? 0 : -ENOMEM;
}

int host_open(struct host *host, const struct instance *instance)
{
	int err;

	memset(host, 0, sizeof(*host));
	host->devices_map = -1;
	host->ruleset_host.context = host;
	host->ruleset_host.device = find_device;
	host->ruleset_host.cgroup = find_cgroup;
	host->ruleset_host.device_name = name_of;
	host->socket = device_socket();
	if (host->socket < 0)
		return log_errno(host->socket, "opening a socket to look devices up");
	if (!instance)
		return 0;
	host->ruleset_host.tc_class = tc_class;
	host->ruleset_host.keeps_time = keeps_time;
	host->devices_map = map_set_fd(&instance->maps, "devices");
	host->netns = instance->netns;
	err = list_devices(host, instance);
	host->ruleset_host.devices = host->devices;
	if (err)
		host_close(host);
	return err;
}

void host_close(struct host *host)
{
	free(host->devices);
	qdiscs_free(&host->qdiscs);
	close(host->socket);
}
