/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What stands in the way of a packet that comes in on a device, as transit itself sees it. */
#ifndef TXPATH_ATTACH_PREFLIGHT_H
#define TXPATH_ATTACH_PREFLIGHT_H

#include <txpath/abi.h>

/*
 * Runs txpath_check for a device of the namespace that we are in. Returns the enum txp_transit
 * that its guard gives now, TXP_TRANSIT_TAKEN: nothing stands in the way; TXP_TRANSIT_COUNT: it
 * cannot be told on this kernel; or a negative errno, silent. Before 6.2 nothing can, and conntrack
 * that would mind counts as hooked.
 */
int check_run(int prog_fd, int ifindex, enum txp_netfilter netfilter);

/* How to become fit again after TXP_TRANSIT_CONNTRACK. */
#define CHECK_CONNTRACK_ADVICE                                                                     \
	"conntrack would drop what it has not seen: sysctl "                                       \
	"net.netfilter.nf_conntrack_tcp_be_liberal=1 first, or --netfilter decline"

#endif /* TXPATH_ATTACH_PREFLIGHT_H */
