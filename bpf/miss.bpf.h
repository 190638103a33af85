/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that transit leaves to the kernel while there is no budget to learn from them: flows
 * without a lease, and in shadow those with one. All that is wanted of such a packet is its reason.
 * It is found in short, as a hit is, by what is the same as when a packet was last judged in full;
 * whatever is not the same, or not simple, is judged in full.
 */
#ifndef TXPATH_MISS_BPF_H
#define TXPATH_MISS_BPF_H

#include "budget.bpf.h"
#include "count.bpf.h"
#include "dossier.bpf.h"
#include "hit.bpf.h"

/* In shadow nothing is a hit: a lease is armed by a number that the map "arming" never has. */
static __always_inline __u64 miss_arming(__u64 armed)
{
	return armed ? ~armed : 0;
}

/* arrival_check_addresses; the rest is hit_header's */
static __always_inline bool miss_addresses(const struct iphdr *ip)
{
	return !address_is_multicast(ip->daddr) && !address_is_martian(ip->daddr) &&
	       !address_is_multicast(ip->saddr) && !address_is_martian(ip->saddr);
}

/* guard_netfilter to guard_other_programs: they let the packet pass, as before */
static __always_inline bool miss_device(const struct net_device *dev, const struct txp_view *view,
					const struct txp_instance *inst)
{
	const struct net *net = dev->nd_net.net;

	return (__u64)net == view->net && kernel_netns_id(net) == inst->netns &&
	       hit_hooks(net, view) && !guard_xfrm(net) && hit_settings(net, dev, view) &&
	       hit_device(dev, view) &&
	       !(BPF_CORE_READ_BITFIELD(dev, priv_flags) & TXP_IFF_L3MDEV_SLAVE);
}

/* hit_holds, of a lease that a packet was judged by in shadow */
static __always_inline bool miss_would_take(const struct sk_buff *skb, const struct txp_hit *hit)
{
	const struct txp_lease *lease = hit->lease;
	const __u64 *armed = arming_get();

	return armed && *armed && lease->arming == miss_arming(*armed) &&
	       hit->l3_len <= lease->mtu && (__s64)(lease->until - bpf_jiffies64()) > 0 &&
	       hit_stamp(skb->dev->nd_net.net, skb, hit) && hit_output(lease, skb);
}

/* find_lease. TXP_TRANSIT_COUNT: it is to be judged in full. */
static __always_inline enum txp_transit miss_lease(const struct sk_buff *skb,
						   const struct txp_hit *hit, bool own,
						   const struct txp_instance *inst)
{
	if (own && miss_would_take(skb, hit))
		return TXP_TRANSIT_WOULD_TAKE;
	if (lease_is_forgotten(hit->lease, kernel_time_coarse(), inst->lease_ns))
		return TXP_TRANSIT_COLD;
	return own ? TXP_TRANSIT_COUNT : TXP_TRANSIT_COLLISION;
}

static __always_inline enum txp_transit miss_judge(struct __sk_buff *ctx, struct txp_hit *hit,
						   const struct txp_instance *inst)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	bool own;

	if (!hit->view->ready || (const void *)(ip + 1) > end)
		return TXP_TRANSIT_COUNT;
	hit->l3_len = ctx->len - ETH_HLEN;
	if (!hit_packet(ctx, skb, hit->view) || !hit_header(ip, hit->l3_len) || !miss_addresses(ip))
		return TXP_TRANSIT_COUNT;
	hit->lease = NULL;
	own = hit_lease(ctx, ip, end, hit);
	if (!hit->lease || !miss_device(skb->dev, hit->view, inst))
		return TXP_TRANSIT_COUNT;
	return miss_lease(skb, hit, own, inst);
}

static __always_inline struct txp_tally *view_transit(struct txp_view *view,
						      enum txp_transit verdict)
{
	switch (verdict) {
	case TXP_TRANSIT_WOULD_TAKE:
		return &view->would_take;
	case TXP_TRANSIT_COLD:
		return &view->cold;
	case TXP_TRANSIT_COLLISION:
		return &view->collision;
	default:
		return NULL;
	}
}

/* true: it has been counted, and is the kernel's. */
static __always_inline bool miss_counted(struct __sk_buff *ctx, const struct txp_instance *inst)
{
	struct txp_hit hit = { .view = view_get(ctx->ifindex) };
	struct txp_budget *budget = budget_get();
	struct txp_tally *tally;

	if (!hit.view || !budget || !budget_is_spent(budget, inst))
		return false;
	tally = view_transit(hit.view, miss_judge(ctx, &hit, inst));
	if (!tally)
		return false;
	dossier_forget(budget_address(budget, bpf_cast_to_kern_ctx(ctx)));
	count_tally(tally, ctx->len);
	return true;
}

/* A packet has been judged in full: from the next one on it may be enough to judge in short. */
static __always_inline void miss_arm(const struct sk_buff *skb, const struct txp_instance *inst,
				     const struct txp_surroundings *around, struct txp_view *view,
				     const struct txp_arrival *arrival, __u64 armed)
{
	struct txp_lease *place = lease_place(&arrival->note.key);

	if (!place || !inst->compare_ns)
		return;
	if (arrival->verdict == TXP_TRANSIT_TAKEN)
		hit_arm(skb, inst, around, view, place, arrival->note.time_ns, miss_arming(armed));
	else if (arrival->verdict == TXP_TRANSIT_COLD || arrival->verdict == TXP_TRANSIT_COLLISION)
		hit_note(skb, inst, around, view);
}

#endif /* TXPATH_MISS_BPF_H */
