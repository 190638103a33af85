/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress learns: this packet came in on a device with transit, the kernel forwarded it, and it
 * left as the kernel wanted it. What was done with it holds for its flow until something moves,
 * and for one lease at most. The generations are those of the packet's arrival: whatever moved
 * since makes the lease stale before its first use.
 */
#ifndef TXPATH_BPF_OFFLOAD_LEARN_H
#define TXPATH_BPF_OFFLOAD_LEARN_H

#include "lib/skb_meta.bpf.h"
#include "lib/count.bpf.h"
#include "verify/cause.bpf.h"
#include "offload/neighbour.bpf.h"

/* Header and metadata as predicted; the route as predicted, or as only the kernel can choose it. */
static __always_inline bool learn_agrees(const struct txp_check *chk)
{
	__u32 route = chk->differs & TXP_FIELDS_ROUTE;

	return !(chk->differs & ~TXP_FIELDS_ROUTE) && !(route & chk->unknown) &&
	       !(route & ~chk->declined);
}

/*
 * The kernel had a neighbour, and either the look-up had the same or it chose another path; or
 * the output wants none.
 */
static __always_inline bool learn_has_neighbour(const struct txp_check *chk)
{
	return !chk->pkt.l2_len || chk->differs & TXP_BIT(DMAC) ||
	       (chk->settled & TXP_BIT(DMAC) && chk->verdict[TXP_FIELD_DMAC] == TXP_VERDICT_MATCH);
}

/*
 * A connection that conntrack has not seen both ways of, one whose payload a helper reads or whose
 * sequence numbers are rewritten: each packet of it is conntrack's.
 */
static __always_inline bool conntrack_wants_each(const struct txp_check *chk)
{
	unsigned long attached = KERNEL_READ_OPTIONAL(check_skb(chk), _nfct);
	const struct nf_conn *connection = (void *)(attached & TXP_NFCT_PTRMASK);
	unsigned long info = attached & TXP_NFCT_INFOMASK;
	const struct nf_ct_ext *extensions = NULL;

	/* not tracked, or no conntrack in the kernel */
	if (!connection || !bpf_core_field_exists(connection->ext) ||
	    !bpf_core_field_exists(extensions->offset))
		return false;
	if (info != TXP_IP_CT_ESTABLISHED && info != TXP_IP_CT_ESTABLISHED_REPLY)
		return true;
	/* not KERNEL_READ: the kernel has a struct nf_conn___init that is a match by name */
	extensions = BPF_CORE_READ(connection, ext);
	return BPF_CORE_READ(connection, status) & TXP_IPS_SEQ_ADJUST ||
	       (extensions && KERNEL_READ(extensions, offset[TXP_NF_CT_EXT_HELPER]));
}

static __always_inline enum txp_transit learn_verdict(const struct txp_check *chk)
{
	const struct net_device *dev = KERNEL_READ(check_skb(chk), dev);

	if (chk->reason == TXP_REASON_LWTUNNEL)
		return TXP_TRANSIT_LWTUNNEL;
	if (chk->reason == TXP_REASON_VRF)
		return TXP_TRANSIT_IN_VRF;
	if (!learn_agrees(chk))
		return TXP_TRANSIT_DISAGREES;
	if (chk->ifindex == chk->iif)
		return TXP_TRANSIT_SAME_DEVICE;
	if (!chk->pkt.l2_len)
		return TXP_TRANSIT_OUTPUT_KIND;
	if (!(KERNEL_READ_BITS(dev, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return TXP_TRANSIT_NEEDS_DST;
	return TXP_TRANSIT_TAKEN;
}

/* The MTU is none of it: a device's is written before the generation moves, a path's changes. */
static __always_inline bool lease_same_way(const struct txp_lease *a, const struct txp_lease *b)
{
	const __u32 *old = (const __u32 *)a->ethernet;
	const __u32 *new = (const __u32 *)b->ethernet;

	return a->oif == b->oif && a->transit == b->transit && old[0] == new[0] &&
	       old[1] == new[1] && old[2] == new[2];
}

static __always_inline bool basis_is_choice(__u32 basis)
{
	return basis == TXP_BASIS_REDIRECT || basis == TXP_BASIS_MULTIPATH ||
	       basis == TXP_BASIS_DEFAULTS;
}

/* A choice among paths and a redirect change of themselves: they are followed. */
static __always_inline bool lease_may_change(const struct txp_lease *old,
					     const struct txp_lease *new)
{
	return basis_is_choice(old->basis) || basis_is_choice(new->basis);
}

/*
 * A renewal that differs although nothing moved: the lease was wrong. A neighbour that moved shows
 * in its record.
 */
static __always_inline bool lease_is_surprised(const struct txp_lease *old,
					       const struct txp_lease *new)
{
	return old->learned && old->output && lease_key_equal(&old->key, &new->key) &&
	       genids_equal(&old->genids, &new->genids) && neighbour_holds(old) &&
	       !lease_same_way(old, new) && !lease_may_change(old, new);
}

/* From this store on no lease is a hit that was one before, on any CPU. */
static __always_inline void disarm(void)
{
	__u64 *now = mode_epoch_get();

	if (now)
		__sync_fetch_and_add(now, 1);
}

/* Enough surprises and the device offloads no more, on any CPU, from this store on. */
static __always_inline void surprise(const struct txp_instance *inst, struct txp_device *dev,
				     const struct txp_lease *old, const struct txp_lease *new)
{
	__sync_fetch_and_add(&dev->surprises, 1);
	event_write(inst, TXP_EVENT_SURPRISE, new->key.iif, old, new);
	if (dev->surprises <= inst->max_surprises)
		return;
	if (dev->demotions == dev->promoted_at)
		event_write(inst, TXP_EVENT_DEMOTION, new->key.iif, NULL, NULL);
	__sync_fetch_and_add(&dev->demotions, 1);
	disarm();
}

/* The lease is whole only with the neighbour that the packet has gone to. */
static __always_inline void lease_fill(struct txp_lease *lease, const struct txp_check *chk,
				       const struct txp_learn_ctx *learn_ctx)
{
	const struct net_device *dev = KERNEL_READ(check_skb(chk), dev);

	lease->key = learn_ctx->key;
	lease->genids = learn_ctx->genids;
	lease->learned = learn_ctx->time_ns;
	lease->output = (__u64)dev;
	lease->oif = chk->ifindex;
	lease->mtu =
		route_mtu(&chk->route, KERNEL_READ(check_net(chk), ipv4.sysctl_ip_fwd_use_pmtu));
	__builtin_memcpy(lease->ethernet, &chk->pkt.eth, sizeof(lease->ethernet));
	lease->transit = learn_verdict(chk);
	if (!neighbour_resolve(lease, &chk->route, chk->pkt.ip.daddr, dev) &&
	    lease->transit == TXP_TRANSIT_TAKEN)
		lease->transit = TXP_TRANSIT_NO_NEIGHBOUR;
}

/* Transit's note, if it is this packet's and nothing but its header has changed since. */
static __always_inline const struct txp_learn_ctx *learn_from_ctx(const struct txp_check *chk,
								  struct __sk_buff *ctx)
{
	const struct txp_skb_meta *meta = skb_meta_of(kernel_address(check_skb(chk)));
	const struct txp_learn_ctx *learn_ctx;

	if (!meta || !meta->learn_ctx.valid)
		return NULL;
	learn_ctx = &meta->learn_ctx;
	if (learn_ctx->key.saddr != chk->pkt.ip.saddr ||
	    learn_ctx->key.daddr != chk->pkt.ip.daddr || learn_ctx->key.iif != chk->iif ||
	    !transport_unchanged(ctx, &chk->pkt, learn_ctx))
		return NULL;
	return learn_ctx;
}

/* The order is route_not_askable's. */
static __always_inline enum txp_basis learn_basis(const struct txp_check *chk,
						  const struct txp_lease *lease)
{
	const struct txp_route *route = &chk->route;

	if (lease->transit != TXP_TRANSIT_TAKEN)
		return TXP_BASIS_DECLINING;
	if (!(chk->differs & TXP_FIELDS_ROUTE))
		return lease->mtu == mtu_clamp(route->dev_mtu) ? TXP_BASIS_AGREED
							       : TXP_BASIS_ROUTE_MTU;
	if (route->flags & TXP_RTCF_REDIRECTED)
		return TXP_BASIS_REDIRECT;
	if (net_hash_policy(check_net(chk)))
		return TXP_BASIS_MULTIPATH;
	if (net_has_rules(check_net(chk)))
		return TXP_BASIS_RULES;
	return net_has_defaults(check_net(chk)) ? TXP_BASIS_DEFAULTS : TXP_BASIS_MULTIPATH;
}

/* Nothing has moved since the packet came in, nor is anything known to be about to. */
static __always_inline bool decision_stands(const struct txp_check *chk,
					    const struct txp_genid_snapshot *rx)
{
	const struct net *net = check_net(chk);

	return !(chk->differs & TXP_FIELDS_LOOKED_UP & ~chk->declined) &&
	       (__u32)KERNEL_READ(net, ipv4.rt_genid.counter) == rx->rt_genid &&
	       KERNEL_READ(net, ipv4.fib_seq) == rx->fib_seq &&
	       KERNEL_READ(net, nexthop.seq) == rx->nexthop_seq;
}

static __always_inline void learn_lease(const struct txp_instance *inst,
					const struct txp_check *chk, struct txp_device *dev,
					struct txp_counters *cnt, struct txp_lease *place,
					struct txp_lease *lease)
{
	if (lease_is_surprised(place, lease) && decision_stands(chk, &lease->genids)) {
		cnt->surprises++;
		surprise(inst, dev, place, lease);
		lease->learned = 0;
	} else {
		count_learned(cnt, lease->basis);
		if (lease->transit == TXP_TRANSIT_TAKEN && dev->agreements < inst->promote_after)
			__sync_fetch_and_add(&dev->agreements, 1);
	}
	*place = *lease;
	tag_write(&lease->key, lease->learned);
}

static __always_inline bool is_learned_from(const struct txp_check *chk)
{
	if (chk->reason == TXP_REASON_LWTUNNEL || chk->reason == TXP_REASON_VRF)
		return true;
	return chk->reason == TXP_REASON_COMPARED && chk->sender.origin == TXP_ORIGIN_FORWARD &&
	       learn_has_neighbour(chk) && !conntrack_wants_each(chk);
}

static __always_inline void learn(const struct txp_check *chk, struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	struct txp_device_key key = { .ifindex = chk->iif };
	const struct txp_learn_ctx *learn_ctx;
	struct txp_lease lease = {};
	struct txp_counters *cnt;
	struct txp_lease *place;
	struct txp_device *dev;

	if (!inst || !is_learned_from(chk))
		return;
	learn_ctx = learn_from_ctx(chk, ctx);
	if (!learn_ctx)
		return;
	key.netns = inst->netns;
	dev = bpf_map_lookup_elem(&devices, &key);
	cnt = bpf_map_lookup_elem(&counters, &key);
	place = lease_place(&learn_ctx->key);
	if (!dev || !cnt || !place)
		return;
	lease_fill(&lease, chk, learn_ctx);
	lease.basis = learn_basis(chk, &lease);
	learn_lease(inst, chk, dev, cnt, place, &lease);
}

#endif /* TXPATH_BPF_OFFLOAD_LEARN_H */
