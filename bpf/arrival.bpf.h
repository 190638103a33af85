/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet as it comes in: what ip_rcv_core and ip_route_input_slow ask of every packet, and
 * the lease key. It only reads, and where it reads is where ip_rcv would.
 */
#ifndef TXPATH_ARRIVAL_BPF_H
#define TXPATH_ARRIVAL_BPF_H

#include <linux/if_packet.h>
#include <linux/pkt_cls.h>
#include "note.bpf.h"
#include "parse.bpf.h"
#include "rules.bpf.h"

struct txp_arrival {
	struct txp_packet pkt;
	struct txp_note note;
	__u32 verdict; /* enum txp_transit */
	__u32 reserved;
};

/* ipv4_is_multicast, ipv4_is_lbcast, ipv4_is_zeronet, ipv4_is_loopback */
static __always_inline bool address_is_multicast(__be32 address)
{
	return (bpf_ntohl(address) >> 28) >= 0xe;
}

static __always_inline bool address_is_martian(__be32 address)
{
	__u8 first = bpf_ntohl(address) >> 24;

	return first == 0 || first == 127;
}

/* The checks of ip_rcv_core, in its order, then those of ip_route_input_slow. */
static __always_inline enum txp_transit arrival_check(const struct txp_packet *pkt)
{
	__u32 total = bpf_ntohs(pkt->ip.tot_len);
	const __u32 *header = (const __u32 *)&pkt->ip;
	__u64 sum = 0;

	if (pkt->ip.ihl > 5)
		return TXP_TRANSIT_IP_OPTIONS;
	for (__u32 i = 0; i < sizeof(struct iphdr) / 4; i++)
		sum += header[i];
	if (fold_sum(sum) != 0xffff)
		return TXP_TRANSIT_BAD_HEADER;
	if (total < sizeof(struct iphdr) || total > pkt->l3_len)
		return TXP_TRANSIT_BAD_LENGTH;
	if (total < pkt->l3_len)
		return TXP_TRANSIT_PADDED;
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

static __always_inline enum txp_transit arrival_parse(struct __sk_buff *ctx, struct txp_packet *pkt)
{
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
	return arrival_check(pkt);
}

/* fib_rules that dissect and fib_multipath_hash look at the ports. */
static __always_inline void arrival_key(struct txp_lease_key *key, const struct txp_packet *pkt,
					const struct net *net, __u32 iif, __u32 mark)
{
	__builtin_memset(key, 0, sizeof(*key));
	key->saddr = pkt->ip.saddr;
	key->daddr = pkt->ip.daddr;
	key->iif = iif;
	key->mark = mark;
	key->dscp = pkt->ip.tos & ~3;
	if (!net->ipv4.fib_rules_require_fldissect && !net->ipv4.sysctl_fib_multipath_hash_policy)
		return;
	key->protocol = pkt->ip.protocol;
	key->sport = pkt->ports.source;
	key->dport = pkt->ports.dest;
}

#endif /* TXPATH_ARRIVAL_BPF_H */
