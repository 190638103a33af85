/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one parser of IPv4 packets, and the arithmetic of their header. It only reads. */
#ifndef TXPATH_BPF_LIB_PARSE_H
#define TXPATH_BPF_LIB_PARSE_H

#include <linux/pkt_cls.h>
#include "kernel/kernel.bpf.h"
#include <txpath/reasons.h>
#include <txpath/transport.h>

struct txp_ports {
	__be16 source;
	__be16 dest;
};

struct txp_packet {
	struct ethhdr eth; /* zero on a device without link-layer header */
	__u8 l4_len;	   /* transport header, 0: not known */
	__u8 tcp_flags;
	struct iphdr ip;
	struct txp_ports ports; /* network order; 0 where there are none */
	__u32 l3_len;		/* packet without the link-layer header */
	__u32 l2_len;
};

#define TXP_TCP_DOFF_OFFSET 12
#define TXP_TCP_FIN 0x01
#define TXP_TCP_SYN 0x02
#define TXP_TCP_RST 0x04
#define TXP_TCP_ACK 0x10

static __always_inline bool packet_is_fragment(const struct txp_packet *pkt)
{
	return pkt->ip.frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET);
}

static __always_inline bool packet_has_df(const struct txp_packet *pkt)
{
	return pkt->ip.frag_off & bpf_htons(TXP_IP_DF);
}

static __always_inline __u32 packet_header_len(const struct txp_packet *pkt)
{
	return pkt->ip.ihl * 4;
}

/*
 * TXP_REASON_COMPARED: an IPv4 packet whose header is in *pkt; else why not. Whether a VLAN tag is
 * pending is not looked at.
 */
static __always_inline enum txp_reason parse(struct __sk_buff *ctx, __u32 l2_len,
					     struct txp_packet *pkt)
{
	__u8 doff_flags[2], length;
	__u32 offset;

	if (ctx->protocol != bpf_htons(ETH_P_IP))
		return TXP_REASON_NOT_IPV4;
	if (l2_len && bpf_skb_load_bytes(ctx, 0, &pkt->eth, sizeof(pkt->eth)))
		return TXP_REASON_BAD_HEADER;
	if (l2_len && pkt->eth.h_proto != bpf_htons(ETH_P_IP))
		return TXP_REASON_NOT_IPV4;
	if (bpf_skb_load_bytes(ctx, l2_len ? ETH_HLEN : 0, &pkt->ip, sizeof(pkt->ip)))
		return TXP_REASON_BAD_HEADER;
	if (pkt->ip.version != 4 || pkt->ip.ihl < 5)
		return TXP_REASON_BAD_HEADER;

	pkt->l2_len = l2_len ? ETH_HLEN : 0;
	pkt->l3_len = ctx->len - pkt->l2_len;
	if (pkt->l3_len < packet_header_len(pkt))
		return TXP_REASON_BAD_HEADER;

	/* ports, and the length of the transport header: what cannot be read stays zero */
	offset = pkt->l2_len + packet_header_len(pkt);
	length = transport_len(pkt->ip.protocol);
	if (!length || pkt->ip.frag_off & bpf_htons(TXP_IP_OFFSET) ||
	    bpf_skb_load_bytes(ctx, offset, &pkt->ports, sizeof(pkt->ports)))
		return TXP_REASON_COMPARED;
	if (pkt->ip.protocol != IPPROTO_TCP) {
		pkt->l4_len = length;
		return TXP_REASON_COMPARED;
	}
	if (bpf_skb_load_bytes(ctx, offset + TXP_TCP_DOFF_OFFSET, doff_flags, sizeof(doff_flags)))
		return TXP_REASON_COMPARED;
	pkt->l4_len = (doff_flags[0] >> 4) * 4;
	pkt->tcp_flags = doff_flags[1];
	return TXP_REASON_COMPARED;
}

/* One's complement sum of 32-bit words, folded to 16 bits. */
static __always_inline __u16 fold_sum(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* rt_tos2priority */
static __always_inline __u32 tos_to_priority(__u8 tos)
{
	const __u32 ip_tos2prio = 0x4620; /* four times 0, four times 2, 6, 4: a digit each */

	return ip_tos2prio >> ((tos >> 3) & 3) * 4 & 0xf;
}

/* Six bytes, each at the beginning of eight that are there. */
static __always_inline bool mac_equal(__u64 bytes, const __u8 *mac)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return !((bytes ^ *(const __u64 *)mac) << 16);
#else
	return !((bytes ^ *(const __u64 *)mac) >> 16);
#endif
}

#endif /* TXPATH_BPF_LIB_PARSE_H */
