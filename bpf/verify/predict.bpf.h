/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The prediction that owes nothing to the packet's route: bpf_fib_lookup, asked as the kernel
 * asks. A forwarded packet: with its input device, as ip_route_input does. A local one: with
 * the loopback device and no flags, which gives iif = lo and no output device, as
 * ip_route_output_key does; the helper insists on forwarding being set on lo.
 */
#ifndef TXPATH_BPF_VERIFY_PREDICT_H
#define TXPATH_BPF_VERIFY_PREDICT_H

#include "lib/fib.bpf.h"
#include "verify/result.bpf.h"
#include "verify/origin.bpf.h"

#define TXP_MULTIPATH_TRIES 32

/* Into chk->fib. A function of its own: the verifier looks at it once, not for each question. */
__noinline int fib_ask(struct __sk_buff *ctx, __be32 saddr, __u32 sport, __u32 ifindex, __u32 flags)
{
	struct txp_check *chk = check_get();

	if (!chk)
		return -1;
	fib_fill(&chk->fib, &chk->pkt, ifindex, chk->mark);
	chk->fib.ipv4_src = saddr;
	chk->fib.sport = sport;
	return bpf_fib_lookup(ctx, &chk->fib, sizeof(chk->fib), instance_fib_flags() | flags);
}

/* As the kernel asks for this packet, but for its source. */
static __always_inline long fib_ask_from(const struct txp_check *chk, struct __sk_buff *ctx,
					 __be32 saddr, __u32 sport)
{
	return fib_ask(ctx, saddr, sport, chk->route.forwarded ? chk->iif : TXP_LOOPBACK_IFINDEX,
		       0);
}

static __always_inline __be32 kernel_next_hop(const struct txp_check *chk)
{
	return chk->route.gateway ?: chk->pkt.ip.daddr;
}

static __always_inline bool fib_next_hop_agrees(const struct txp_check *chk)
{
	const struct bpf_fib_lookup *fib = &chk->fib;
	const __be32 *gateway = chk->route.gateway6;

	if (chk->route.gateway_family != TXP_AF_INET6)
		return fib->family == TXP_AF_INET && fib->ipv4_dst == kernel_next_hop(chk);
	return fib->family == TXP_AF_INET6 && fib->ipv6_dst[0] == gateway[0] &&
	       fib->ipv6_dst[1] == gateway[1] && fib->ipv6_dst[2] == gateway[2] &&
	       fib->ipv6_dst[3] == gateway[3];
}

static __always_inline bool fib_agrees(const struct txp_check *chk, long answer)
{
	return fib_has_route(answer) && chk->fib.ifindex == chk->ifindex &&
	       fib_next_hop_agrees(chk);
}

/*
 * A datagram socket that is not bound looks its route up without a source address; that
 * decides between paths and rules that ask for the source.
 */
static __always_inline bool sender_is_unbound(const struct txp_check *chk)
{
	const struct inet_sock *inet = (const void *)chk->sk;

	return inet && !chk->route.forwarded && sock_is_full(chk->sk) && sock_is_inet(chk->sk) &&
	       !KERNEL_READ(inet, inet_saddr);
}

static __always_inline long predict_route(struct txp_check *chk, struct __sk_buff *ctx)
{
	long answer;

	answer = fib_ask_from(chk, ctx, chk->pkt.ip.saddr, chk->pkt.ports.source);
	if (!chk->skb || fib_agrees(chk, answer) || !sender_is_unbound(chk))
		return answer;
	return fib_ask_from(chk, ctx, 0, chk->pkt.ports.source);
}

/*
 * Each message of a datagram socket may choose its device (IP_PKTINFO), and so may a tunnel;
 * TCP is bound or not.
 * Does the look-up with this device agree? Where the helper refuses the question, because the
 * device does not forward, that cannot be excluded; nor where there is no route at all, since
 * with a device the kernel then takes the destination to be on link.
 */
static __always_inline bool device_may_be_chosen(struct txp_check *chk, struct __sk_buff *ctx)
{
	long answer;

	if (chk->route.forwarded || chk->pkt.ip.protocol == IPPROTO_TCP)
		return false;
	answer = fib_ask(ctx, chk->pkt.ip.saddr, chk->pkt.ports.source, chk->ifindex,
			 BPF_FIB_LOOKUP_OUTPUT);
	return !fib_has_route(answer) || fib_agrees(chk, answer);
}

/*
 * Do look-ups with other sources and ports lead different ways? Then the hash has chosen. The
 * first answer is kept in memory: the verifier would follow it through every turn.
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

		if (!fib_has_route(fib_ask_from(chk, ctx, random, random >> 16)))
			continue;
		if (chk->several.ifindex && (chk->fib.ifindex != chk->several.ifindex ||
					     chk->fib.ipv6_dst[0] != chk->several.next_hop))
			return 1;
		chk->several.ifindex = chk->fib.ifindex;
		chk->several.next_hop = chk->fib.ipv6_dst[0];
	}
	return 0;
}

static __always_inline __u64 mac_value(const __u8 *mac)
{
	__u64 value = 0;

	__builtin_memcpy(&value, mac, ETH_ALEN);
	return value;
}

static __always_inline void rule_macs(struct txp_check *chk, long answer)
{
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

static __always_inline void rule_next_hop(struct txp_check *chk, long answer)
{
	if (!chk->skb)
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_OBSERVED);
	else if (!fib_has_route(answer))
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_DECLINED);
	else if (fib_next_hop_agrees(chk))
		check_settle(chk, TXP_FIELD_NEXT_HOP, TXP_VERDICT_MATCH);
	else
		check_differs(chk, TXP_FIELD_NEXT_HOP, chk->fib.ipv4_dst, kernel_next_hop(chk));
}

/* Answers that say nothing about the route: the helper could not be asked this question. */
static __always_inline bool fib_refused(long answer)
{
	return answer < 0 || answer == BPF_FIB_LKUP_RET_FWD_DISABLED ||
	       answer == BPF_FIB_LKUP_RET_UNSUPP_LWT;
}

/*
 * A member of a nexthop group that is replaced moves nexthop.seq and not rt_genid: sockets keep
 * routes that lead to the old one. true: a route of this generation may be such a one.
 */
static __always_inline bool nexthops_changed(const struct txp_check *chk)
{
	__u32 seq = KERNEL_READ(check_net(chk), nexthop.seq);
	struct txp_moments *moments = moments_get();

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
		nexthops_changed(chk);
	if (fib_refused(answer))
		check_settle(chk, TXP_FIELD_ROUTE, TXP_VERDICT_DECLINED);
	else
		check_field(chk, TXP_FIELD_ROUTE, fib_has_route(answer) ? chk->fib.ifindex : 0,
			    chk->ifindex);
	rule_next_hop(chk, answer);
	rule_macs(chk, answer);
}

#endif /* TXPATH_BPF_VERIFY_PREDICT_H */
