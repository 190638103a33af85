/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Would transit take over packets that come in on a device? Its own guard says so before attach. */
#ifndef TXPATH_ATTACH_PREFLIGHT_H
#define TXPATH_ATTACH_PREFLIGHT_H

#include <txpath/abi.h>

/*
 * Runs the program txpath_check for a device of the namespace that we are in. Returns the enum
 * txp_transit of the guard, where TXP_TRANSIT_TAKEN means that offload is possible, or a negative
 * errno that is not logged. Before Linux 6.2 the guard needs a real packet: then this returns
 * TXP_TRANSIT_COUNT (not known), or TXP_TRANSIT_CONNTRACK if conntrack is strict, hooked or not.
 */
int check_run(int prog_fd, int ifindex, enum txp_netfilter netfilter);

/* What to do about TXP_TRANSIT_CONNTRACK. */
#define CHECK_CONNTRACK_ADVICE                                                                     \
	"conntrack would drop TCP segments after those that it has not seen: first set sysctl "    \
	"net.netfilter.nf_conntrack_tcp_be_liberal=1, or use --netfilter decline"

#endif /* TXPATH_ATTACH_PREFLIGHT_H */
