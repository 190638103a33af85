/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the program that decides to the one that writes, and what that one writes: all that
 * ip_forward and the neighbour's output change of a packet.
 */
#ifndef TXPATH_BPF_OFFLOAD_REWRITE_H
#define TXPATH_BPF_OFFLOAD_REWRITE_H

#include "lib/flow_maps.bpf.h"

/* ip_forward: rt_tos2priority, unless the sysctl says to leave it */
static __always_inline __u32 forwarded_priority(const struct __sk_buff *ctx, bool by_tos, __u8 tos)
{
	return by_tos ? tos_to_priority(tos) : ctx->priority;
}

static __always_inline void hand_on(struct __sk_buff *ctx, const struct txp_lease *lease,
				    __u32 priority)
{
	const __u64 *from = (const __u64 *)lease->ethernet; /* and oif */
	__u64 *to = (__u64 *)&ctx->cb[TXP_REWRITE_ETHERNET];

	to[0] = from[0];
	to[1] = from[1];
	ctx->cb[TXP_REWRITE_PRIORITY] = priority;
}

/* ip_decrease_ttl */
static __always_inline void decrease_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/* The source and destination that the neighbour's output has written, as words. */
static __always_inline void write_ethernet(struct __sk_buff *ctx, void *to)
{
	*(__u64 *)to = *(const __u64 *)&ctx->cb[TXP_REWRITE_ETHERNET];
	*(__u32 *)(to + 8) = ctx->cb[TXP_REWRITE_ETHERNET + 2];
	*(__be16 *)(to + 12) = bpf_htons(ETH_P_IP);
}

#endif /* TXPATH_BPF_OFFLOAD_REWRITE_H */
