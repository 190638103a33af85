/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the sender of a packet. An earlier probe has left it in the skb_meta map. Without that, the
 * socket that the packet still holds is read. This works for TCP only: TCP sends under the socket's
 * lock, and no option is set per message.
 */
#ifndef TXPATH_BPF_VERIFY_ORIGIN_H
#define TXPATH_BPF_VERIFY_ORIGIN_H

#include "verify/result.bpf.h"
#include "lib/skb_meta.bpf.h"

/* sk_fullsock */
static __always_inline bool sock_is_full(const struct sock *sk)
{
	__u8 state = KERNEL_READ(sk, __sk_common.skc_state);

	return state != TXP_TCP_TIME_WAIT && state != TXP_TCP_NEW_SYN_RECV;
}

static __always_inline bool sock_is_inet(const struct sock *sk)
{
	__u16 family = KERNEL_READ(sk, __sk_common.skc_family);

	return family == TXP_AF_INET || family == TXP_AF_INET6;
}

/*
 * Two kinds of TCP packets are not built from the socket that they hold. __ip_make_skb builds a
 * reset on a socket of the kernel's own; since 6.18 the reset borrows a reference to the
 * connection's. ip_build_and_send_pkt builds the SYN-ACK of a fast open on a full socket.
 */
static __always_inline void origin_from_socket(struct txp_check *chk)
{
	const struct sock *sk = chk->sk, *listener;
	const struct net *net = chk->net;
	__u8 flags = chk->pkt.tcp_flags;

	/* veth and ipvlan keep the socket of another namespace on the packet */
	if (!sk || !sock_is_inet(sk) || KERNEL_READ(sk, __sk_common.skc_net.net) != net)
		return;
	if (chk->pkt.ip.protocol == IPPROTO_TCP && !(flags & TXP_TCP_RST) &&
	    !(flags & TXP_TCP_SYN && flags & TXP_TCP_ACK) && sock_is_full(sk) &&
	    KERNEL_READ(sk, sk_type) == TXP_SOCK_STREAM) {
		sender_read_stream(&chk->sender, sk, chk->skb);
		/* __ip_queue_xmit has run: inet_id has moved on by this packet's segments */
		chk->sender.id_rule = TXP_ID_WAITED;
		chk->sender.id = kernel_inet_id(sk) - (chk->gso_segs ?: 1);
		return;
	}
	if (KERNEL_READ(sk, __sk_common.skc_state) != TXP_TCP_NEW_SYN_RECV ||
	    !(flags & TXP_TCP_SYN))
		return;
	listener = KERNEL_READ(sk, __sk_common.skc_listener);
	if (!listener)
		return;
	sender_read_synack(&chk->sender, listener);
	chk->sender.seen = TXP_SEEN_PRIORITY;
	if (!KERNEL_READ(net, ipv4.sysctl_tcp_reflect_tos))
		chk->sender.seen |= TXP_SEEN_TOS;
}

/* Why the sender is not known: LOST if an attached probe should have left it, else OBSERVED. */
static __always_inline enum txp_verdict origin_missing(const struct txp_check *chk)
{
	const struct sock *sk = chk->sk;

	if (packet_is_fragment(&chk->pkt))
		return TXP_VERDICT_OBSERVED; /* ip_do_fragment made it, a new packet */
	if (chk->route.forwarded)
		return instance_has_probe(TXP_PROBE_IP_FORWARD) ? TXP_VERDICT_LOST
								: TXP_VERDICT_OBSERVED;
	if (!sk || !sock_is_full(sk))
		return TXP_VERDICT_OBSERVED; /* IGMP, tunnels, timewait: no socket that we read */
	if (KERNEL_READ(sk, sk_type) == TXP_SOCK_RAW)
		return TXP_VERDICT_OBSERVED; /* raw_send_hdrinc: the header is the user's */
	if ((__u8)KERNEL_READ(sk, sk_protocol) != chk->pkt.ip.protocol)
		return TXP_VERDICT_OBSERVED; /* a tunnel's outer header */
	return instance_has_probe(TXP_PROBE_IP_MAKE_SKB) ? TXP_VERDICT_LOST : TXP_VERDICT_OBSERVED;
}

static __always_inline void origin_find(struct txp_check *chk)
{
	/* an entry of the other direction is a dead packet's, left at the same address */
	if (skb_meta_take(chk->skb, &chk->pkt, &chk->sender) &&
	    (chk->sender.origin == TXP_ORIGIN_FORWARD) == chk->route.forwarded)
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
