// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A list is enough: a trace sees few different devices. */
#include <stdio.h>
#include <stdlib.h>

#include "lib/netns.h"
#include "trace/names.h"

static void name_device(struct device_names *name)
{
	__u64 here = 0;
	int home = -1;

	snprintf(name->dev, sizeof(name->dev), "%u", name->ifindex);
	if (!name->ifindex)
		snprintf(name->dev, sizeof(name->dev), "-");
	if (!name->ifindex || netns_id(&here))
		return;
	if (here != name->netns) {
		home = netns_go(name->netns);
		if (home < 0)
			return;
	}
	if (!if_indextoname(name->ifindex, name->dev))
		snprintf(name->dev, sizeof(name->dev), "%u", name->ifindex);
	if (home >= 0)
		netns_back(home);
}

const struct device_names *device_names_find(struct device_names **list, __u64 netns, __u32 ifindex)
{
	struct device_names *name;

	for (name = *list; name; name = name->next) {
		if (name->netns == netns && name->ifindex == ifindex)
			return name;
	}
	name = calloc(1, sizeof(*name));
	if (!name)
		return NULL;
	name->netns = netns;
	name->ifindex = ifindex;
	netns_name(netns, name->netns_name, sizeof(name->netns_name));
	name_device(name);
	name->next = *list;
	*list = name;
	return name;
}

void device_names_free(struct device_names *names)
{
	struct device_names *next;

	for (; names; names = next) {
		next = names->next;
		free(names);
	}
}
