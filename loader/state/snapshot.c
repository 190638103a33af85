// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A walk over the counters that keeps each row. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "lib/log.h"
#include "state/snapshot.h"
#include "state/probe_state.h"

struct taking {
	struct snapshot *snapshot;
	int err;
};

/* The walk visits the devices of a namespace first: its place is the next one. */
static void take_device(const struct counted *counted, void *context)
{
	const struct attachment *attachment = counted->attachment;
	struct taking *taking = context;
	struct snapshot *snapshot = taking->snapshot;
	struct shown_device *device;

	device = array_grown(snapshot->devices, snapshot->count, sizeof(*device));
	if (!device) {
		taking->err = -ENOMEM;
		return;
	}
	snapshot->devices = device;
	device += snapshot->count++;
	device->key = attachment->key;
	device->mode = attachment_mode(attachment);
	device->netns = snapshot->netns_count;
	device->l2_len = attachment->row.l2_len;
	device->transit = attachment->transit;
	device->counters = counted->counters;
	strcpy(device->name, attachment->name);
}

/*
 * The kernel counts misses for each program, and the program runs for the packets of all
 * namespaces: the number is an upper bound for this one.
 */
static void take_netns(const struct instance *instance, const char *name, void *context)
{
	struct taking *taking = context;
	struct snapshot *snapshot = taking->snapshot;
	struct shown_netns *netns;
	int i;

	netns = array_grown(snapshot->netns, snapshot->netns_count, sizeof(*netns));
	if (!netns) {
		taking->err = -ENOMEM;
		return;
	}
	snapshot->netns = netns;
	netns += snapshot->netns_count++;
	snprintf(netns->name, sizeof(netns->name), "%s", name);
	for (i = 0; i < TXP_PROBE_COUNT; i++)
		netns->known[i] = !instance_missed(instance, i, &netns->missed[i]);
}

int snapshot_take(const struct device_choice *choice, struct snapshot *snapshot)
{
	struct taking taking = { .snapshot = snapshot };
	const struct counters_walk walk = { take_device, take_netns, &taking };
	int err;

	*snapshot = (struct snapshot){ 0 };
	err = counters_each(choice, &walk);
	if (!err && taking.err)
		err = log_errno(taking.err, "keeping the counters");
	if (err)
		snapshot_free(snapshot);
	return err;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->devices);
	free(snapshot->netns);
	*snapshot = (struct snapshot){ 0 };
}

static int compare(const void *left, const void *right)
{
	const struct txp_device_key *a = &((const struct shown_device *)left)->key;
	const struct txp_device_key *b = &((const struct shown_device *)right)->key;

	if (a->netns != b->netns)
		return a->netns > b->netns ? 1 : -1;
	return (a->ifindex > b->ifindex) - (a->ifindex < b->ifindex);
}

const struct shown_device *snapshot_find(const struct snapshot *snapshot,
					 const struct shown_device *device)
{
	if (!snapshot->count)
		return NULL;
	return bsearch(device, snapshot->devices, snapshot->count, sizeof(*device), compare);
}
