// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC egress of an attached device: every packet that leaves is counted, and as many are compared as
 * the budget allows. None is changed here; where rules are loaded, the program that they belong to
 * has each packet last. The first program is what each packet pays for: small, so that it stays in
 * the cache.
 */
#include "verify/result.bpf.h"
#include "lib/context.bpf.h"
#include "verify/cause.bpf.h"
#include "offload/learn.bpf.h"
#include "verify/origin.bpf.h"
#include "verify/skip.bpf.h"
#include "verify/predict.bpf.h"
#include "verify/rules.bpf.h"
#include "verify/vlan.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Filled by the loader, and the same for all devices of the namespace. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TXP_EGRESS_CALL_COUNT);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} egress_calls SEC(".maps");

/* Is the packet on the road that txpath predicts? Its route is read on the way. */
static __always_inline enum txp_reason verify_route(struct txp_check *chk)
{
	const struct rtable *rt = kernel_skb_rtable(chk->skb);
	const struct net_device *dev = KERNEL_READ(check_skb(chk), dev);

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

/* A probe would have noted the sender, and saw no budget left. */
static __always_inline bool is_sender_skipped(const struct txp_check *chk)
{
	const struct txp_instance *inst = instance_get();

	return chk->sender.origin == TXP_ORIGIN_NONE && chk->no_sender == TXP_VERDICT_LOST &&
	       inst && ratelimit_has_skipped(inst);
}

static __always_inline enum txp_reason verify_with_kernel(struct txp_check *chk,
							  struct __sk_buff *ctx)
{
	enum txp_reason reason = verify_route(chk);

	if (reason != TXP_REASON_COMPARED)
		return reason;
	chk->sk = KERNEL_READ(check_skb(chk), sk);
	origin_find(chk);
	if (is_sender_skipped(chk))
		return TXP_REASON_OVER_RATE;
	rules_sender(chk);
	rule_mtu(chk);
	rule_headroom(chk);
	rules_route(chk, ctx);
	return TXP_REASON_COMPARED;
}

/* Without the kernel's packet: where the route leads can still be asked. */
static __always_inline enum txp_reason verify_header_only(struct txp_check *chk,
							  struct __sk_buff *ctx)
{
	chk->sk = NULL;
	chk->route.forwarded = !!chk->iif;
	rules_route(chk, ctx);
	return TXP_REASON_HEADER_ONLY;
}

/* All that is read of the context: the verifier wants its pointer unmodified, deep inside the
 * rules the compiler would add offsets to it.
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

/* The next of its kind is counted in the view. */
static __always_inline void dev_cache_enable_skip(__u32 ifindex, const struct net *net)
{
	struct txp_dev_cache *cache = bpf_cast_to_kern_ctx ? dev_cache_claim(ifindex) : NULL;

	if (cache)
		cache->net = (__u64)net;
}

static __always_inline enum txp_reason decide(struct txp_check *chk, struct __sk_buff *ctx,
					      const struct txp_device *dev)
{
	enum txp_reason reason;

	check_reset(chk, ctx);
	reason = parse(ctx, dev->l2_len, &chk->pkt);
	if (reason != TXP_REASON_COMPARED)
		return reason;
	if (ctx->vlan_present)
		return vlan_verify(ctx->vlan_tci, ctx->vlan_proto);
	if (chk->skb)
		chk->genid = KERNEL_READ(check_net(chk), ipv4.rt_genid.counter);
	if (chk->skb && READ_ONCE(chk->pending_fields))
		pending_settle();
	if (chk->skb)
		reason = verify_with_kernel(chk, ctx);
	else
		reason = is_redirected(ctx) ? TXP_REASON_REDIRECTED : verify_header_only(chk, ctx);
	if (reason == TXP_REASON_NO_DST) {
		if (dev->l2_len == ETH_HLEN)
			dev_cache_enable_skip(ctx->ifindex, chk->net);
		if (is_redirected(ctx))
			reason = TXP_REASON_REDIRECTED;
	}
	if (reason == TXP_REASON_COMPARED || reason == TXP_REASON_HEADER_ONLY) {
		rule_checksum(chk, ctx);
		rule_tot_len(chk);
	}
	return reason;
}

/* false: not a device of ours, or it has moved to another namespace. */
static __always_inline bool check_begin(struct txp_check *chk, struct __sk_buff *ctx,
					struct txp_device_key *key)
{
	const struct txp_instance *inst = instance_get();

	if (!inst)
		return false;
	chk->skb = context_skb(ctx);
	chk->net = chk->skb ? KERNEL_READ(check_skb(chk), dev, nd_net.net) : NULL;
	key->netns = inst->netns;
	key->ifindex = ctx->ifindex;
	return !chk->net || kernel_netns_id(chk->net) == inst->netns;
}

/* The first packet of a device on this CPU, and all of one without a view: not asked before. */
static __always_inline bool is_late_over_rate(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();

	if (!inst || dev_cache_get(ctx->ifindex))
		return false;
	dev_cache_claim(ctx->ifindex);
	return is_over_rate(ctx, inst);
}

static __always_inline void compare(struct __sk_buff *ctx)
{
	struct txp_check *chk = check_get();
	struct txp_device_key key = {};
	const struct txp_device *dev;
	struct txp_counters *cnt;

	if (!chk || !check_begin(chk, ctx, &key))
		return;
	dev = bpf_map_lookup_elem(&devices, &key);
	cnt = bpf_map_lookup_elem(&counters, &key);
	if (!dev || !cnt)
		return;
	/* by way of memory: the verifier would follow each reason through all that comes */
	WRITE_ONCE(chk->reason,
		   is_late_over_rate(ctx) ? TXP_REASON_OVER_RATE : decide(chk, ctx, dev));
	count_reason(cnt, READ_ONCE(chk->reason), ctx->len);
	count_probe(cnt, TXP_PROBE_EGRESS, ctx->len);
	if (READ_ONCE(chk->differs)) {
		find_cause(chk, ctx);
		settle_differences();
	}
	settle(chk, cnt);
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
