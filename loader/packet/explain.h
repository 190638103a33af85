/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What transit would do with a packet, found by running transit's own code on one. */
#ifndef TXPATH_PACKET_EXPLAIN_H
#define TXPATH_PACKET_EXPLAIN_H

#include <linux/if_ether.h>

#include <txpath/abi.h>

#include "packet/frame.h"
#include "state/instance.h"

struct explanation {
	int cpu;
	int verdict; /* enum txp_transit; TXP_TRANSIT_TAKEN: the rest is filled */
	__u32 oif;
	__u32 priority;
	__u8 dmac[ETH_ALEN];
	__u8 smac[ETH_ALEN];
};

struct explaining {
	__u32 ifindex; /* that the packet comes in by */
	__u32 mark;
	enum txp_netfilter netfilter;
	const struct frame *frame;
};

/*
 * Runs on each CPU that we may run on, because each CPU has its own leases. The program is loaded
 * for this, with a copy of the instance's leases: nothing that is attached changes or counts.
 * *list is owned by the caller. Returns its length, or a negative errno, which has been logged.
 */
int explain_each(const struct instance *instance, const struct explaining *explaining,
		 struct explanation **list);

#endif /* TXPATH_PACKET_EXPLAIN_H */
