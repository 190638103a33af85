// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A filter that asks for the packet's route: its device keeps the route from then on
 * (netif_keep_dst). */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("tc")
int realm(struct __sk_buff *ctx)
{
	return bpf_get_route_realm(ctx) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}
