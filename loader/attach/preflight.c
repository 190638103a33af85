// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A trial run of the program that asks what transit asks. */
#include <errno.h>
#include <stdbool.h>

#include <bpf/bpf.h>
#include <linux/if_ether.h>

#include "attach/preflight.h"
#include "lib/sysctl.h"

/* Where the program cannot see whether conntrack is hooked: it counts as hooked where it is. */
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
