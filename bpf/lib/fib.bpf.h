/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* bpf_fib_lookup, asked for a packet as the kernel would ask for its route. */
#ifndef TXPATH_BPF_LIB_FIB_H
#define TXPATH_BPF_LIB_FIB_H

#include "lib/maps.bpf.h"
#include "lib/parse.bpf.h"

/*
 * The look-up for a packet, with its mark where the helper knows it. fib.mark overlays the
 * addresses that the look-up returns; older headers do not name it.
 */
static __always_inline void fib_fill(struct bpf_fib_lookup *fib, const struct txp_packet *pkt,
				     __u32 ifindex, __u32 mark)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = TXP_AF_INET;
	fib->l4_protocol = pkt->ip.protocol;
	fib->sport = pkt->ports.source;
	fib->dport = pkt->ports.dest;
	fib->tos = pkt->ip.tos;
	fib->ipv4_src = pkt->ip.saddr;
	fib->ipv4_dst = pkt->ip.daddr;
	fib->ifindex = ifindex;
	if (instance_fib_flags())
		__builtin_memcpy(fib->smac, &mark, sizeof(mark));
}

static __always_inline bool fib_has_route(long answer)
{
	return answer == BPF_FIB_LKUP_RET_SUCCESS || answer == BPF_FIB_LKUP_RET_NO_NEIGH ||
	       answer == BPF_FIB_LKUP_RET_FRAG_NEEDED;
}

#endif /* TXPATH_BPF_LIB_FIB_H */
