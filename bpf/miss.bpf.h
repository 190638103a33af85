/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that transit leaves to the kernel while there is no budget to learn from them: flows
 * without a lease, and in shadow those with one. All that is wanted of such a packet is its reason.
 * It is found in short, as a hit is, by what is the same as when a packet was last judged in full;
 * whatever is not the same, or not simple, is judged in full.
 */
#ifndef TXPATH_MISS_BPF_H
#define TXPATH_MISS_BPF_H

#include "arm.bpf.h"
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

/* guard_packet, after hit_packet */
static __always_inline bool miss_packet(const struct sk_buff *skb, const struct txp_view *view)
{
	return !skb->sk || (view->sock_pfree && (__u64)skb->destructor != view->sock_pfree);
}

/* What the guard asks of namespace and device is as it was; for rt_genid see hit_stamp. */
static __always_inline bool miss_device(const struct net_device *dev, const struct txp_view *view,
					const struct txp_instance *inst)
{
	const struct net *net = dev->nd_net.net;

	return (__u64)net == view->net && kernel_netns_id(net) == inst->netns &&
	       (__u32)net->ipv4.rt_genid.counter == view->genid && hit_hooks(net, view) &&
	       dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] && hit_device(dev, view);
}

/* hit_find, of a lease that a packet was judged by in shadow */
static __always_inline bool miss_would_take(struct __sk_buff *ctx, const struct sk_buff *skb,
					    const struct txp_hit *hit)
{
	const struct txp_lease *lease = hit->lease;
	const __u64 *armed = arming_get();

	return armed && *armed && lease->arming == miss_arming(*armed) &&
	       ctx->len - ETH_HLEN <= lease->mtu && hit_sender(skb, hit->view, lease) &&
	       (!hit->view->hash || lease->stamp.hash == hit_hash(ctx, skb)) &&
	       hit_device_holds(skb, hit) && hit_output(lease);
}

/* find_lease of another flow's place, by its sign. TXP_TRANSIT_COUNT: it is this one's. */
static __always_inline enum txp_transit miss_lease(const struct sk_buff *skb,
						   const struct txp_hit *hit,
						   const struct txp_instance *inst,
						   const struct txp_sign *sign)
{
	if (!miss_device(skb->dev, hit->view, inst))
		return TXP_TRANSIT_COUNT;
	return sign_is_forgotten(sign, inst) ? TXP_TRANSIT_COLD : TXP_TRANSIT_COLLISION;
}

/* TXP_TRANSIT_COUNT: it is to be judged in full. */
static __always_inline enum txp_transit miss_keyed(struct __sk_buff *ctx, const struct iphdr *ip,
						   __u64 ports, struct txp_hit *hit,
						   const struct txp_instance *inst)
{
	__u64 addresses = *(const __u64 *)&ip->saddr;
	__u64 device = ctx->ifindex | (__u64)ctx->mark << 32;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	__u32 hash = lease_hash(addresses, device, ports);
	struct txp_lease_page *page = lease_page(hash);
	const struct txp_lease_key *key;

	if (!page)
		return TXP_TRANSIT_COUNT;
	hit->lease = lease_in(page, hash);
	key = &hit->lease->key;
	if (sign_in(page, hash)->hash != hash || lease_key_word(key, 0) != addresses ||
	    lease_key_word(key, 1) != device || lease_key_word(key, 2) != ports)
		return miss_lease(skb, hit, inst, sign_in(page, hash));
	return miss_would_take(ctx, skb, hit) ? TXP_TRANSIT_WOULD_TAKE : TXP_TRANSIT_COUNT;
}

static __always_inline enum txp_transit miss_judge(struct __sk_buff *ctx, struct txp_hit *hit,
						   const struct txp_instance *inst)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	__u64 ports;

	/* leased netfilter has reasons of its own */
	if (hit->view->ready != ctx->ifindex || hit->view->netfilter ||
	    (const void *)(ip + 1) > end)
		return TXP_TRANSIT_COUNT;
	if (!hit_packet(ctx, skb) || !hit_header(ip, ctx->len - ETH_HLEN) || !miss_addresses(ip) ||
	    !miss_packet(skb, hit->view) || !hit_ports(ip, end, hit->view->key_ports, &ports))
		return TXP_TRANSIT_COUNT;
	return miss_keyed(ctx, ip, ports, hit, inst);
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

	if (!view || !place || !inst->compare_ns || !inst->tick_ns)
		return;
	if (arrival->verdict == TXP_TRANSIT_TAKEN) {
		arm(skb, inst, around, view, place, arrival->note.time_ns, miss_arming(armed),
		    arrival->pkt.ip.tos);
	} else if (arrival->verdict == TXP_TRANSIT_COLD ||
		   arrival->verdict == TXP_TRANSIT_COLLISION) {
		view->genid = around->stamp.rt_genid;
		arm_view(view, inst, around, skb->dev);
	}
}

#endif /* TXPATH_MISS_BPF_H */
