/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the qdiscs of devices make of a packet's priority and of its time of departure. */
#ifndef TXPATH_CLASSIFY_QDISCS_H
#define TXPATH_CLASSIFY_QDISCS_H

#include "classify/ruleset/ruleset.h"

struct qdisc;
struct queues;

/* Of the namespace that we are in. All 0 at first; the kernel is asked once for each thing. */
struct qdiscs {
	struct qdisc *qdiscs; /* those of one device one after the other */
	size_t count;
	struct queues *devices; /* sorted by ifindex */
	size_t device_count;
	bool asked;
	int err; /* of asking */
};

/* enum tc_class, or negative errno: the kernel could not be asked. Silent. */
int qdiscs_class(struct qdiscs *qdiscs, int ifindex, __u32 classid);

/*
 * Does a packet of the device wait for its skb->tstamp, whatever queue it goes through? fq does; mq
 * and classful qdiscs leave it to those below them. 0, 1, or negative errno. Silent.
 */
int qdiscs_keep_time(struct qdiscs *qdiscs, int ifindex);

void qdiscs_free(struct qdiscs *qdiscs);

#endif /* TXPATH_CLASSIFY_QDISCS_H */
