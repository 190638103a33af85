/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who sent this packet: from the dossier of an earlier probe, or, where there is none, from
 * the socket that the packet still holds. Only TCP can be told from its socket: it sends under
 * the socket's lock, and nothing is set per message.
 */
#ifndef TXPATH_BPF_VERIFY_ORIGIN_H
#define TXPATH_BPF_VERIFY_ORIGIN_H

#include "verify/result.bpf.h"
#include "lib/skb_meta.bpf.h"

static __always_inline __u8 sock_state(const struct sock *sk)
{
	return KERNEL_READ(sk, __sk_common.skc_state);
}

/* sk_fullsock */
static __always_inline bool sock_is_full(const struct sock *sk)
{
	__u8 state = sock_state(sk);

	return state != TXP_TCP_TIME_WAIT && state != TXP_TCP_NEW_SYN_RECV;
}

static __always_inline bool sock_is_inet(const struct sock *sk)
{
	__u16 family = KERNEL_READ(sk, __sk_common.skc_family);

	return family == TXP_AF_INET || family == TXP_AF_INET6;
}

/* The outer packet of a tunnel still holds the inner packet's socket. */
static __always_inline bool sock_is_sender(const struct txp_check *chk)
{
	return (__u8)KERNEL_READ(check_sk(chk), sk_protocol) == chk->pkt.ip.protocol;
}

/*
 * Two kinds of TCP packets are not built from the socket that they hold. Resets are built by
 * __ip_make_skb on a socket of the kernel's, and since 6.18 only borrow the reference to the
 * connection's. A SYN-ACK on a full socket is a fast open's, built by ip_build_and_send_pkt.
 */
static __always_inline bool origin_is_own_tcp(const struct txp_check *chk)
{
	__u8 flags = chk->pkt.tcp_flags;

	if (chk->pkt.ip.protocol != IPPROTO_TCP || flags & TXP_TCP_RST ||
	    (flags & TXP_TCP_SYN && flags & TXP_TCP_ACK))
		return false;
	return sock_is_full(chk->sk) && KERNEL_READ(check_sk(chk), sk_type) == TXP_SOCK_STREAM;
}

/* __ip_queue_xmit has run: inet_id has moved on by this packet's segments. */
static __always_inline void origin_from_tcp(struct txp_check *chk)
{
	sender_read_stream(&chk->sender, chk->sk, chk->skb);
	chk->sender.id_rule = TXP_ID_WAITED;
	chk->sender.id = kernel_inet_id(chk->sk) - (chk->gso_segs ?: 1);
}

static __always_inline void origin_from_request(struct txp_check *chk)
{
	const struct sock *listener = KERNEL_READ(check_sk(chk), __sk_common.skc_listener);

	if (!listener)
		return;
	sender_read_synack(&chk->sender, listener);
	chk->sender.seen = TXP_SEEN_PRIORITY;
	if (!KERNEL_READ(check_net(chk), ipv4.sysctl_tcp_reflect_tos))
		chk->sender.seen |= TXP_SEEN_TOS;
}

static __always_inline void origin_from_socket(struct txp_check *chk)
{
	/* veth and ipvlan keep the socket of another namespace on the packet */
	if (!chk->sk || !sock_is_inet(chk->sk) ||
	    KERNEL_READ(check_sk(chk), __sk_common.skc_net.net) != chk->net)
		return;
	if (origin_is_own_tcp(chk))
		origin_from_tcp(chk);
	else if (sock_state(chk->sk) == TXP_TCP_NEW_SYN_RECV && chk->pkt.tcp_flags & TXP_TCP_SYN)
		origin_from_request(chk);
}

/* Why the sender is not known: an attached probe should have noted it, or nothing could. */
static __always_inline enum txp_verdict origin_missing(const struct txp_check *chk)
{
	if (packet_is_fragment(&chk->pkt))
		return TXP_VERDICT_OBSERVED; /* ip_do_fragment made it, a new packet */
	if (chk->route.forwarded)
		return instance_has_probe(TXP_PROBE_IP_FORWARD) ? TXP_VERDICT_LOST
								: TXP_VERDICT_OBSERVED;
	if (!chk->sk || !sock_is_full(chk->sk))
		return TXP_VERDICT_OBSERVED; /* IGMP, tunnels, timewait: no socket that we read */
	if (KERNEL_READ(check_sk(chk), sk_type) == TXP_SOCK_RAW)
		return TXP_VERDICT_OBSERVED; /* raw_send_hdrinc: the header is the user's */
	if (!sock_is_sender(chk))
		return TXP_VERDICT_OBSERVED; /* a tunnel's outer header */
	return instance_has_probe(TXP_PROBE_IP_MAKE_SKB) ? TXP_VERDICT_LOST : TXP_VERDICT_OBSERVED;
}

/* A dossier of the other direction is a dead packet's, left at the same address. */
static __always_inline bool origin_from_skb_meta(struct txp_check *chk)
{
	return skb_meta_take(chk->skb, &chk->pkt, &chk->sender) &&
	       (chk->sender.origin == TXP_ORIGIN_FORWARD) == chk->route.forwarded;
}

static __always_inline void origin_find(struct txp_check *chk)
{
	if (origin_from_skb_meta(chk))
		return;
	__builtin_memset(&chk->sender, 0, sizeof(chk->sender));
	if (!chk->route.forwarded)
		origin_from_socket(chk);
	/* an ACK for a half-open connection borrows the listener, which has no peer */
	if (chk->sender.id_rule == TXP_ID_WAITED && !sender_fits(&chk->sender, &chk->pkt))
		chk->sender.origin = TXP_ORIGIN_NONE;
	if (chk->sender.origin == TXP_ORIGIN_NONE)
		chk->no_sender = origin_missing(chk);
}

#endif /* TXPATH_BPF_VERIFY_ORIGIN_H */
