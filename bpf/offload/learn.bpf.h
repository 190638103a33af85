/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Learns a lease at TC egress. The packet came in on a device with transit, the kernel forwarded
 * it, and it left as predicted. What the kernel did with it holds for the packets of its flow until
 * a generation moves, and for lease-ms at most. The lease gets the generations of the moment when
 * the packet came in: after a change since then, the lease is stale before its first use.
 */
#ifndef TXPATH_BPF_OFFLOAD_LEARN_H
#define TXPATH_BPF_OFFLOAD_LEARN_H

#include "lib/skb_meta.bpf.h"
#include "lib/count.bpf.h"
#include "verify/cause.bpf.h"
#include "offload/neighbour.bpf.h"

/*
 * Does conntrack need each packet of this connection? It does until it has seen both directions,
 * where a helper reads the payload, and where sequence numbers are rewritten.
 */
static __always_inline bool conntrack_wants_each(const struct sk_buff *skb)
{
	unsigned long attached = KERNEL_READ_OPTIONAL(skb, _nfct);
	const struct nf_conn *connection = (void *)(attached & TXP_NFCT_PTRMASK);
	unsigned long ctinfo = attached & TXP_NFCT_INFOMASK;
	const struct nf_ct_ext *extensions = NULL;

	/* not tracked, or no conntrack in the kernel */
	if (!connection || !bpf_core_field_exists(connection->ext) ||
	    !bpf_core_field_exists(extensions->offset))
		return false;
	if (ctinfo != TXP_IP_CT_ESTABLISHED && ctinfo != TXP_IP_CT_ESTABLISHED_REPLY)
		return true;
	/* not KERNEL_READ: the kernel has a struct nf_conn___init that is a match by name */
	extensions = BPF_CORE_READ(connection, ext);
	return BPF_CORE_READ(connection, status) & TXP_IPS_SEQ_ADJUST ||
	       (extensions && KERNEL_READ(extensions, offset[TXP_NF_CT_EXT_HELPER]));
}

/* May packets of this flow be taken over? TAKEN, or why not. */
static __always_inline enum txp_transit learn_verdict(const struct txp_check *chk,
						      const struct net_device *dev)
{
	__u32 route = chk->differs & TXP_FIELDS_ROUTE;

	if (chk->reason == TXP_REASON_LWTUNNEL)
		return TXP_TRANSIT_LWTUNNEL;
	if (chk->reason == TXP_REASON_VRF)
		return TXP_TRANSIT_IN_VRF;
	/* the header and metadata are as predicted; so is the route, or only the kernel can choose
	 * it
	 */
	if (chk->differs & ~TXP_FIELDS_ROUTE || route & chk->unknown || route & ~chk->declined)
		return TXP_TRANSIT_DISAGREES;
	if (chk->ifindex == chk->iif)
		return TXP_TRANSIT_SAME_DEVICE;
	if (!chk->pkt.l2_len)
		return TXP_TRANSIT_OUTPUT_KIND;
	if (!(KERNEL_READ_BITS(dev, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return TXP_TRANSIT_NEEDS_DST;
	return TXP_TRANSIT_TAKEN;
}

static __always_inline enum txp_basis learn_basis(const struct txp_check *chk,
						  const struct txp_lease *lease)
{
	if (lease->transit != TXP_TRANSIT_TAKEN)
		return TXP_BASIS_DECLINING;
	if (!(chk->differs & TXP_FIELDS_ROUTE))
		return lease->mtu == mtu_clamp(chk->route.dev_mtu) ? TXP_BASIS_AGREED
								   : TXP_BASIS_ROUTE_MTU;
	switch (route_cause(chk)) {
	case TXP_ROUTE_CAUSE_REDIRECT:
		return TXP_BASIS_REDIRECT;
	case TXP_ROUTE_CAUSE_RULES:
		return TXP_BASIS_RULES;
	case TXP_ROUTE_CAUSE_DEFAULTS:
		return TXP_BASIS_DEFAULTS;
	default: /* by the hash, or has_several_paths */
		return TXP_BASIS_MULTIPATH;
	}
}

/* A lease is complete only with the record of the neighbour that the packet has gone to. */
static __always_inline void lease_fill(struct txp_lease *lease, const struct txp_check *chk,
				       const struct txp_learn_ctx *learn_ctx)
{
	const struct sk_buff *skb = chk->skb;
	const struct net *net = chk->net;
	const struct net_device *dev = KERNEL_READ(skb, dev);

	lease->key = learn_ctx->key;
	lease->genids = learn_ctx->genids;
	lease->learned = learn_ctx->time_ns;
	lease->output = (__u64)dev;
	lease->oif = chk->ifindex;
	lease->mtu = route_mtu(&chk->route, KERNEL_READ(net, ipv4.sysctl_ip_fwd_use_pmtu));
	__builtin_memcpy(lease->ethernet, &chk->pkt.eth, sizeof(lease->ethernet));
	/* by way of memory: the verifier would follow each value through all that comes */
	WRITE_ONCE(lease->transit, learn_verdict(chk, dev));
	if (!neighbour_resolve(lease, &chk->route, chk->pkt.ip.daddr, dev) &&
	    READ_ONCE(lease->transit) == TXP_TRANSIT_TAKEN)
		lease->transit = TXP_TRANSIT_NO_NEIGHBOUR;
	WRITE_ONCE(lease->basis, learn_basis(chk, lease));
}

/* A choice among paths, and a redirect, may change without a generation. */
static __always_inline bool basis_is_choice(__u32 basis)
{
	return basis == TXP_BASIS_REDIRECT || basis == TXP_BASIS_MULTIPATH ||
	       basis == TXP_BASIS_DEFAULTS;
}

/*
 * A surprise: the new lease differs from the old one although nothing has changed since the old one
 * was learned. The old one was wrong.
 */
static __always_inline bool lease_is_surprised(const struct txp_check *chk,
					       const struct txp_lease *old,
					       const struct txp_lease *new)
{
	const __u32 *was = (const __u32 *)old->ethernet, *is = (const __u32 *)new->ethernet;
	const struct txp_genid_snapshot *rx = &new->genids;
	const struct net *net = chk->net;

	if (!old->learned || !old->output || !lease_key_equal(&old->key, &new->key) ||
	    !genids_equal(&old->genids, rx) || !neighbour_holds(old))
		return false;
	/* not the MTU: a device's is written before the generation moves, and a path's changes */
	if (old->oif == new->oif && was[0] == is[0] && was[1] == is[1] && was[2] == is[2] &&
	    old->transit == new->transit)
		return false;
	if (basis_is_choice(old->basis) || basis_is_choice(new->basis))
		return false;
	/* a change since the packet came in, or one that is on its way */
	return !(chk->differs & TXP_FIELDS_LOOKED_UP & ~chk->declined) &&
	       (__u32)KERNEL_READ(net, ipv4.rt_genid.counter) == rx->rt_genid &&
	       KERNEL_READ(net, ipv4.fib_seq) == rx->fib_seq &&
	       KERNEL_READ(net, nexthop.seq) == rx->nexthop_seq;
}

/*
 * Counts a surprise of the input device. Above max-surprises the device offloads no more: from the
 * store to demotions on no packet is taken over, and from the one to mode_epoch on, no lease that
 * was a hit before is one, on any CPU.
 */
static __always_inline void surprise(const struct txp_instance *inst, struct txp_device *dev,
				     const struct txp_lease *old, const struct txp_lease *new)
{
	__u64 *epoch;

	__sync_fetch_and_add(&dev->surprises, 1);
	event_write(inst, TXP_EVENT_SURPRISE, new->key.iif, old, new);
	if (dev->surprises <= inst->max_surprises)
		return;
	if (dev->demotions == dev->promoted_at)
		event_write(inst, TXP_EVENT_DEMOTION, new->key.iif, NULL, NULL);
	__sync_fetch_and_add(&dev->demotions, 1);
	epoch = mode_epoch_get();
	if (epoch)
		__sync_fetch_and_add(epoch, 1);
}

/* Can this packet teach anything? Its verdicts are settled. */
static __always_inline bool is_learned_from(const struct txp_check *chk)
{
	if (chk->reason == TXP_REASON_LWTUNNEL || chk->reason == TXP_REASON_VRF)
		return true;
	if (chk->reason != TXP_REASON_COMPARED || chk->sender.origin != TXP_ORIGIN_FORWARD)
		return false;
	/* the kernel had a neighbour: that of the look-up, or one on another path */
	if (chk->pkt.l2_len && !(chk->differs & TXP_BIT(DMAC)) &&
	    !(chk->settled & TXP_BIT(DMAC) && chk->verdict[TXP_FIELD_DMAC] == TXP_VERDICT_MATCH))
		return false;
	return !conntrack_wants_each(chk->skb);
}

/* What transit left of this packet; NULL: nothing, or more than the IP header changed since. */
static __always_inline const struct txp_learn_ctx *learn_from_ctx(const struct txp_check *chk,
								  struct __sk_buff *ctx)
{
	const struct txp_skb_meta *meta = skb_meta_of(kernel_address(chk->skb));
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
	if (lease_is_surprised(chk, place, &lease)) {
		cnt->surprises++;
		surprise(inst, dev, place, &lease);
		lease.learned = 0;
	} else {
		count_learned(cnt, lease.basis);
		if (lease.transit == TXP_TRANSIT_TAKEN && dev->agreements < inst->promote_after)
			__sync_fetch_and_add(&dev->agreements, 1);
	}
	*place = lease;
	tag_write(&lease.key, lease.learned);
}

#endif /* TXPATH_BPF_OFFLOAD_LEARN_H */
