/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Why a field differs from the prediction, and its verdict. A cause is only what the kernel itself
 * shows: a generation that moved, a netfilter hook on the transmit path, or an input of the route
 * that bpf_fib_lookup cannot be given. A difference without a cause is a mismatch.
 *
 * Some mismatches are pending first. The kernel changes a route or an MTU, and moves the generation
 * after that (fib_table_insert, netif_set_mtu). In between, packets rightly go by their old routes,
 * while a look-up finds the new one, and the task that makes the change may lose its CPU there. So
 * such a field is unknown at first. If the generation still stands after settle-ms, the next packet
 * that this CPU compares turns these packets into mismatches. They are kept per CPU, because they
 * are moved within the counters of the CPU that counted them.
 */
#ifndef TXPATH_BPF_VERIFY_CAUSE_H
#define TXPATH_BPF_VERIFY_CAUSE_H

#include "verify/result.bpf.h"
#include "lib/count.bpf.h"
#include "lib/nf_hooks.bpf.h"
#include "verify/predict.bpf.h"

#define TXP_NEIGHBOUR_SETTLES (100 * 1000 * 1000ULL) /* ns until what waited for it has left */

static __always_inline bool nf_may_change(const struct net *net, __u32 hooknum)
{
	const struct nf_hook_entries *entries;

	if (!bpf_core_field_exists(((struct net *)0)->nf.hooks_ipv4)) /* CONFIG_NETFILTER */
		return false;
	entries = KERNEL_READ(net, nf.hooks_ipv4[hooknum]);
	return entries && nf_walk(kernel_address(entries)) != TXP_HOOKS_NONE;
}

/* Why the kernel's route may rightly be another one than that of bpf_fib_lookup. */
enum txp_route_cause {
	TXP_ROUTE_CAUSE_NONE,
	TXP_ROUTE_CAUSE_REDIRECT,
	TXP_ROUTE_CAUSE_SENDER,
	TXP_ROUTE_CAUSE_HASH,
	TXP_ROUTE_CAUSE_RULES,
	TXP_ROUTE_CAUSE_DEFAULTS,
};

/* Checks the inputs of the kernel's own look-up that the helper cannot be given. */
static __always_inline enum txp_route_cause route_cause(const struct txp_check *chk)
{
	const struct txp_route *route = &chk->route;
	const struct net *net = chk->net;
	const struct sock *sk = chk->sk;

	if (route->flags & TXP_RTCF_REDIRECTED) /* fnhe_gw: an exception, not the table */
		return TXP_ROUTE_CAUSE_REDIRECT;
	/* FLOWI_FLAG_KNOWN_NH: a raw socket's header names another destination */
	if (chk->sender.constrained || (route->gateway && !route->uses_gateway))
		return TXP_ROUTE_CAUSE_SENDER;
	/* flowi4_oif; a request or timewait socket has its device at the same place */
	if (sk && KERNEL_READ(sk, __sk_common.skc_bound_dev_if))
		return TXP_ROUTE_CAUSE_SENDER;
	/* fib_multipath_hash uses skb->l4_hash, and the helper has no packet to read it from */
	if (route->forwarded && KERNEL_READ_OPTIONAL(net, ipv4.sysctl_fib_multipath_hash_policy))
		return TXP_ROUTE_CAUSE_HASH;
	if (KERNEL_READ_OPTIONAL(net, ipv4.fib_has_custom_rules)) /* uid; the mark before 6.10 */
		return TXP_ROUTE_CAUSE_RULES;
	/* fib_select_default: which of several defaults has a live neighbour */
	if (bpf_core_field_exists(net->ipv4.fib_main) &&
	    KERNEL_READ(net, ipv4.fib_main, tb_num_default) > 1)
		return TXP_ROUTE_CAUSE_DEFAULTS;
	return TXP_ROUTE_CAUSE_NONE;
}

/* Does a netfilter hook that may change packets stand on the path of this one? */
static __always_inline bool netfilter_in_the_way(const struct txp_check *chk)
{
	const struct net *net = chk->net;

	if (nf_may_change(net, TXP_NF_POST_ROUTING))
		return true;
	if (!chk->route.forwarded)
		return nf_may_change(net, TXP_NF_LOCAL_OUT);
	return nf_may_change(net, TXP_NF_PRE_ROUTING) || nf_may_change(net, TXP_NF_FORWARD);
}

/*
 * Fills chk->unknown and chk->declined: the fields whose differences have a cause. These masks are
 * kept in memory, not in variables: the verifier would follow every combination of them.
 */
static __always_inline void find_cause(struct txp_check *chk, struct __sk_buff *ctx)
{
	const struct txp_moments *moments = moments_get();
	const struct sk_buff *skb = chk->skb;
	const struct net *net = chk->net;
	const struct net_device *dev;

	if (!skb) { /* only the header's own arithmetic is certain */
		chk->declined = ~TXP_FIELDS_ALWAYS;
		return;
	}
	/* routes changed since the look-up, or since the packet got its route */
	if ((__u32)KERNEL_READ(net, ipv4.rt_genid.counter) != chk->genid ||
	    chk->route.genid != chk->genid)
		chk->unknown = ~TXP_FIELDS_ALWAYS;
	if (nexthops_changed(chk))
		chk->unknown |= TXP_FIELDS_ROUTE;
	/* what waited for a neighbour leaves now, on any CPU, long after its sender was seen */
	if (moments && moments->neighbour_ns &&
	    bpf_ktime_get_ns() - moments->neighbour_ns < TXP_NEIGHBOUR_SETTLES)
		chk->unknown |= TXP_BIT(DMAC) | TXP_FIELDS_SENDER;

	/* nf_hook_egress runs before TC egress, and may set another priority than the tag's */
	dev = KERNEL_READ(skb, dev);
	if (bpf_core_field_exists(dev->nf_hooks_egress) && KERNEL_READ(dev, nf_hooks_egress))
		chk->declined = ~TXP_FIELDS_ALWAYS | TXP_BIT(VLAN_PCP);
	else if (netfilter_in_the_way(chk))
		chk->declined = ~TXP_FIELDS_ALWAYS;

	if (!(chk->differs & TXP_FIELDS_ROUTE))
		return;
	if (route_cause(chk) != TXP_ROUTE_CAUSE_NONE ||
	    (chk->differs & (TXP_BIT(ROUTE) | TXP_BIT(NEXT_HOP)) &&
	     (device_may_be_chosen(chk, ctx) || has_several_paths(ctx))))
		chk->declined |= TXP_FIELDS_ROUTE;
}

static __always_inline void example_fill(struct txp_example *example, const struct txp_check *chk,
					 __u32 field)
{
	example->time_ns = bpf_ktime_get_ns();
	example->expected = chk->expected[field];
	example->actual = chk->actual[field];
	example->saddr = chk->pkt.ip.saddr;
	example->daddr = chk->pkt.ip.daddr;
	example->protocol = chk->pkt.ip.protocol;
	example->total = chk->pkt.l3_len;
}

static __always_inline void example_write(const struct txp_instance *inst, __u32 ifindex,
					  __u32 field, const struct txp_example *example)
{
	struct txp_example_key key = { .field = field };

	key.device.netns = inst->netns;
	key.device.ifindex = ifindex;
	bpf_map_update_elem(&examples, &key, example, BPF_ANY);
	if (event_is_traced())
		event_mismatch(inst, ifindex, field, example);
}

/*
 * These four are kept as separate functions so that the verifier checks each one once.
 *
 * Moves the pending packets of a field from unknown to mismatch.
 */
__noinline int pending_prove(__u32 field)
{
	const struct txp_instance *inst = instance_get();
	const struct txp_check *chk = check_get();
	const struct txp_pending_mismatch *pending;
	struct txp_counters *cnt;

	if (!inst || !chk)
		return 0;
	field %= TXP_FIELDS_MAX; /* for the verifier */
	pending = &chk->pending[field];
	cnt = counters_of(inst->netns, pending->ifindex);
	if (!cnt)
		return 0;
	count_proven(cnt, field, pending->packets);
	example_write(inst, pending->ifindex, field, &pending->first);
	return 0;
}

/* Ends what is pending: a generation moved, which explains it, or none did for settle-ms. */
__noinline int pending_settle(void)
{
	const struct txp_instance *inst = instance_get();
	struct txp_check *chk = check_get();
	const struct net *net;

	if (!inst || !chk)
		return 0;
	net = chk->net;
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++) {
		const struct txp_pending_mismatch *pending = &chk->pending[field];

		if (!(chk->pending_fields & 1U << field))
			continue;
		if (pending->genid == chk->genid &&
		    pending->nexthop_seq == KERNEL_READ(net, nexthop.seq)) {
			if (bpf_ktime_get_ns() - pending->first.time_ns < inst->settle_ns)
				continue;
			pending_prove(field);
		}
		chk->pending_fields &= ~(1U << field);
	}
	return 0;
}

/* A difference without a cause: pending if it is of a look-up, else a mismatch with an example. */
__noinline int settle_unexplained(__u32 field)
{
	const struct txp_instance *inst = instance_get();
	struct txp_check *chk = check_get();
	struct txp_pending_mismatch *pending;
	struct txp_example example;
	const struct net *net;

	if (!inst || !chk)
		return 0;
	field %= TXP_FIELDS_MAX; /* for the verifier */
	if (!(1U << field & TXP_FIELDS_LOOKED_UP) || !inst->settle_ns) {
		example_fill(&example, chk, field);
		example_write(inst, chk->ifindex, field, &example);
		return 0;
	}
	pending = &chk->pending[field];
	if (!(chk->pending_fields & 1U << field)) {
		net = chk->net;
		pending->packets = 0;
		pending->genid = chk->genid;
		pending->nexthop_seq = KERNEL_READ(net, nexthop.seq);
		pending->ifindex = chk->ifindex;
		example_fill(&pending->first, chk, field);
		chk->pending_fields |= 1U << field;
	}
	/* packets of another device stay unknown while this one's are pending */
	if (pending->ifindex == chk->ifindex)
		pending->packets++;
	check_settle(chk, field, TXP_VERDICT_UNKNOWN);
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
		if (chk->unknown & bit)
			check_settle(chk, field, TXP_VERDICT_UNKNOWN);
		else if (chk->declined & bit)
			check_settle(chk, field, TXP_VERDICT_DECLINED);
		else
			check_settle(chk, field, TXP_VERDICT_MISMATCH);
		if (READ_ONCE(chk->verdict[field]) == TXP_VERDICT_MISMATCH)
			settle_unexplained(field);
	}
	return 0;
}

#endif /* TXPATH_BPF_VERIFY_CAUSE_H */
