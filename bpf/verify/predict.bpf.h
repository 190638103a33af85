/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Predicts output device, next hop and MAC addresses with bpf_fib_lookup, independent of the route
 * that the packet has. The look-up gets the inputs that the kernel's own had. For a forwarded
 * packet this is its input device, as in ip_route_input. For a local one it is the loopback device
 * without flags: iif is lo and no output device is given, as in ip_route_output_key. The helper
 * then requires that forwarding is on for lo.
 */
#ifndef TXPATH_BPF_VERIFY_PREDICT_H
#define TXPATH_BPF_VERIFY_PREDICT_H

#include "lib/fib.bpf.h"
#include "verify/result.bpf.h"
#include "verify/origin.bpf.h"

#define TXP_MULTIPATH_TRIES 32

/*
 * Looks up the route of the packet, but from this source, into chk->fib. oif: 0, or the output
 * device that the sender may have chosen. Kept as a separate function so that the verifier checks
 * it once.
 */
__noinline int fib_ask(struct __sk_buff *ctx, __be32 saddr, __u32 sport, __u32 oif)
{
	struct txp_check *chk = check_get();
	__u32 ifindex = oif, flags = BPF_FIB_LOOKUP_OUTPUT;

	if (!chk)
		return -1;
	if (!oif) {
		ifindex = chk->route.forwarded ? chk->iif : TXP_LOOPBACK_IFINDEX;
		flags = 0;
	}
	fib_fill(&chk->fib, &chk->pkt, ifindex, chk->mark);
	chk->fib.ipv4_src = saddr;
	chk->fib.sport = sport;
	return bpf_fib_lookup(ctx, &chk->fib, sizeof(chk->fib), instance_fib_flags() | flags);
}

static __always_inline bool fib_next_hop_agrees(const struct txp_check *chk)
{
	const struct bpf_fib_lookup *fib = &chk->fib;
	const __be32 *gateway = chk->route.gateway6;

	if (chk->route.gateway_family != TXP_AF_INET6)
		return fib->family == TXP_AF_INET &&
		       fib->ipv4_dst == (chk->route.gateway ?: chk->pkt.ip.daddr);
	return fib->family == TXP_AF_INET6 && fib->ipv6_dst[0] == gateway[0] &&
	       fib->ipv6_dst[1] == gateway[1] && fib->ipv6_dst[2] == gateway[2] &&
	       fib->ipv6_dst[3] == gateway[3];
}

static __always_inline bool fib_agrees(const struct txp_check *chk, long answer)
{
	return fib_has_route(answer) && chk->fib.ifindex == chk->ifindex &&
	       fib_next_hop_agrees(chk);
}

static __always_inline long predict_route(struct txp_check *chk, struct __sk_buff *ctx)
{
	const struct inet_sock *inet = (const void *)chk->sk;
	long answer;

	answer = fib_ask(ctx, chk->pkt.ip.saddr, chk->pkt.ports.source, 0);
	if (!chk->skb || fib_agrees(chk, answer))
		return answer;
	/*
	 * A datagram socket that is not bound looks its route up without a source address. That
	 * decides between paths, and between rules with a source.
	 */
	if (!inet || chk->route.forwarded || !sock_is_full(chk->sk) || !sock_is_inet(chk->sk) ||
	    KERNEL_READ(inet, inet_saddr))
		return answer;
	return fib_ask(ctx, 0, chk->pkt.ports.source, 0);
}

/*
 * May the sender have chosen the output device? A datagram socket may for each message
 * (IP_PKTINFO), and so may a tunnel; TCP is bound or not. It may, if the look-up with this device
 * agrees. It also may if there is no route: the kernel then takes the destination to be on link.
 * And it may if the helper refuses, because the device does not forward.
 */
static __always_inline bool device_may_be_chosen(struct txp_check *chk, struct __sk_buff *ctx)
{
	long answer;

	if (chk->route.forwarded || chk->pkt.ip.protocol == IPPROTO_TCP)
		return false;
	answer = fib_ask(ctx, chk->pkt.ip.saddr, chk->pkt.ports.source, chk->ifindex);
	return !fib_has_route(answer) || fib_agrees(chk, answer);
}

/*
 * Do look-ups from other sources and ports lead different ways? Then the hash has chosen the path.
 * The previous answer is kept in memory: the verifier would follow it through every turn.
 */
__noinline int has_several_paths(struct __sk_buff *ctx)
{
	struct txp_check *chk = check_get();

	if (!chk)
		return 0;
	chk->several.ifindex = 0;
	chk->several.next_hop = 0;
	for (__u32 i = 0; i < TXP_MULTIPATH_TRIES; i++) {
		__u32 random = bpf_get_prandom_u32();

		if (!fib_has_route(fib_ask(ctx, random, random >> 16, 0)))
			continue;
		if (chk->several.ifindex && (chk->fib.ifindex != chk->several.ifindex ||
					     chk->fib.ipv6_dst[0] != chk->several.next_hop))
			return 1;
		chk->several.ifindex = chk->fib.ifindex;
		chk->several.next_hop = chk->fib.ipv6_dst[0];
	}
	return 0;
}

/*
 * Replacing a member of a nexthop group moves nexthop.seq, and not rt_genid: sockets keep routes to
 * the old member. true: a route of this generation may be one of them.
 */
static __always_inline bool nexthops_changed(const struct txp_check *chk)
{
	struct txp_moments *moments = moments_get();
	const struct net *net = chk->net;
	__u32 seq = KERNEL_READ(net, nexthop.seq);

	if (!moments)
		return false;
	if (moments->genid != chk->genid) {
		moments->genid = chk->genid;
		moments->nexthop_seq = seq;
	}
	return moments->nexthop_seq != seq;
}

static __always_inline void rules_route(struct txp_check *chk, struct __sk_buff *ctx)
{
	long answer = predict_route(chk, ctx);

	if (chk->skb)
		nexthops_changed(chk); /* keeps what the nexthops were under this generation */

	/* the helper could not look this up: its answer says nothing about the route */
	if (answer < 0 || answer == BPF_FIB_LKUP_RET_FWD_DISABLED ||
	    answer == BPF_FIB_LKUP_RET_UNSUPP_LWT)
		check_settle(chk, TXP_FIELD_ROUTE, TXP_VERDICT_DECLINED);
	else
		check_field(chk, TXP_FIELD_ROUTE, fib_has_route(answer) ? chk->fib.ifindex : 0,
			    chk->ifindex);

	if (!chk->skb)
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_OBSERVED);
	else if (!fib_has_route(answer))
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_DECLINED);
	else if (fib_next_hop_agrees(chk))
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_MATCH);
	else
		check_differs(chk, TXP_FIELD_NEXT_HOP, chk->fib.ipv4_dst,
			      chk->route.gateway ?: chk->pkt.ip.daddr);

	if (!chk->pkt.l2_len)
		return;
	if (answer == BPF_FIB_LKUP_RET_NO_NEIGH || !fib_has_route(answer)) {
		check_settle(chk, TXP_FIELD_DMAC, TXP_VERDICT_DECLINED);
		check_settle(chk, TXP_FIELD_SMAC, TXP_VERDICT_DECLINED);
		return;
	}
	check_field(chk, TXP_FIELD_DMAC, mac_value(chk->fib.dmac), mac_value(chk->pkt.eth.h_dest));
	check_field(chk, TXP_FIELD_SMAC, mac_value(chk->fib.smac),
		    mac_value(chk->pkt.eth.h_source));
}

#endif /* TXPATH_BPF_VERIFY_PREDICT_H */
