// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A trial run of the program that asks what transit asks. */
#include <errno.h>

#include <bpf/bpf.h>
#include <linux/if_ether.h>

#include "check.h"

int check_run(int prog_fd, int ifindex, enum txp_netfilter netfilter)
{
	struct __sk_buff context = { .ifindex = ifindex, .cb = { netfilter } };
	char packet[ETH_ZLEN] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet),
		    .ctx_in = &context, .ctx_size_in = sizeof(context));

	if (bpf_prog_test_run_opts(prog_fd, &opts))
		return -errno;
	return opts.retval < TXP_TRANSIT_COUNT ? (int)opts.retval : TXP_TRANSIT_COUNT;
}
