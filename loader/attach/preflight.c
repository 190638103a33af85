// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A test run of the program txpath_check, which has the guard of transit. */
#include <errno.h>
#include <stdbool.h>

#include <bpf/bpf.h>
#include <linux/if_ether.h>

#include "attach/preflight.h"
#include "lib/sysctl.h"

/* The program could not see whether conntrack is hooked. To be safe, it counts as hooked. */
static bool conntrack_may_drop(enum txp_netfilter netfilter)
{
	return netfilter != TXP_NETFILTER_DECLINE && sysctl_conntrack_liberal() == 0;
}

int check_run(int prog_fd, int ifindex, enum txp_netfilter netfilter)
{
	struct __sk_buff context = { .ifindex = ifindex, .cb = { netfilter } };
	char packet[ETH_ZLEN] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		return -errno;
	if (opts.retval < TXP_TRANSIT_COUNT)
		return opts.retval;
	return conntrack_may_drop(netfilter) ? TXP_TRANSIT_CONNTRACK : TXP_TRANSIT_COUNT;
}
