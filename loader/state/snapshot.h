/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The counters of all chosen devices at one moment, for txpath stats, which shows differences. */
#ifndef TXPATH_STATE_SNAPSHOT_H
#define TXPATH_STATE_SNAPSHOT_H

#include <limits.h>
#include <net/if.h>

#include "state/counters.h"

/* A network namespace, and what its probes have missed. */
struct shown_netns {
	char name[NAME_MAX + 1];
	bool known[TXP_PROBE_COUNT]; /* missed[] could be read */
	__u64 missed[TXP_PROBE_COUNT];
};

struct shown_device {
	char name[IFNAMSIZ];
	struct txp_device_key key;
	const char *mode;
	size_t netns; /* place in struct snapshot */
	__u32 l2_len;
	bool transit; /* has a program at TC ingress */
	struct txp_counters counters;
};

/* By namespace and ifindex. */
struct snapshot {
	struct shown_device *devices;
	size_t count;
	struct shown_netns *netns;
	size_t netns_count;
};

/* Owned by the caller: snapshot_free(). Errors have been logged. */
int snapshot_take(const struct device_choice *choice, struct snapshot *snapshot);
void snapshot_free(struct snapshot *snapshot);

/* The same device in an older snapshot; NULL: it was not attached then. */
const struct shown_device *snapshot_find(const struct snapshot *snapshot,
					 const struct shown_device *device);

#endif /* TXPATH_STATE_SNAPSHOT_H */
