/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Flows without a lease. Most get one from their first packet, when it leaves. A flow that does
 * not is marked in its place, and when it comes again bpf_fib_lookup is asked why: the answer
 * stands in the place for a lease's length, so that it is asked once and not for each packet.
 * It only gives the reason its name: nothing is redirected by it, and egress overwrites it.
 */
#ifndef TXPATH_COLD_BPF_H
#define TXPATH_COLD_BPF_H

#include "arrival.bpf.h"
#include "guard.bpf.h"

#define TXP_OWN_ADDRESSES 8 /* of a device that are looked at */

static __always_inline bool device_has_address(const struct net_device *dev, __be32 address)
{
	const struct in_ifaddr *own = KERNEL_READ(dev, ip_ptr, ifa_list);

	for (__u32 i = 0; i < TXP_OWN_ADDRESSES && own; i++) {
		if (KERNEL_READ(own, ifa_local) == address)
			return true;
		own = KERNEL_READ(own, ifa_next);
	}
	return false;
}

static __always_inline long cold_look_up(struct __sk_buff *ctx, struct bpf_fib_lookup *fib,
					 const struct txp_packet *pkt, bool back)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = TXP_AF_INET;
	fib->l4_protocol = pkt->ip.protocol;
	fib->sport = back ? pkt->ports.dest : pkt->ports.source;
	fib->dport = back ? pkt->ports.source : pkt->ports.dest;
	fib->tos = pkt->ip.tos;
	fib->ipv4_src = back ? pkt->ip.daddr : pkt->ip.saddr;
	fib->ipv4_dst = back ? pkt->ip.saddr : pkt->ip.daddr;
	fib->ifindex = ctx->ifindex;
	if (instance_fib_flags())
		fib_set_mark(fib, ctx->mark);
	return bpf_fib_lookup(ctx, fib, sizeof(*fib), instance_fib_flags());
}

/* fib_validate_source, which comes after the route's own kind has been found acceptable. */
static __always_inline enum txp_transit cold_source(struct __sk_buff *ctx,
						    const struct sk_buff *skb,
						    const struct txp_arrival *arrival,
						    __u32 rp_filter)
{
	const struct txp_packet *pkt = &arrival->pkt;
	struct bpf_fib_lookup fib;
	long answer;

	if (device_has_address(KERNEL_READ(skb, dev), pkt->ip.saddr))
		return TXP_TRANSIT_OWN_SOURCE;
	answer = cold_look_up(ctx, &fib, pkt, true);
	if (fib_has_route(answer))
		return rp_filter == 1 && fib.ifindex != ctx->ifindex ? TXP_TRANSIT_RP_FILTER
								     : TXP_TRANSIT_COLD;
	/* with no filter a source that cannot be reached is fine */
	return rp_filter ? TXP_TRANSIT_RP_FILTER : TXP_TRANSIT_COLD;
}

/* COLD: nothing that the look-ups know of. */
static __always_inline enum txp_transit cold_ask(struct __sk_buff *ctx, const struct sk_buff *skb,
						 const struct txp_arrival *arrival, __u32 rp_filter)
{
	struct bpf_fib_lookup fib;
	enum txp_transit source;

	switch (cold_look_up(ctx, &fib, &arrival->pkt, false)) {
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return TXP_TRANSIT_NOT_UNICAST;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return TXP_TRANSIT_LWTUNNEL;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		source = cold_source(ctx, skb, arrival, rp_filter);
		return source == TXP_TRANSIT_COLD ? TXP_TRANSIT_NO_NEIGHBOUR : source;
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return cold_source(ctx, skb, arrival, rp_filter);
	}
	return TXP_TRANSIT_COLD;
}

static __always_inline enum txp_transit cold_mark(struct txp_lease *place,
						  const struct txp_note *note)
{
	place->key = note->key;
	place->stamp = note->stamp;
	place->learned = note->time_ns;
	place->output = 0;
	place->oif = 0;
	place->transit = TXP_TRANSIT_COLD;
	place->asked = 0;
	return TXP_TRANSIT_COLD;
}

/* The flow's second packet that finds the mark asks, and only that one. */
static __always_inline enum txp_transit cold_again(struct __sk_buff *ctx, const struct sk_buff *skb,
						   struct txp_lease *place,
						   const struct txp_arrival *arrival,
						   __u32 rp_filter)
{
	if (!place->asked) {
		place->asked = 1;
		place->transit = cold_ask(ctx, skb, arrival, rp_filter);
	}
	return place->transit;
}

#endif /* TXPATH_COLD_BPF_H */
