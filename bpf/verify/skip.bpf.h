/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What TC egress lets go without comparing it: what transit has redirected, and what is more than
 * the budget. It is counted in the device's view; the view is there once a packet of the device has
 * been looked at in full.
 */
#ifndef TXPATH_BPF_VERIFY_SKIP_H
#define TXPATH_BPF_VERIFY_SKIP_H

#include "lib/ratelimit.bpf.h"
#include "lib/context.bpf.h"
#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"

/* parse, of a header without options that is all there */
static __always_inline bool is_plain(const struct __sk_buff *ctx)
{
	const struct ethhdr *eth = (const void *)(long)ctx->data;
	const __u8 *ip = (const __u8 *)(eth + 1);

	return ctx->protocol == bpf_htons(ETH_P_IP) && !ctx->vlan_present &&
	       (const void *)(ip + sizeof(struct iphdr)) <= (const void *)(long)ctx->data_end &&
	       eth->h_proto == bpf_htons(ETH_P_IP) && *ip == 0x45;
}

/*
 * Did txpath_rewrite redirect this packet to this device? It leaves the device's index and a
 * constant in the control block, and from bpf_redirect to here the kernel keeps these words
 * (qdisc_skb_cb.data). For packets without a route only: IP has used the control block of others.
 */
static __always_inline bool is_redirected(const struct __sk_buff *ctx)
{
	return ctx->cb[TXP_REWRITE_MARK] == TXP_REWRITE_MAGIC &&
	       ctx->cb[TXP_REWRITE_OIF] == ctx->ifindex && ctx->ingress_ifindex;
}

/* A packet without a route, most often one that transit redirected: it is only counted. */
static __always_inline bool skip_no_dst(struct __sk_buff *ctx, const struct sk_buff *skb,
					struct txp_dev_cache *cache)
{
	if (skb->_skb_refdst || !is_plain(ctx))
		return false;
	if ((__u64)skb->dev->nd_net.net != cache->net)
		return false;
	count_tally(is_redirected(ctx) ? &cache->redirected : &cache->no_dst, ctx->len);
	return true;
}

/* The packet's address. Before 6.2 it may be another packet's, which then says whether to look. */
static __always_inline __u64 skip_address(struct __sk_buff *ctx, struct txp_ratelimit *ratelimit)
{
	const struct txp_skb_slot *slot;
	__u32 zero = 0;

	if (bpf_cast_to_kern_ctx)
		return ratelimit_address(ratelimit, bpf_cast_to_kern_ctx(ctx));
	slot = bpf_map_lookup_elem(&skb_slot, &zero);
	return slot ? slot->skb : 0;
}

/* Transit wants a lease learned from it, and has asked the budget where it had to. */
static __always_inline bool has_learn_ctx(struct __sk_buff *ctx, struct txp_ratelimit *ratelimit)
{
	return ratelimit->noted && ctx->ingress_ifindex &&
	       skb_meta_has_ctx_at(skip_address(ctx, ratelimit));
}

/* Is it one packet too many? */
static __always_inline bool is_over_rate(struct __sk_buff *ctx, const struct txp_instance *inst)
{
	struct txp_ratelimit *ratelimit;

	if (!inst->compare_ns)
		return false;
	ratelimit = ratelimit_get();
	return ratelimit && !has_learn_ctx(ctx, ratelimit) && !ratelimit_take(ratelimit, inst);
}

static __always_inline bool skip_over_rate(struct __sk_buff *ctx, struct txp_dev_cache *cache)
{
	const struct txp_instance *inst = instance_get();

	if (!inst || !context_is_in(ctx, inst->netns) || !is_over_rate(ctx, inst))
		return false;
	count_tally(&cache->over_rate, ctx->len);
	return true;
}

/* false: it is to be looked at in full. */
static __always_inline bool skip_compare(struct __sk_buff *ctx)
{
	struct txp_dev_cache *cache = dev_cache_get(ctx->ifindex);

	if (!cache)
		return false;
	if (bpf_cast_to_kern_ctx && skip_no_dst(ctx, bpf_cast_to_kern_ctx(ctx), cache))
		return true;
	return skip_over_rate(ctx, cache);
}

#endif /* TXPATH_BPF_VERIFY_SKIP_H */
