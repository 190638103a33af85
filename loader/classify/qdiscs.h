/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the qdiscs of a device do with a packet's priority and with its departure time. Rules are
 * checked against this, because a class of a rule is silently ignored by the wrong qdisc.
 */
#ifndef TXPATH_CLASSIFY_QDISCS_H
#define TXPATH_CLASSIFY_QDISCS_H

#include "classify/ruleset/ruleset.h"

struct qdisc;
struct queues;

/*
 * The qdiscs of the network namespace that we are in. All zero at first. They are read from the
 * kernel once, and the classes of a device once, when they are first needed.
 */
struct qdiscs {
	struct qdisc *qdiscs; /* grouped by device */
	size_t count;
	struct queues *devices; /* sorted by ifindex */
	size_t device_count;
	bool is_read;
	int err; /* of reading */
};

/* Returns an enum tc_class, or a negative errno if the kernel could not be read. Logs nothing. */
int qdiscs_class(struct qdiscs *qdiscs, int ifindex, __u32 classid);

/*
 * Does every packet of the device wait for its skb->tstamp, whichever queue it goes through? fq
 * makes it wait; mq and classful qdiscs leave that to their child qdiscs. Returns 0, 1, or a
 * negative errno. Logs nothing.
 */
int qdiscs_keep_time(struct qdiscs *qdiscs, int ifindex);

void qdiscs_free(struct qdiscs *qdiscs);

#endif /* TXPATH_CLASSIFY_QDISCS_H */
