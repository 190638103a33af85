/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's rules for the IPv4 header and for the metadata of a packet. Each function predicts
 * one field as the kernel function named above it does, and compares it with the packet.
 */
#ifndef TXPATH_BPF_VERIFY_RULES_H
#define TXPATH_BPF_VERIFY_RULES_H

#include "verify/result.bpf.h"
#include "verify/l2.bpf.h"
#include "verify/origin.bpf.h"

#define TXP_ID_FLIGHT 256 /* datagrams of one socket between building and egress */
#define TXP_ID_WAIT 4096  /* segments sent while one waited for a neighbour */
#define TXP_HH_DATA_ALIGN 16
#define TXP_IP_OPTIONS_MAX 40 /* bytes */

/* ip_send_check: the words of a correct header sum up to all ones. */
static __always_inline void rule_checksum(struct txp_check *chk, struct __sk_buff *ctx)
{
	const __u32 *header = (const __u32 *)&chk->pkt.ip;
	__u32 options = packet_header_len(&chk->pkt) - sizeof(struct iphdr);
	__u64 sum = 0;

	for (__u32 i = 0; i < sizeof(struct iphdr) / 4; i++)
		sum += header[i];
	for (__u32 at = 0; at < TXP_IP_OPTIONS_MAX && at < options; at += 4) {
		__u32 word = 0;

		bpf_skb_load_bytes(ctx, chk->pkt.l2_len + sizeof(struct iphdr) + at, &word,
				   sizeof(word));
		sum += word;
	}
	check_field(chk, TXP_FIELD_CHECKSUM, 0xffff, fold_sum(sum));
}

/* __ip_local_out, iph_set_totlen */
static __always_inline void rule_tot_len(struct txp_check *chk)
{
	__u32 len = chk->pkt.l3_len;

	/* iph_totlen: since 6.3 a TCP packet to be segmented may come in without a total length */
	if (len > 0xffff ||
	    (chk->skb && chk->sender.origin == TXP_ORIGIN_FORWARD && !chk->sender.tot_len &&
	     chk->gso_size && chk->pkt.ip.protocol == IPPROTO_TCP))
		len = 0;
	check_field(chk, TXP_FIELD_TOT_LEN, len, bpf_ntohs(chk->pkt.ip.tot_len));
}

/* ip_decrease_ttl, or __ip_make_skb (cork->ttl), or ip_select_ttl */
static __always_inline void rule_ttl(struct txp_check *chk)
{
	const struct net *net = chk->net;
	__u8 ttl;

	if (chk->sender.origin == TXP_ORIGIN_FORWARD)
		ttl = chk->sender.ttl - 1;
	else if (chk->sender.ttl)
		ttl = chk->sender.ttl;
	else if (chk->sender.uc_ttl >= 0)
		ttl = chk->sender.uc_ttl;
	else if (chk->route.hoplimit)
		ttl = chk->route.hoplimit;
	else
		ttl = KERNEL_READ(net, ipv4.sysctl_ip_default_ttl);
	check_field(chk, TXP_FIELD_TTL, ttl, chk->pkt.ip.ttl);
}

/* The DF bit of a packet built here: __ip_queue_xmit, ip_build_and_send_pkt, __ip_make_skb. */
static __always_inline bool local_df(const struct txp_check *chk)
{
	const struct txp_sender *snd = &chk->sender;
	bool dont_fragment = route_dont_fragment(&chk->route, snd->pmtudisc);

	if (snd->origin == TXP_ORIGIN_STREAM)
		return dont_fragment && !snd->ignore_df;
	if (snd->origin == TXP_ORIGIN_SYNACK)
		return dont_fragment || chk->pkt.l3_len <= TXP_IPV4_MIN_MTU;
	return snd->pmtudisc == TXP_PMTUDISC_DO || snd->pmtudisc == TXP_PMTUDISC_PROBE ||
	       (dont_fragment && chk->pkt.l3_len <= route_mtu(&chk->route, true));
}

static __always_inline void rule_df(struct txp_check *chk)
{
	bool actual = packet_has_df(&chk->pkt);

	if (chk->sender.origin == TXP_ORIGIN_FORWARD)
		check_field(chk, TXP_FIELD_DF, chk->sender.df, actual);
	else if (packet_is_fragment(&chk->pkt)) /* the rule is about the whole datagram */
		check_settle(chk, TXP_FIELD_DF, TXP_VERDICT_OBSERVED);
	else
		check_field(chk, TXP_FIELD_DF, local_df(chk), actual);
}

/* ip_select_ident_segs; ip_build_and_send_pkt */
static __always_inline void rule_id(struct txp_check *chk)
{
	/* where the socket's counter is not atomic, threads also set it back */
	const __u16 back = kernel_inet_id_is_atomic() ? 0 : TXP_ID_FLIGHT;
	const struct txp_sender *snd = &chk->sender;
	__u16 id = bpf_ntohs(chk->pkt.ip.id);
	bool df = packet_has_df(&chk->pkt);

	if (snd->id_rule == TXP_ID_EXACT)
		check_field(chk, TXP_FIELD_ID, snd->id, id);
	else if (snd->id_rule == TXP_ID_WAITED && id != snd->id &&
		 (__u16)(snd->id - id) < TXP_ID_WAIT)
		check_settle(chk, TXP_FIELD_ID, TXP_VERDICT_UNKNOWN);
	else if (snd->id_rule == TXP_ID_WAITED)
		check_field(chk, TXP_FIELD_ID, snd->id, id);
	else if (snd->id_rule == TXP_ID_WINDOW &&
		 (__u16)(id - snd->id + back) < TXP_ID_FLIGHT + back)
		check_settle(chk, TXP_FIELD_ID_SHARED, TXP_VERDICT_MATCH);
	else if (snd->id_rule == TXP_ID_WINDOW)
		check_differs(chk, TXP_FIELD_ID_SHARED, snd->id, id);
	else if (df && !(snd->id_rule == TXP_ID_GENERATED && snd->ignore_df))
		check_field(chk, TXP_FIELD_ID, 0, id);
	else
		check_settle(chk, TXP_FIELD_ID_SHARED, TXP_VERDICT_OBSERVED);
}

/* A field that leaves as the sender has it; seen: did the probe see that? */
static __always_inline void check_seen(struct txp_check *chk, enum txp_field field, bool seen,
				       __u64 expected, __u64 actual)
{
	if (seen)
		check_field(chk, field, expected, actual);
	else
		check_settle(chk, field, TXP_VERDICT_OBSERVED);
}

/* ip_forward sets the priority by the TOS byte, unless the sysctl says to leave it. */
static __always_inline void rule_priority(struct txp_check *chk)
{
	const struct net *net = chk->net;
	__u32 priority = chk->sender.priority;
	bool seen = chk->sender.seen & TXP_SEEN_PRIORITY;

	if (chk->sender.origin == TXP_ORIGIN_FORWARD &&
	    KERNEL_READ(net, ipv4.sysctl_ip_fwd_update_priority)) {
		priority = tos_to_priority(chk->sender.tos);
		seen = true;
	}
	if (seen)
		check_field(chk, TXP_FIELD_PRIORITY, priority ?: netprio(), chk->priority);
	else
		check_settle(chk, TXP_FIELD_PRIORITY, TXP_VERDICT_OBSERVED);
}

/* All fields that follow from the sender: TXP_FIELDS_SENDER. */
static __always_inline void rules_sender(struct txp_check *chk)
{
	const struct txp_sender *snd = &chk->sender;

	if (snd->origin == TXP_ORIGIN_NONE) {
		check_settle(chk, TXP_FIELD_TTL, chk->no_sender);
		check_settle(chk, TXP_FIELD_TOS, chk->no_sender);
		check_settle(chk, TXP_FIELD_DF, chk->no_sender);
		check_settle(chk, TXP_FIELD_ID, chk->no_sender);
		check_settle(chk, TXP_FIELD_OPTIONS, chk->no_sender);
		check_settle(chk, TXP_FIELD_PRIORITY, chk->no_sender);
		check_settle(chk, TXP_FIELD_MARK, chk->no_sender);
		return;
	}
	rule_ttl(chk);
	check_seen(chk, TXP_FIELD_TOS, snd->seen & TXP_SEEN_TOS, snd->tos, chk->pkt.ip.tos);
	rule_df(chk);
	rule_id(chk);
	check_seen(chk, TXP_FIELD_OPTIONS, snd->seen & TXP_SEEN_OPTIONS,
		   sizeof(struct iphdr) + snd->option_len, packet_header_len(&chk->pkt));
	rule_priority(chk);
	check_seen(chk, TXP_FIELD_MARK, snd->seen & TXP_SEEN_MARK, snd->mark, chk->mark);
}

/* ip_finish_output; skb_gso_validate_network_len */
static __always_inline void rule_mtu(struct txp_check *chk)
{
	const struct inet_sock *inet = (const void *)chk->sk;
	const struct sk_buff *skb = chk->skb;
	const struct sock *sk = chk->sk;
	const struct net *net = chk->net;
	__u32 mtu;

	/* ip_skb_dst_mtu: of a full socket that has sent the packet, and not of a tunnel's inner */
	if (sk && sock_is_full(sk) && sock_is_inet(sk) &&
	    (__u8)KERNEL_READ(sk, sk_protocol) == chk->pkt.ip.protocol &&
	    KERNEL_READ(inet, pmtudisc) >= TXP_PMTUDISC_PROBE)
		mtu = mtu_clamp(chk->route.dev_mtu);
	else
		mtu = route_mtu(&chk->route, KERNEL_READ(net, ipv4.sysctl_ip_fwd_use_pmtu));
	if (!chk->gso_size)
		check_limit(chk, TXP_FIELD_MTU, mtu, chk->pkt.l3_len);
	else if (chk->gso_size == TXP_GSO_BY_FRAGS || !chk->pkt.l4_len ||
		 KERNEL_READ_BITS(skb, encapsulation))
		check_settle(chk, TXP_FIELD_GSO, TXP_VERDICT_DECLINED);
	else
		check_limit(chk, TXP_FIELD_GSO, mtu,
			    packet_header_len(&chk->pkt) + chk->pkt.l4_len + chk->gso_size);
}

/* ip_finish_output2: the headroom before the link-layer header is at least LL_RESERVED_SPACE. */
static __always_inline void rule_headroom(struct txp_check *chk)
{
	const struct sk_buff *skb = chk->skb;
	const struct net_device *dev = KERNEL_READ(skb, dev);
	__u32 header = KERNEL_READ(dev, hard_header_len);
	__u32 needed = KERNEL_READ(dev, needed_headroom);
	__u32 reserved = ((header + needed) & ~(TXP_HH_DATA_ALIGN - 1)) + TXP_HH_DATA_ALIGN;
	__u64 headroom = KERNEL_READ(skb, data) - KERNEL_READ(skb, head);

	if (!chk->pkt.l2_len || !KERNEL_READ(dev, header_ops))
		return; /* the kernel does not check */
	/* the link-layer header was pushed since */
	headroom += chk->pkt.l2_len;
	if (headroom >= reserved)
		check_settle(chk, TXP_FIELD_HEADROOM, TXP_VERDICT_MATCH);
	else
		check_differs(chk, TXP_FIELD_HEADROOM, reserved, headroom);
}

#endif /* TXPATH_BPF_VERIFY_RULES_H */
