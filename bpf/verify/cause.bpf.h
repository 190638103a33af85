/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a field differs from the prediction. Only what the kernel itself shows counts as an
 * explanation: a generation that moved, a netfilter hook in the packet's way, an input of the
 * route that bpf_fib_lookup cannot be given. What is left is a mismatch.
 */
#ifndef TXPATH_BPF_VERIFY_CAUSE_H
#define TXPATH_BPF_VERIFY_CAUSE_H

#include "verify/result.bpf.h"
#include "lib/count.bpf.h"
#include "verify/pending_mismatch.bpf.h"
#include "lib/nf_hooks.bpf.h"
#include "verify/predict.bpf.h"

#define TXP_NEIGHBOUR_SETTLES (100 * 1000 * 1000ULL) /* ns until what waited for it has left */

static __always_inline bool nf_may_change(const struct txp_check *chk, __u32 hooknum)
{
	const struct nf_hook_entries *entries;

	if (!bpf_core_field_exists(((struct net *)0)->nf.hooks_ipv4)) /* CONFIG_NETFILTER */
		return false;
	entries = KERNEL_READ(check_net(chk), nf.hooks_ipv4[hooknum]);
	return entries && nf_walk(kernel_address(entries)) != TXP_HOOKS_NONE;
}

/* nft's netdev family: nf_hook_egress comes before TC egress. */
static __always_inline bool netdev_egress_in_the_way(const struct txp_check *chk)
{
	const struct net_device *dev = KERNEL_READ(check_skb(chk), dev);

	return bpf_core_field_exists(dev->nf_hooks_egress) && KERNEL_READ(dev, nf_hooks_egress);
}

static __always_inline bool netfilter_in_the_way(const struct txp_check *chk)
{
	if (netdev_egress_in_the_way(chk) || nf_may_change(chk, TXP_NF_POST_ROUTING))
		return true;
	if (!chk->route.forwarded)
		return nf_may_change(chk, TXP_NF_LOCAL_OUT);
	return nf_may_change(chk, TXP_NF_PRE_ROUTING) || nf_may_change(chk, TXP_NF_FORWARD);
}

static __always_inline bool is_recent(__u64 then, __u64 span)
{
	return then && bpf_ktime_get_ns() - then < span;
}

static __always_inline bool routes_changed(const struct txp_check *chk)
{
	__u32 now = KERNEL_READ(check_net(chk), ipv4.rt_genid.counter);

	return now != chk->genid || chk->route.genid != chk->genid;
}

static __always_inline bool neighbour_changed(void)
{
	const struct txp_moments *moved = moments_get();

	return moved && is_recent(moved->neighbour_ns, TXP_NEIGHBOUR_SETTLES);
}

/* Members that kernels may be built without, of CONFIG_IP_ROUTE_MULTIPATH and IP_MULTIPLE_TABLES.
 */

static __always_inline __u8 net_hash_policy(const struct net *net)
{
	return KERNEL_READ_OPTIONAL(net, ipv4.sysctl_fib_multipath_hash_policy);
}

static __always_inline bool net_has_rules(const struct net *net)
{
	return KERNEL_READ_OPTIONAL(net, ipv4.fib_has_custom_rules);
}

/* Several default routes */
static __always_inline bool net_has_defaults(const struct net *net)
{
	return bpf_core_field_exists(net->ipv4.fib_main) &&
	       KERNEL_READ(net, ipv4.fib_main, tb_num_default) > 1;
}

/* Inputs of the kernel's own look-up that the helper cannot be given. */
static __always_inline bool route_not_askable(const struct txp_check *chk)
{
	const struct txp_route *route = &chk->route;

	if (route->flags & TXP_RTCF_REDIRECTED) /* fnhe_gw: an exception, not the table */
		return true;
	/* FLOWI_FLAG_KNOWN_NH: a raw socket's header names another destination */
	if (chk->sender.constrained || (route->gateway && !route->uses_gateway))
		return true;
	/* flowi4_oif; a request or timewait socket has its device at the same place */
	if (chk->sk && KERNEL_READ(check_sk(chk), __sk_common.skc_bound_dev_if))
		return true;
	/* fib_multipath_hash uses skb->l4_hash, the helper has no packet to ask */
	if (route->forwarded && net_hash_policy(check_net(chk)))
		return true;
	if (net_has_rules(check_net(chk))) /* uid; the mark before 6.10 */
		return true;
	/* fib_select_default: which of several defaults has a live neighbour */
	return net_has_defaults(check_net(chk));
}

/* Fields that differ for a reason of the route's, as a mask. */
static __always_inline __u32 cause_of_route(struct txp_check *chk, struct __sk_buff *ctx)
{
	if (!(chk->differs & TXP_FIELDS_ROUTE))
		return 0;
	if (route_not_askable(chk))
		return TXP_FIELDS_ROUTE;
	if (!(chk->differs & (TXP_BIT(ROUTE) | TXP_BIT(NEXT_HOP))))
		return 0;
	if (device_may_be_chosen(chk, ctx) || has_several_paths(ctx))
		return TXP_FIELDS_ROUTE;
	return 0;
}

/*
 * Which differences are explained. The masks are kept in memory, not in variables: the verifier
 * would follow every combination of them through all that comes after.
 */
static __always_inline void find_cause(struct txp_check *chk, struct __sk_buff *ctx)
{
	if (!chk->skb) { /* only the header's own arithmetic is certain */
		chk->declined = ~TXP_FIELDS_ALWAYS;
		return;
	}
	if (routes_changed(chk))
		chk->unknown = ~TXP_FIELDS_ALWAYS;
	if (nexthops_changed(chk))
		chk->unknown |= TXP_FIELDS_ROUTE;
	/* what waited for the neighbour leaves now, on any CPU, long after its sender was noted */
	if (neighbour_changed())
		chk->unknown |= TXP_BIT(DMAC) | TXP_FIELDS_SENDER;
	if (netfilter_in_the_way(chk))
		chk->declined = ~TXP_FIELDS_ALWAYS;
	if (netdev_egress_in_the_way(chk)) /* the priority may be another one than the tag's */
		chk->declined |= TXP_BIT(VLAN_PCP);
	chk->declined |= cause_of_route(chk, ctx);
}

static __always_inline enum txp_verdict difference_verdict(const struct txp_check *chk, __u32 bit)
{
	if (chk->unknown & bit)
		return TXP_VERDICT_UNKNOWN;
	return chk->declined & bit ? TXP_VERDICT_DECLINED : TXP_VERDICT_MISMATCH;
}

/* Without an explanation: what is looked up may be owed a generation. */
__noinline int settle_unexplained(__u32 field)
{
	const struct txp_instance *inst = instance_get();
	struct txp_check *chk = check_get();
	struct txp_example example;

	if (!inst || !chk)
		return 0;
	field %= TXP_FIELDS_MAX; /* for the verifier */
	if (1U << field & TXP_FIELDS_LOOKED_UP && inst->settle_ns) {
		pending_add(chk, field);
		check_settle(chk, field, TXP_VERDICT_UNKNOWN);
		return 0;
	}
	example_fill(&example, chk, field);
	example_write(inst, chk->ifindex, field, &example);
	return 0;
}

/* Gives each field that differs its verdict. */
__noinline int settle_differences(void)
{
	struct txp_check *chk = check_get();

	if (!chk)
		return 0;
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++) {
		__u32 bit = 1U << field;

		if (!(chk->differs & bit))
			continue;
		check_settle(chk, field, difference_verdict(chk, bit));
		if (READ_ONCE(chk->verdict[field]) == TXP_VERDICT_MISMATCH)
			settle_unexplained(field);
	}
	return 0;
}

/* Counts every field that has been judged. */
static __always_inline void settle(const struct txp_check *chk, struct txp_counters *cnt)
{
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++)
		if (chk->settled & (1U << field))
			count_verdict(cnt, field, chk->verdict[field]);
}

#endif /* TXPATH_BPF_VERIFY_CAUSE_H */
