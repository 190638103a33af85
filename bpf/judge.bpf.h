/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What becomes of a packet that comes in, judged in full: does its flow have a lease that holds,
 * and may this packet go by it? Only leases are written here: marked, or ended.
 */
#ifndef TXPATH_JUDGE_BPF_H
#define TXPATH_JUDGE_BPF_H

#include "arrival.bpf.h"
#include "cold.bpf.h"
#include "guard.bpf.h"
#include "lease.bpf.h"

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
	    (!pkt->l4_len || pkt->tcp_flags & (TXP_TCP_SYN | TXP_TCP_FIN | TXP_TCP_RST)))
		return TXP_TRANSIT_TCP_STATE;
	return check_size(ctx, skb, pkt, lease->mtu);
}

/* A lease of this flow that holds, or why there is none. */
static __always_inline enum txp_transit find_lease(struct __sk_buff *ctx, const struct sk_buff *skb,
						   const struct txp_instance *inst,
						   const struct txp_arrival *arrival,
						   struct txp_lease *place, __u32 rp_filter)
{
	const struct txp_note *note = &arrival->note;
	enum txp_transit moved;

	if (!place->learned)
		return cold_mark(place, note);
	if (!lease_key_equal(&place->key, &note->key))
		return lease_is_forgotten(place, note->time_ns, inst->lease_ns)
			       ? cold_mark(place, note)
			       : TXP_TRANSIT_COLLISION;
	moved = lease_check(place, &note->stamp, note->time_ns, inst->lease_ns);
	if (!place->output)
		return moved == TXP_TRANSIT_TAKEN
			       ? cold_again(ctx, skb, place, &arrival->pkt, rp_filter)
			       : cold_mark(place, note);
	return moved == TXP_TRANSIT_TAKEN ? place->transit : moved;
}

static __always_inline enum txp_transit use_lease(struct __sk_buff *ctx, const struct sk_buff *skb,
						  const struct txp_instance *inst,
						  const struct txp_arrival *arrival,
						  const struct txp_surroundings *around,
						  struct txp_lease *lease)
{
	enum txp_transit verdict;

	if (!lease)
		return TXP_TRANSIT_COLD;
	verdict = find_lease(ctx, skb, inst, arrival, lease, around->rp_filter);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = guard_output(skb, lease);
	if (verdict == TXP_TRANSIT_TAKEN)
		verdict = check_packet(ctx, skb, &arrival->pkt, around, lease);
	else if (verdict != TXP_TRANSIT_SENDER_QUEUE) /* holds for all packets of the flow */
		return verdict;
	if (verdict != TXP_TRANSIT_TAKEN)
		lease_end(lease, &arrival->note.key);
	return verdict;
}

/* Packets that the kernel forwards in its own way: their flow follows them. */
static __always_inline bool is_forwarded_anyway(enum txp_transit verdict)
{
	return verdict == TXP_TRANSIT_IP_OPTIONS || verdict == TXP_TRANSIT_FRAGMENT ||
	       verdict == TXP_TRANSIT_PADDED;
}

static __always_inline enum txp_transit judge(struct __sk_buff *ctx, const struct sk_buff *skb,
					      const struct txp_instance *inst,
					      struct txp_arrival *arrival,
					      const struct txp_surroundings *around)
{
	enum txp_transit verdict = arrival_parse(ctx, arrival);
	struct txp_lease *place;
	bool keyed = true;

	if (verdict != TXP_TRANSIT_TAKEN && !is_forwarded_anyway(verdict))
		return verdict;
	arrival_key(&arrival->note.key, &arrival->pkt, around->key_ports | around->connections,
		    ctx->ifindex, ctx->mark);
	if (around->connections)
		keyed = arrival_key_connection(ctx, &arrival->note.key, &arrival->pkt);
	if (verdict != TXP_TRANSIT_TAKEN) {
		place = lease_place(&arrival->note.key);
		if (place)
			lease_end(place, &arrival->note.key);
		return verdict;
	}
	if (around->verdict != TXP_TRANSIT_TAKEN)
		return around->verdict;
	verdict = guard_packet(inst, skb);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = arrival_check_hash(ctx, &arrival->pkt, around->hash_policy, around->key_ports);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	if (!keyed)
		return TXP_TRANSIT_TCP_STATE;
	arrival->note.stamp = around->stamp;
	if (around->hash_policy == 1)
		arrival->note.stamp.hash = arrival_hash(skb);
	arrival->note.time_ns = kernel_time_coarse();
	return use_lease(ctx, skb, inst, arrival, around, lease_place(&arrival->note.key));
}

#endif /* TXPATH_JUDGE_BPF_H */
