// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC egress of an attached device. Every packet is counted, and compare-rate of them a second are
 * compared with what the kernel's rules predict. No packet is changed here.
 *
 * The flow of a packet, top to bottom:
 *
 *   txpath_egress    each packet pays for this program, so it is small
 *     skip_compare   only counts packets without a route and those over the rate
 *   txpath_compare   the rest, by a tail call
 *     check_packet   parses the packet and reads its route
 *       origin_find  who sent it: noted at an earlier probe, or its socket
 *       rules_...    predict each field and compare it
 *       rules_route  predicts the path with bpf_fib_lookup and compares it
 *     find_cause     only if a field differs: what explains it
 *     settle_...     gives each field its verdict and counts it
 *     learn          a forwarded packet: what the kernel did becomes a lease
 *   txpath_classify  for every packet, by a tail call, if rules are loaded
 */
#include "verify/result.bpf.h"
#include "lib/context.bpf.h"
#include "verify/cause.bpf.h"
#include "offload/learn.bpf.h"
#include "verify/origin.bpf.h"
#include "verify/skip.bpf.h"
#include "verify/predict.bpf.h"
#include "verify/rules.bpf.h"
#include "verify/l2.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Filled by the loader, and the same for all devices of the namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TXP_EGRESS_CALL_COUNT);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} egress_calls SEC(".maps");

/* Reads the packet's route. COMPARED: it is on the transmit path that txpath predicts. */
static __always_inline enum txp_reason check_route(struct txp_check *chk)
{
	const struct rtable *rt = kernel_skb_rtable(chk->skb);
	const struct sk_buff *skb = chk->skb;
	const struct net_device *dev = KERNEL_READ(skb, dev);

	if (!rt)
		return TXP_REASON_NO_DST;
	if (KERNEL_READ(rt, dst.dev) != dev)
		return TXP_REASON_OTHER_DEVICE;
	if (KERNEL_READ_OPTIONAL(rt, dst.xfrm))
		return TXP_REASON_XFRM;
	if (KERNEL_READ(rt, dst.lwtstate))
		return TXP_REASON_LWTUNNEL;
	if (KERNEL_READ_BITS(dev, priv_flags) & (TXP_IFF_L3MDEV_MASTER | TXP_IFF_L3MDEV_SLAVE))
		return TXP_REASON_VRF;
	route_read(&chk->route, rt);
	if (chk->route.type != TXP_RTN_UNICAST)
		return TXP_REASON_NOT_UNICAST;
	return chk->iif && !chk->route.forwarded ? TXP_REASON_RELAYED : TXP_REASON_COMPARED;
}

/* Compares a packet whose kernel object is visible with all rules. */
static __always_inline enum txp_reason check_with_kernel(struct txp_check *chk,
							 struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	enum txp_reason reason = check_route(chk);

	if (reason != TXP_REASON_COMPARED)
		return reason;
	origin_find(chk);
	/* the probe did not look for the sender, because the rate limit was used up */
	if (chk->sender.origin == TXP_ORIGIN_NONE && chk->no_sender == TXP_VERDICT_LOST && inst &&
	    ratelimit_has_skipped(inst))
		return TXP_REASON_OVER_RATE;
	rules_sender(chk);
	rule_mtu(chk);
	rule_headroom(chk);
	rules_route(chk, ctx);
	return TXP_REASON_COMPARED;
}

/*
 * Everything that the rules need of the context is read here: the verifier wants the context's
 * pointer unmodified, and deep inside the rules the compiler would add offsets to it.
 */
static __always_inline void check_reset(struct txp_check *chk, const struct __sk_buff *ctx)
{
	__builtin_memset(&chk->pkt, 0, sizeof(chk->pkt));
	__builtin_memset(&chk->route, 0, sizeof(chk->route));
	chk->differs = 0;
	chk->settled = 0;
	chk->unknown = 0;
	chk->declined = 0;
	chk->ifindex = ctx->ifindex;
	chk->iif = ctx->ingress_ifindex;
	chk->mark = ctx->mark;
	chk->priority = ctx->priority;
	chk->gso_size = ctx->gso_size;
	chk->gso_segs = ctx->gso_segs;
}

static __always_inline enum txp_reason check_packet(struct txp_check *chk, struct __sk_buff *ctx,
						    const struct txp_device *dev)
{
	const struct sk_buff *skb = chk->skb;
	const struct net *net = chk->net;
	struct txp_dev_cache *cache;
	enum txp_reason reason;

	reason = parse(ctx, dev->l2_len, &chk->pkt);
	if (reason != TXP_REASON_COMPARED)
		return reason;
	/* first, since a tagged packet's priority is checked by these as well */
	if (skb) {
		chk->sk = KERNEL_READ(skb, sk);
		chk->genid = KERNEL_READ(net, ipv4.rt_genid.counter);
	}
	if (ctx->vlan_present)
		return vlan_verify(ctx->vlan_tci, ctx->vlan_proto);
	if (skb) {
		if (READ_ONCE(chk->pending_fields))
			pending_settle();
		reason = check_with_kernel(chk, ctx);
	} else if (is_redirected(ctx)) {
		reason = TXP_REASON_REDIRECTED;
	} else { /* the header can be compared, and the route looked up */
		chk->sk = NULL;
		chk->route.forwarded = !!chk->iif;
		rules_route(chk, ctx);
		reason = TXP_REASON_HEADER_ONLY;
	}
	if (reason == TXP_REASON_NO_DST) {
		/* from now on skip_no_dst counts such packets of the device */
		cache = bpf_cast_to_kern_ctx && dev->l2_len == ETH_HLEN
				? dev_cache_claim(ctx->ifindex)
				: NULL;
		if (cache)
			cache->net = (__u64)net;
		if (is_redirected(ctx))
			reason = TXP_REASON_REDIRECTED;
	}
	if (reason == TXP_REASON_COMPARED || reason == TXP_REASON_HEADER_ONLY) {
		rule_checksum(chk, ctx);
		rule_tot_len(chk);
	}
	return reason;
}

/* Was the rate limit not checked yet? dev_cache has no row of the device on this CPU. */
static __always_inline bool is_late_over_rate(struct __sk_buff *ctx,
					      const struct txp_instance *inst)
{
	if (dev_cache_get(ctx->ifindex))
		return false;
	dev_cache_claim(ctx->ifindex);
	return is_over_rate(ctx, inst);
}

static __always_inline void compare(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	struct txp_device_key key = { .ifindex = ctx->ifindex };
	struct txp_check *chk = check_get();
	const struct txp_device *dev;
	const struct sk_buff *skb;
	struct txp_counters *cnt;

	if (!chk || !inst)
		return;
	skb = chk->skb = context_skb(ctx);
	chk->net = skb ? KERNEL_READ(skb, dev, nd_net.net) : NULL;
	if (chk->net && kernel_netns_id(chk->net) != inst->netns)
		return; /* the device has moved to another namespace */
	key.netns = inst->netns;
	dev = bpf_map_lookup_elem(&devices, &key);
	cnt = bpf_map_lookup_elem(&counters, &key);
	if (!dev || !cnt)
		return;
	check_reset(chk, ctx);
	/* by way of memory: the verifier would follow each reason through all that comes */
	WRITE_ONCE(chk->reason, is_late_over_rate(ctx, inst) ? TXP_REASON_OVER_RATE
							     : check_packet(chk, ctx, dev));
	count_reason(cnt, READ_ONCE(chk->reason), ctx->len);
	count_probe(cnt, TXP_PROBE_EGRESS, ctx->len);
	if (READ_ONCE(chk->differs)) {
		find_cause(chk, ctx);
		settle_differences();
	}
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++)
		if (chk->settled & (1U << field))
			count_verdict(cnt, field, chk->verdict[field]);
	if (chk->skb && chk->iif)
		learn(chk, ctx);
}

SEC("tc")
int txpath_compare(struct __sk_buff *ctx)
{
	compare(ctx);
	bpf_tail_call(ctx, &egress_calls, TXP_CALL_CLASSIFY);
	return TXP_TC_ACT_UNSPEC;
}

SEC("tc")
int txpath_egress(struct __sk_buff *ctx)
{
	if (!skip_compare(ctx))
		bpf_tail_call(ctx, &egress_calls, TXP_CALL_COMPARE);
	bpf_tail_call(ctx, &egress_calls, TXP_CALL_CLASSIFY);
	return TXP_TC_ACT_UNSPEC;
}
