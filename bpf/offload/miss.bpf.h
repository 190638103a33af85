/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows without a lease. Most get one from their first packet, when it leaves. A flow that does
 * not is marked in its place, and when it comes again bpf_fib_lookup is asked why: the answer
 * stands in the place for a lease's length, so that it is asked once and not for each packet.
 * It only gives the reason its name: nothing is redirected by it, and egress overwrites it.
 */
#ifndef TXPATH_BPF_OFFLOAD_MISS_H
#define TXPATH_BPF_OFFLOAD_MISS_H

#include "lib/fib.bpf.h"
#include "offload/rx.bpf.h"
#include "offload/guard.bpf.h"

#define TXP_OWN_ADDRESSES 8 /* of a device that are looked at */
#define TXP_NETDEV_HASHENTRIES 256
#define TXP_DEVICE_CHAIN 8 /* devices of one bucket that are looked at */

/* back: for the way from the packet's destination to its source. */
static __always_inline long miss_look_up(struct __sk_buff *ctx, struct bpf_fib_lookup *fib,
					 const struct txp_packet *pkt, bool back)
{
	fib_fill(fib, pkt, ctx->ifindex, ctx->mark);
	if (back) {
		fib->ipv4_src = pkt->ip.daddr;
		fib->ipv4_dst = pkt->ip.saddr;
		fib->sport = pkt->ports.dest;
		fib->dport = pkt->ports.source;
	}
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), instance_fib_flags());
}

/* dev_get_by_index_rcu */
static __always_inline const struct net_device *device_by_index(const struct net *net,
								__u32 ifindex)
{
	const struct hlist_head *heads = KERNEL_READ(net, dev_index_head);
	const struct hlist_head *bucket =
		(const void *)(kernel_address(heads) +
			       ifindex % TXP_NETDEV_HASHENTRIES * sizeof(void *));
	const struct hlist_node *node = KERNEL_READ(bucket, first);

	for (__u32 i = 0; i < TXP_DEVICE_CHAIN && node; i++) {
		const struct net_device *dev =
			(const void *)(kernel_address(node) -
				       bpf_core_field_offset(struct net_device, index_hlist));

		if (KERNEL_READ(dev, ifindex) == (int)ifindex)
			return dev;
		node = KERNEL_READ(node, next);
	}
	return NULL;
}

/* A function of its own: the verifier looks at it once. */
__noinline int device_has_address(__u64 net, __u32 ifindex, __be32 address)
{
	const struct net_device *dev = device_by_index((const void *)net, ifindex);
	const struct in_ifaddr *own = dev ? KERNEL_READ(dev, ip_ptr, ifa_list) : NULL;

	for (__u32 i = 0; i < TXP_OWN_ADDRESSES && own; i++) {
		if (KERNEL_READ(own, ifa_local) == address)
			return 1;
		own = KERNEL_READ(own, ifa_next);
	}
	return 0;
}

/*
 * fib_validate_source, which comes after the route's own kind has been found acceptable. An
 * address of ours is looked for on the two devices; where there is no filter, what has no way
 * back is fine, and what is ours on a third device stays cold.
 */
static __always_inline enum txp_transit miss_source(struct __sk_buff *ctx,
						    const struct sk_buff *skb,
						    const struct txp_packet *pkt, __u32 rp_filter,
						    __u32 oif)
{
	__u64 net = kernel_address(KERNEL_READ(skb, dev, nd_net.net));
	struct bpf_fib_lookup fib;

	if (fib_has_route(miss_look_up(ctx, &fib, pkt, true)))
		return rp_filter == 1 && fib.ifindex != ctx->ifindex ? TXP_TRANSIT_RP_FILTER
								     : TXP_TRANSIT_MISS;
	if (device_has_address(net, ctx->ifindex, pkt->ip.saddr) ||
	    device_has_address(net, oif, pkt->ip.saddr))
		return TXP_TRANSIT_OWN_SOURCE;
	return rp_filter ? TXP_TRANSIT_RP_FILTER : TXP_TRANSIT_MISS;
}

/* MISS: nothing that the look-ups know of. */
static __always_inline enum txp_transit miss_ask(struct __sk_buff *ctx, const struct sk_buff *skb,
						 const struct txp_packet *pkt, __u32 rp_filter)
{
	struct bpf_fib_lookup fib;
	enum txp_transit source;

	switch (miss_look_up(ctx, &fib, pkt, false)) {
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return TXP_TRANSIT_NOT_UNICAST;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return TXP_TRANSIT_LWTUNNEL;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		source = miss_source(ctx, skb, pkt, rp_filter, fib.ifindex);
		return source == TXP_TRANSIT_MISS ? TXP_TRANSIT_NO_NEIGHBOUR : source;
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return miss_source(ctx, skb, pkt, rp_filter, fib.ifindex);
	}
	return TXP_TRANSIT_MISS;
}

static __always_inline enum txp_transit miss_mark(struct txp_lease *place,
						  const struct txp_learn_ctx *learn_ctx)
{
	place->key = learn_ctx->key;
	place->genids = learn_ctx->genids;
	place->learned = learn_ctx->time_ns;
	place->mode_epoch = 0;
	place->output = 0;
	place->oif = 0;
	place->transit = TXP_TRANSIT_MISS;
	place->asked = 0;
	tag_write(&learn_ctx->key, learn_ctx->time_ns);
	return TXP_TRANSIT_MISS;
}

/* The flow's second packet that finds the mark asks, and only that one. */
static __always_inline enum txp_transit miss_again(struct __sk_buff *ctx, const struct sk_buff *skb,
						   struct txp_lease *place,
						   const struct txp_packet *pkt, __u32 rp_filter)
{
	if (!place->asked) {
		place->asked = 1;
		place->transit = miss_ask(ctx, skb, pkt, rp_filter);
	}
	return place->transit;
}

#endif /* TXPATH_BPF_OFFLOAD_MISS_H */
