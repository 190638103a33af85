/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The slow path: decides about a packet in full. In the order of the kernel's own path:
 *
 *   rx_parse       what ip_rcv_core and ip_route_input_slow check in every packet
 *   rx_key         the flow's key
 *   guard.bpf.h    what is between TC ingress and the output, and in the packet's own state
 *   find_lease     the flow's lease if it holds; else the flow's place is marked
 *   use_lease      the output, and what ip_forward checks by size
 *
 * It writes leases only (marks them, or ends them), never the packet.
 */
#ifndef TXPATH_BPF_OFFLOAD_SLOW_H
#define TXPATH_BPF_OFFLOAD_SLOW_H

#include <linux/if_packet.h>
#include "lib/fib.bpf.h"
#include "offload/guard.bpf.h"

#define TXP_SEGMENTS_MAX 64 /* of one packet that are looked at */
#define TXP_OWN_ADDRESSES 8 /* of a device that are looked at */
#define TXP_NETDEV_HASHENTRIES 256
#define TXP_DEVICE_CHAIN 8 /* devices of one bucket that are looked at */

/* linux/icmp.h needs the C library. */
struct txp_icmp {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be16 id;
};

#define TXP_ICMP_ECHOREPLY 0
#define TXP_ICMP_ECHO 8
/* icmp_is_err: 3, 4, 5, 11 and 12, as bits */
#define TXP_ICMP_ERRORS 0x1838

struct txp_rx {
	struct txp_packet pkt;
	struct txp_learn_ctx learn_ctx;
	__u32 verdict; /* enum txp_transit */
	__u32 trim;    /* length of the frame without its padding, 0: it has none */
};

/* The frame, the checks of ip_rcv_core in its order, then ip_route_input_slow's, ip_forward's. */
static __always_inline enum txp_transit rx_parse(struct __sk_buff *ctx, struct txp_rx *rx)
{
	struct txp_packet *pkt = &rx->pkt;
	const __u32 *header = (const __u32 *)&pkt->ip;
	enum txp_transit verdict;
	enum txp_reason reason;
	__u64 sum = 0;
	__u32 total;

	__builtin_memset(pkt, 0, sizeof(*pkt));
	rx->trim = 0;
	if (ctx->vlan_present)
		return TXP_TRANSIT_VLAN_TAG;
	if (ctx->pkt_type == PACKET_OTHERHOST)
		return TXP_TRANSIT_OTHER_HOST;
	reason = parse(ctx, ETH_HLEN, pkt);
	if (reason == TXP_REASON_NOT_IPV4)
		return TXP_TRANSIT_NOT_IPV4;
	if (reason != TXP_REASON_COMPARED)
		return TXP_TRANSIT_BAD_HEADER;
	if (ctx->pkt_type != PACKET_HOST)
		return TXP_TRANSIT_MULTICAST;
	if (pkt->ip.ihl > 5)
		return TXP_TRANSIT_IP_OPTIONS;
	for (__u32 i = 0; i < sizeof(struct iphdr) / 4; i++)
		sum += header[i];
	if (fold_sum(sum) != 0xffff)
		return TXP_TRANSIT_BAD_HEADER;

	total = bpf_ntohs(pkt->ip.tot_len);
	/* iph_totlen: a TCP packet above 64 KiB, made by GRO, has no total length (6.3) */
	if (!total && pkt->l3_len > TXP_IP_MAX_MTU && ctx->gso_size &&
	    pkt->ip.protocol == IPPROTO_TCP)
		total = pkt->l3_len;
	if (total < sizeof(struct iphdr) || total > pkt->l3_len)
		return TXP_TRANSIT_BAD_LENGTH;
	if (total < pkt->l3_len) { /* pskb_trim_rcsum: the frame is padded */
		if (ctx->gso_size)
			return TXP_TRANSIT_PADDED;
		pkt->l3_len = total;
		rx->trim = pkt->l2_len + total;
	}
	if (packet_is_fragment(pkt))
		return TXP_TRANSIT_FRAGMENT;
	verdict = guard_addresses(pkt->ip.saddr, pkt->ip.daddr);
	if (verdict == TXP_TRANSIT_TAKEN && pkt->ip.ttl <= 1)
		return TXP_TRANSIT_TTL_OVER;
	return verdict;
}

/*
 * Ports are part of the key where policy rules, the multipath hash or netfilter look at them. With
 * leased netfilter a key is one connection's as conntrack tells them apart: echoes by their id.
 * false: a protocol that has no such key, or an ICMP message of another connection.
 */
static __always_inline bool rx_key(struct __sk_buff *ctx, const struct txp_packet *pkt,
				   const struct txp_surroundings *around, struct txp_lease_key *key)
{
	struct txp_icmp icmp;

	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = pkt->ip.saddr;
	key->daddr = pkt->ip.daddr;
	key->iif = ctx->ifindex;
	key->mark = ctx->mark;
	key->dscp = pkt->ip.tos & ~3;
	if (!around->key_ports && !around->connections)
		return true;
	key->protocol = pkt->ip.protocol;
	key->sport = pkt->ports.source;
	key->dport = pkt->ports.dest;
	if (!around->connections || pkt->ip.protocol == IPPROTO_TCP ||
	    pkt->ip.protocol == IPPROTO_UDP)
		return true;
	if (pkt->ip.protocol != IPPROTO_ICMP ||
	    bpf_skb_load_bytes(ctx, pkt->l2_len + packet_header_len(pkt), &icmp, sizeof(icmp)))
		return false;
	key->sport = icmp.id;
	key->dport = icmp.type << 8 | icmp.code;
	return icmp.type == TXP_ICMP_ECHO || icmp.type == TXP_ICMP_ECHOREPLY;
}

/*
 * fib_multipath_hash looks into some packets for what the key does not have. Policy 0: into an
 * ICMP error (ip_multipath_l3_keys). 2 and 3: into a tunnel. Where ports count, proto_ports_offset
 * finds the SPI of IPsec in their place.
 */
static __always_inline enum txp_transit rx_check_hash(struct __sk_buff *ctx,
						      const struct txp_packet *pkt,
						      const struct txp_surroundings *around)
{
	__u8 type;

	switch (pkt->ip.protocol) {
	case IPPROTO_ICMP:
		if (around->hash_policy ||
		    bpf_skb_load_bytes(ctx, pkt->l2_len + packet_header_len(pkt), &type,
				       sizeof(type)))
			return TXP_TRANSIT_TAKEN;
		return type < 32 && TXP_ICMP_ERRORS >> type & 1 ? TXP_TRANSIT_ICMP_ERROR
								: TXP_TRANSIT_TAKEN;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
		return around->hash_policy >= 2 ? TXP_TRANSIT_TUNNEL_HASH : TXP_TRANSIT_TAKEN;
	case IPPROTO_ESP:
	case IPPROTO_AH:
		return around->key_ports ? TXP_TRANSIT_TUNNEL_HASH : TXP_TRANSIT_TAKEN;
	}
	return TXP_TRANSIT_TAKEN;
}

/*
 * inet_ifa of the device with this index, which dev_get_by_index_rcu finds. Kept as a separate
 * function, with numbers as arguments, so that the verifier checks it once.
 */
__noinline int device_has_address(__u64 address_of_net, __u32 ifindex, __be32 address)
{
	const struct net *net = (const void *)address_of_net;
	const struct hlist_head *heads = KERNEL_READ(net, dev_index_head);
	const struct hlist_head *bucket =
		(const void *)(kernel_address(heads) +
			       ifindex % TXP_NETDEV_HASHENTRIES * sizeof(void *));
	const struct hlist_node *node = KERNEL_READ(bucket, first);
	const struct net_device *dev = NULL;
	const struct in_ifaddr *own;

	for (__u32 i = 0; i < TXP_DEVICE_CHAIN && node; i++) {
		dev = (const void *)(kernel_address(node) -
				     bpf_core_field_offset(struct net_device, index_hlist));
		if (KERNEL_READ(dev, ifindex) == (int)ifindex)
			break;
		dev = NULL;
		node = KERNEL_READ(node, next);
	}
	own = dev ? KERNEL_READ(dev, ip_ptr, ifa_list) : NULL;
	for (__u32 i = 0; i < TXP_OWN_ADDRESSES && own; i++) {
		if (KERNEL_READ(own, ifa_local) == address)
			return 1;
		own = KERNEL_READ(own, ifa_next);
	}
	return 0;
}

/*
 * Why does the flow get no lease? bpf_fib_lookup tells about the route, and then, as in
 * fib_validate_source, about the way back. Our own addresses are looked for on the two devices
 * only. TXP_TRANSIT_MISS: the look-ups do not know.
 */
static __always_inline enum txp_transit miss_ask(struct __sk_buff *ctx, const struct sk_buff *skb,
						 const struct txp_packet *pkt, __u32 rp_filter)
{
	enum txp_transit found = TXP_TRANSIT_MISS;
	struct bpf_fib_lookup fib;
	__u32 oif;
	__u64 net;

	fib_fill(&fib, pkt, ctx->ifindex, ctx->mark);
	switch (bpf_fib_lookup(ctx, &fib, sizeof(fib), instance_fib_flags())) {
	case BPF_FIB_LKUP_RET_BLACKHOLE:
	case BPF_FIB_LKUP_RET_UNREACHABLE:
	case BPF_FIB_LKUP_RET_PROHIBIT:
	case BPF_FIB_LKUP_RET_NOT_FWDED:
		return TXP_TRANSIT_NOT_UNICAST;
	case BPF_FIB_LKUP_RET_UNSUPP_LWT:
		return TXP_TRANSIT_LWTUNNEL;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		found = TXP_TRANSIT_NO_NEIGHBOUR;
		break;
	case BPF_FIB_LKUP_RET_SUCCESS:
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		break;
	default:
		return TXP_TRANSIT_MISS;
	}
	oif = fib.ifindex;
	fib_fill(&fib, pkt, ctx->ifindex, ctx->mark);
	fib.ipv4_src = pkt->ip.daddr;
	fib.ipv4_dst = pkt->ip.saddr;
	fib.sport = pkt->ports.dest;
	fib.dport = pkt->ports.source;
	if (fib_has_route(bpf_fib_lookup(ctx, &fib, sizeof(fib), instance_fib_flags()))) {
		if (rp_filter == 1 && fib.ifindex != ctx->ifindex)
			return TXP_TRANSIT_RP_FILTER;
		return found;
	}
	net = kernel_address(KERNEL_READ(skb, dev, nd_net.net));
	if (device_has_address(net, ctx->ifindex, pkt->ip.saddr) ||
	    device_has_address(net, oif, pkt->ip.saddr))
		return TXP_TRANSIT_OWN_SOURCE;
	return rp_filter ? TXP_TRANSIT_RP_FILTER : found;
}

/*
 * Marks the flow's place. Egress overwrites the mark with a lease, most often as soon as this
 * packet leaves. Only a flow that gets none meets its mark again (find_lease).
 */
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

/*
 * TXP_TRANSIT_TAKEN: the place has a lease of this flow that holds. Else why not. The second packet
 * of a flow that finds a mark asks for its reason, once for a lease's length: nothing is sent by
 * that answer.
 */
static __always_inline enum txp_transit find_lease(struct __sk_buff *ctx, const struct sk_buff *skb,
						   const struct txp_instance *inst,
						   const struct txp_rx *rx, struct txp_lease *place,
						   __u32 rp_filter)
{
	const struct txp_learn_ctx *learn_ctx = &rx->learn_ctx;
	enum txp_transit changed;

	if (!place->learned)
		return miss_mark(place, learn_ctx);
	if (!lease_key_equal(&place->key, &learn_ctx->key)) {
		/* another flow may have the place when the lease has been over for as long again */
		if (learn_ctx->time_ns - place->learned >= 2 * inst->lease_ns)
			return miss_mark(place, learn_ctx);
		return TXP_TRANSIT_COLLISION;
	}
	changed = lease_check(place, &learn_ctx->genids, learn_ctx->time_ns, inst->lease_ns);
	if (changed != TXP_TRANSIT_TAKEN)
		return place->output ? changed : miss_mark(place, learn_ctx);
	if (!place->output && !place->asked) {
		place->asked = 1;
		place->transit = miss_ask(ctx, skb, &rx->pkt, rp_filter);
	}
	return place->transit;
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

/* What the lease asks of this packet. Sizes: ip_exceeds_mtu, skb_gso_validate_network_len. */
static __always_inline enum txp_transit
check_packet(const struct __sk_buff *ctx, const struct sk_buff *skb, const struct txp_packet *pkt,
	     const struct txp_surroundings *around, __u32 mtu)
{
	__u32 header_len = sizeof(struct iphdr) + pkt->l4_len;
	__u32 gso_size = ctx->gso_size;
	bool fits;

	/* txpath_rewrite can only write what is in the packet's linear part */
	if ((void *)(long)ctx->data + ETH_HLEN + sizeof(struct iphdr) > (void *)(long)ctx->data_end)
		return TXP_TRANSIT_SPLIT_HEADER;
	if (around->tcp_state && pkt->ip.protocol == IPPROTO_TCP &&
	    !tcp_segment_continues(pkt->l4_len, pkt->tcp_flags,
				   pkt->l3_len - packet_header_len(pkt)))
		return TXP_TRANSIT_TCP_STATE;
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
		verdict = check_packet(ctx, skb, &rx->pkt, around, lease->mtu);
	else if (verdict != TXP_TRANSIT_SENDER_QUEUE) /* holds for all packets of the flow */
		return verdict;
	if (verdict != TXP_TRANSIT_TAKEN)
		lease_end(lease, &rx->learn_ctx.key);
	return verdict;
}

/* TXP_TRANSIT_TAKEN: the packet may be sent by its flow's lease. Else why not. */
static __always_inline enum txp_transit decide(struct __sk_buff *ctx, const struct sk_buff *skb,
					       const struct txp_instance *inst, struct txp_rx *rx,
					       const struct txp_surroundings *around)
{
	struct txp_lease_key *key = &rx->learn_ctx.key;
	enum txp_transit verdict = rx_parse(ctx, rx);
	struct txp_lease *place;
	bool keyed;

	if (verdict != TXP_TRANSIT_TAKEN && verdict != TXP_TRANSIT_IP_OPTIONS &&
	    verdict != TXP_TRANSIT_FRAGMENT && verdict != TXP_TRANSIT_PADDED)
		return verdict;
	keyed = rx_key(ctx, &rx->pkt, around, key);
	if (verdict != TXP_TRANSIT_TAKEN) {
		/* the kernel forwards it in its own way, and its flow has to follow it */
		place = lease_place(key);
		if (place)
			lease_end(place, key);
		return verdict;
	}
	if (around->verdict != TXP_TRANSIT_TAKEN)
		return around->verdict;
	verdict = guard_packet(inst, skb);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = rx_check_hash(ctx, &rx->pkt, around);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	if (!keyed)
		return TXP_TRANSIT_TCP_STATE;
	rx->learn_ctx.genids = around->genids;
	/* fib_multipath_hash, policy 1: the hash of a socket, RPS or the device, if there is one */
	if (around->hash_policy == 1 && KERNEL_READ_BITS(skb, l4_hash))
		rx->learn_ctx.genids.hash = KERNEL_READ(skb, hash) | 1;
	rx->learn_ctx.time_ns = kernel_time_coarse();
	return use_lease(ctx, skb, inst, rx, around, lease_place(key));
}

#endif /* TXPATH_BPF_OFFLOAD_SLOW_H */
