/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet that comes in, judged in full: does its flow have a lease that holds,
 * and may this packet go by it? Only leases are written here: marked, or ended.
 */
#ifndef TXPATH_BPF_OFFLOAD_SLOW_H
#define TXPATH_BPF_OFFLOAD_SLOW_H

#include "offload/rx.bpf.h"
#include "offload/miss.bpf.h"
#include "offload/guard.bpf.h"
#include "offload/flow.bpf.h"

#define TXP_SEGMENTS_MAX 64 /* of one packet that are looked at */

/* The program that writes can only write what is in the packet's linear part. */
static __always_inline bool header_is_linear(const struct __sk_buff *ctx)
{
	return (void *)(long)ctx->data + ETH_HLEN + sizeof(struct iphdr) <=
	       (void *)(long)ctx->data_end;
}

/* skb_gso_size_check of a packet that is a list of segments, each as long as it is. */
static __always_inline bool segments_fit(const struct sk_buff *skb, __u32 header_len, __u32 mtu)
{
	const struct skb_shared_info *shared =
		(void *)((__u64)KERNEL_READ(skb, head) + KERNEL_READ(skb, end));
	const struct sk_buff *segment = KERNEL_READ(shared, frag_list);

	for (__u32 i = 0; i < TXP_SEGMENTS_MAX && segment; i++) {
		__u32 linear = KERNEL_READ(segment, len) - KERNEL_READ(segment, data_len);

		if (header_len + linear > mtu)
			return false;
		segment = KERNEL_READ(segment, next);
	}
	return !segment;
}

/* ip_forward: ip_exceeds_mtu, skb_gso_validate_network_len */
static __always_inline enum txp_transit check_size(const struct __sk_buff *ctx,
						   const struct sk_buff *skb,
						   const struct txp_packet *pkt, __u32 mtu)
{
	__u32 header_len = sizeof(struct iphdr) + pkt->l4_len;
	__u32 gso_size = ctx->gso_size;
	bool fits;

	/* of a tunnel's segments the inner headers count too */
	if (gso_size && (!pkt->l4_len || KERNEL_READ_BITS(skb, encapsulation)))
		return TXP_TRANSIT_GSO_KIND;
	if (!gso_size)
		fits = pkt->l3_len <= mtu;
	else if (gso_size == TXP_GSO_BY_FRAGS)
		fits = segments_fit(skb, header_len, mtu);
	else
		fits = header_len + gso_size <= mtu;
	return fits ? TXP_TRANSIT_TAKEN : TXP_TRANSIT_TOO_BIG;
}

/* What this packet asks of a lease that holds. */
static __always_inline enum txp_transit
check_packet(const struct __sk_buff *ctx, const struct sk_buff *skb, const struct txp_packet *pkt,
	     const struct txp_surroundings *around, const struct txp_lease *lease)
{
	if (!header_is_linear(ctx))
		return TXP_TRANSIT_SPLIT_HEADER;
	if (around->tcp_state && pkt->ip.protocol == IPPROTO_TCP &&
	    !tcp_segment_continues(pkt->l4_len, pkt->tcp_flags,
				   pkt->l3_len - packet_header_len(pkt)))
		return TXP_TRANSIT_TCP_STATE;
	return check_size(ctx, skb, pkt, lease->mtu);
}

/* A lease of this flow that holds, or why there is none. */
static __always_inline enum txp_transit find_lease(struct __sk_buff *ctx, const struct sk_buff *skb,
						   const struct txp_instance *inst,
						   const struct txp_rx *rx, struct txp_lease *place,
						   __u32 rp_filter)
{
	const struct txp_learn_ctx *learn_ctx = &rx->learn_ctx;
	enum txp_transit moved;

	if (!place->learned)
		return miss_mark(place, learn_ctx);
	if (!lease_key_equal(&place->key, &learn_ctx->key))
		return lease_is_forgotten(place, learn_ctx->time_ns, inst->lease_ns)
			       ? miss_mark(place, learn_ctx)
			       : TXP_TRANSIT_COLLISION;
	moved = lease_check(place, &learn_ctx->genids, learn_ctx->time_ns, inst->lease_ns);
	if (!place->output)
		return moved == TXP_TRANSIT_TAKEN ? miss_again(ctx, skb, place, &rx->pkt, rp_filter)
						  : miss_mark(place, learn_ctx);
	return moved == TXP_TRANSIT_TAKEN ? place->transit : moved;
}

static __always_inline enum txp_transit
use_lease(struct __sk_buff *ctx, const struct sk_buff *skb, const struct txp_instance *inst,
	  const struct txp_rx *rx, const struct txp_surroundings *around, struct txp_lease *lease)
{
	enum txp_transit verdict;

	if (!lease)
		return TXP_TRANSIT_MISS;
	verdict = find_lease(ctx, skb, inst, rx, lease, around->rp_filter);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = guard_output(skb, lease);
	if (verdict == TXP_TRANSIT_TAKEN)
		verdict = check_packet(ctx, skb, &rx->pkt, around, lease);
	else if (verdict != TXP_TRANSIT_SENDER_QUEUE) /* holds for all packets of the flow */
		return verdict;
	if (verdict != TXP_TRANSIT_TAKEN)
		lease_end(lease, &rx->learn_ctx.key);
	return verdict;
}

/* Packets that the kernel forwards in its own way: their flow follows them. */
static __always_inline bool is_forwarded_anyway(enum txp_transit verdict)
{
	return verdict == TXP_TRANSIT_IP_OPTIONS || verdict == TXP_TRANSIT_FRAGMENT ||
	       verdict == TXP_TRANSIT_PADDED;
}

static __always_inline enum txp_transit decide(struct __sk_buff *ctx, const struct sk_buff *skb,
					       const struct txp_instance *inst, struct txp_rx *rx,
					       const struct txp_surroundings *around)
{
	enum txp_transit verdict = rx_parse(ctx, rx);
	struct txp_lease *place;
	bool keyed = true;

	if (verdict != TXP_TRANSIT_TAKEN && !is_forwarded_anyway(verdict))
		return verdict;
	rx_key(&rx->learn_ctx.key, &rx->pkt, around->key_ports | around->connections, ctx->ifindex,
	       ctx->mark);
	if (around->connections)
		keyed = rx_key_connection(ctx, &rx->learn_ctx.key, &rx->pkt);
	if (verdict != TXP_TRANSIT_TAKEN) {
		place = lease_place(&rx->learn_ctx.key);
		if (place)
			lease_end(place, &rx->learn_ctx.key);
		return verdict;
	}
	if (around->verdict != TXP_TRANSIT_TAKEN)
		return around->verdict;
	verdict = guard_packet(inst, skb);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = rx_check_hash(ctx, &rx->pkt, around->hash_policy, around->key_ports);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	if (!keyed)
		return TXP_TRANSIT_TCP_STATE;
	rx->learn_ctx.genids = around->genids;
	if (around->hash_policy == 1)
		rx->learn_ctx.genids.hash = rx_hash(skb);
	rx->learn_ctx.time_ns = kernel_time_coarse();
	return use_lease(ctx, skb, inst, rx, around, lease_place(&rx->learn_ctx.key));
}

#endif /* TXPATH_BPF_OFFLOAD_SLOW_H */
