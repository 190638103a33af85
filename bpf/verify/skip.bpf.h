/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that TC egress counts without comparing them: those without a route, and those over the
 * rate limit (compare-rate). They are counted in the device's row of dev_cache, which is there once
 * the first packet of the device has been compared on this CPU.
 */
#ifndef TXPATH_BPF_VERIFY_SKIP_H
#define TXPATH_BPF_VERIFY_SKIP_H

#include "lib/ratelimit.bpf.h"
#include "lib/context.bpf.h"
#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"

/*
 * Did txpath_rewrite redirect this packet to this device? It leaves the device's index and a
 * constant in the control block, and from bpf_redirect to here the kernel keeps these words
 * (qdisc_skb_cb.data). IP uses the control block of packets with a route, so the constant is one
 * that it does not write.
 */
static __always_inline __u32 redirect_differs(const struct __sk_buff *ctx)
{
	return (ctx->cb[TXP_REWRITE_MARK] ^ TXP_REWRITE_MAGIC) |
	       (ctx->cb[TXP_REWRITE_OIF] ^ ctx->ifindex);
}

static __always_inline bool is_redirected(const struct __sk_buff *ctx)
{
	return !redirect_differs(ctx);
}

/* Chosen without a branch, so that the verifier does not follow two ways from here on. */
static __always_inline struct txp_tally *no_route_tally(const struct __sk_buff *ctx,
							struct txp_dev_cache *cache)
{
	const __u64 redirected = offsetof(struct txp_dev_cache, redirected);
	const __u64 no_dst = offsetof(struct txp_dev_cache, no_dst);
	__u64 differs = redirect_differs(ctx);

	differs = 0 - differs;
	barrier_var(differs);
	differs = (__s64)differs >> 63; /* all bits, or none */
	return (void *)cache + redirected + (differs & (no_dst - redirected));
}

/* false: the packet has a route, or only the comparison can tell its reason. */
static __always_inline bool skip_no_dst(struct __sk_buff *ctx, const struct sk_buff *skb,
					struct txp_dev_cache *cache)
{
	const struct ethhdr *eth = (const void *)(long)ctx->data;
	const __u8 *ip = (const __u8 *)(eth + 1);

	if (skb->_skb_refdst)
		return false;
	/* what parse accepts, of a header without options in the first part of the packet */
	if (ctx->protocol != bpf_htons(ETH_P_IP) || ctx->vlan_present ||
	    (const void *)(ip + sizeof(struct iphdr)) > (const void *)(long)ctx->data_end ||
	    eth->h_proto != bpf_htons(ETH_P_IP) || *ip != 0x45)
		return false;
	if ((__u64)skb->dev->nd_net.net != cache->net)
		return false;
	count_tally(no_route_tally(ctx, cache), ctx->len);
	return true;
}

/* A packet that transit wants to learn from is compared at any rate: transit took its share. */
static __always_inline bool is_over_rate(struct __sk_buff *ctx, const struct txp_instance *inst)
{
	const struct txp_skb_slot *slot;
	struct txp_ratelimit *ratelimit;
	__u32 zero = 0;
	__u64 skb = 0;

	if (!inst->compare_ns)
		return false;
	ratelimit = ratelimit_get();
	if (!ratelimit)
		return false;
	if (ratelimit->noted && ctx->ingress_ifindex) {
		/* before 6.2 the slot may hold another packet, whose learn context then decides */
		if (bpf_cast_to_kern_ctx)
			skb = ratelimit_address(ratelimit, bpf_cast_to_kern_ctx(ctx));
		else if ((slot = bpf_map_lookup_elem(&skb_slot, &zero)))
			skb = slot->skb;
		if (skb_meta_has_ctx_at(skb))
			return false;
	}
	return !ratelimit_take(ratelimit, inst);
}

/* true: the packet is counted here. false: it has to be compared. */
static __always_inline bool skip_compare(struct __sk_buff *ctx)
{
	struct txp_dev_cache *cache = dev_cache_get(ctx->ifindex);
	const struct txp_instance *inst;

	if (!cache)
		return false;
	if (bpf_cast_to_kern_ctx && skip_no_dst(ctx, bpf_cast_to_kern_ctx(ctx), cache))
		return true;
	inst = instance_get();
	if (!inst || !context_is_in(ctx, inst->netns) || !is_over_rate(ctx, inst))
		return false;
	count_tally(&cache->over_rate, ctx->len);
	return true;
}

#endif /* TXPATH_BPF_VERIFY_SKIP_H */
