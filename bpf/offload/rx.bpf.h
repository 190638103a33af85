/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as it comes in: what ip_rcv_core and ip_route_input_slow ask of every packet, and
 * the lease key. It only reads, and where it reads is where ip_rcv would.
 */
#ifndef TXPATH_BPF_OFFLOAD_RX_H
#define TXPATH_BPF_OFFLOAD_RX_H

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include "lib/flow_maps.bpf.h"
#include "lib/parse.bpf.h"

struct txp_rx {
	struct txp_packet pkt;
	struct txp_learn_ctx learn_ctx;
	__u32 verdict; /* enum txp_transit */
	__u32 trim;    /* length of the frame without its padding, 0: it has none */
};

/* ipv4_is_multicast, ipv4_is_lbcast */
static __always_inline bool address_is_multicast(__be32 address)
{
	return (bpf_ntohl(address) >> 28) == 0xe || address == (__be32)~0;
}

/* ipv4_is_zeronet (all of 0/8 before 5.3), ipv4_is_loopback */
static __always_inline bool address_is_martian(__be32 address)
{
	return !address || bpf_ntohl(address) >> 24 == 127;
}

/* The checks of ip_rcv_core, in its order. */
static __always_inline enum txp_transit rx_check_header(const struct txp_packet *pkt)
{
	const __u32 *header = (const __u32 *)&pkt->ip;
	__u64 sum = 0;

	if (pkt->ip.ihl > 5)
		return TXP_TRANSIT_IP_OPTIONS;
	for (__u32 i = 0; i < sizeof(struct iphdr) / 4; i++)
		sum += header[i];
	return fold_sum(sum) == 0xffff ? TXP_TRANSIT_TAKEN : TXP_TRANSIT_BAD_HEADER;
}

/* iph_totlen: a TCP packet above 64 KiB, made by GRO, has no total length (6.3). */
static __always_inline bool packet_is_big_tcp(const struct __sk_buff *ctx,
					      const struct txp_packet *pkt)
{
	return !pkt->ip.tot_len && pkt->l3_len > TXP_IP_MAX_MTU && ctx->gso_size &&
	       pkt->ip.protocol == IPPROTO_TCP;
}

/* pskb_trim_rcsum in ip_rcv_core: what is behind the packet's end is not part of it. */
static __always_inline enum txp_transit rx_check_length(const struct __sk_buff *ctx,
							struct txp_rx *rx)
{
	struct txp_packet *pkt = &rx->pkt;
	__u32 total = bpf_ntohs(pkt->ip.tot_len);

	rx->trim = 0;
	if (packet_is_big_tcp(ctx, pkt))
		return TXP_TRANSIT_TAKEN;
	if (total < sizeof(struct iphdr) || total > pkt->l3_len)
		return TXP_TRANSIT_BAD_LENGTH;
	if (total == pkt->l3_len)
		return TXP_TRANSIT_TAKEN;
	if (ctx->gso_size)
		return TXP_TRANSIT_PADDED;
	pkt->l3_len = total;
	rx->trim = pkt->l2_len + total;
	return TXP_TRANSIT_TAKEN;
}

/* What ip_route_input_slow and ip_forward refuse whatever the route. */
static __always_inline enum txp_transit rx_check_addresses(const struct txp_packet *pkt)
{
	if (packet_is_fragment(pkt))
		return TXP_TRANSIT_FRAGMENT;
	if (address_is_multicast(pkt->ip.daddr))
		return TXP_TRANSIT_MULTICAST;
	if (address_is_martian(pkt->ip.saddr) || address_is_martian(pkt->ip.daddr) ||
	    address_is_multicast(pkt->ip.saddr))
		return TXP_TRANSIT_MARTIAN;
	if (pkt->ip.ttl <= 1)
		return TXP_TRANSIT_TTL_OVER;
	return TXP_TRANSIT_TAKEN;
}

static __always_inline enum txp_transit rx_parse(struct __sk_buff *ctx, struct txp_rx *rx)
{
	struct txp_packet *pkt = &rx->pkt;
	enum txp_transit verdict;
	enum txp_reason reason;

	__builtin_memset(pkt, 0, sizeof(*pkt));
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
	verdict = rx_check_header(pkt);
	if (verdict == TXP_TRANSIT_TAKEN)
		verdict = rx_check_length(ctx, rx);
	return verdict == TXP_TRANSIT_TAKEN ? rx_check_addresses(pkt) : verdict;
}

/* fib_rules that dissect, fib_multipath_hash and netfilter look at the ports. */
static __always_inline void rx_key(struct txp_lease_key *key, const struct txp_packet *pkt,
				   bool with_ports, __u32 iif, __u32 mark)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = pkt->ip.saddr;
	key->daddr = pkt->ip.daddr;
	key->iif = iif;
	key->mark = mark;
	key->dscp = pkt->ip.tos & ~3;
	if (!with_ports)
		return;
	key->protocol = pkt->ip.protocol;
	key->sport = pkt->ports.source;
	key->dport = pkt->ports.dest;
}

/* linux/icmp.h wants the C library. */
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

/*
 * The key of one connection, as conntrack tells them apart: echoes by their id. false: a protocol
 * that is not keyed so, or an ICMP message that belongs to another connection.
 */
static __always_inline bool rx_key_connection(struct __sk_buff *ctx, struct txp_lease_key *key,
					      const struct txp_packet *pkt)
{
	struct txp_icmp icmp;

	if (pkt->ip.protocol == IPPROTO_TCP || pkt->ip.protocol == IPPROTO_UDP)
		return true;
	if (pkt->ip.protocol != IPPROTO_ICMP ||
	    bpf_skb_load_bytes(ctx, pkt->l2_len + packet_header_len(pkt), &icmp, sizeof(icmp)))
		return false;
	key->sport = icmp.id;
	key->dport = icmp.type << 8 | icmp.code;
	return icmp.type == TXP_ICMP_ECHO || icmp.type == TXP_ICMP_ECHOREPLY;
}

#define TXP_TCP_HEADER_MIN 20

/*
 * Leased or bypassed netfilter: a segment in the middle of a connection, which conntrack accepts
 * and which changes no connection's state. tcp_error in nf_conntrack_proto_tcp.c: the header has
 * at least 20 bytes and is within the packet, and tcp_valid_flags has its flags. Of those with ACK
 * alone any PSH, URG, ECE and CWR are valid. header_len and length (of header and data) in bytes.
 */
static __always_inline bool tcp_segment_continues(__u32 header_len, __u8 flags, __u32 length)
{
	return header_len >= TXP_TCP_HEADER_MIN && header_len <= length &&
	       (flags & (TXP_TCP_SYN | TXP_TCP_FIN | TXP_TCP_RST | TXP_TCP_ACK)) == TXP_TCP_ACK;
}

static __always_inline bool packet_is_icmp_error(struct __sk_buff *ctx,
						 const struct txp_packet *pkt)
{
	__u8 type;

	return !bpf_skb_load_bytes(ctx, pkt->l2_len + packet_header_len(pkt), &type,
				   sizeof(type)) &&
	       type < 32 && TXP_ICMP_ERRORS >> type & 1;
}

/*
 * fib_multipath_hash looks into some packets for what the key does not have. Policy 0: into an
 * ICMP error (ip_multipath_l3_keys). 2 and 3: into a tunnel. Where ports count, proto_ports_offset
 * finds the SPI of IPsec in their place.
 */
static __always_inline enum txp_transit rx_check_hash(struct __sk_buff *ctx,
						      const struct txp_packet *pkt,
						      __u32 hash_policy, bool with_ports)
{
	switch (pkt->ip.protocol) {
	case IPPROTO_ICMP:
		return !hash_policy && packet_is_icmp_error(ctx, pkt) ? TXP_TRANSIT_ICMP_ERROR
								      : TXP_TRANSIT_TAKEN;
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
	case IPPROTO_GRE:
		return hash_policy >= 2 ? TXP_TRANSIT_TUNNEL_HASH : TXP_TRANSIT_TAKEN;
	case IPPROTO_ESP:
	case IPPROTO_AH:
		return with_ports ? TXP_TRANSIT_TUNNEL_HASH : TXP_TRANSIT_TAKEN;
	}
	return TXP_TRANSIT_TAKEN;
}

/*
 * fib_multipath_hash, policy 1, takes the hash of a socket, RPS or the device where the packet has
 * one, and shifts its last bit out. 0: it has none.
 */
static __always_inline __u32 rx_hash(const struct sk_buff *skb)
{
	return KERNEL_READ_BITS(skb, l4_hash) ? KERNEL_READ(skb, hash) | 1 : 0;
}

#endif /* TXPATH_BPF_OFFLOAD_RX_H */
