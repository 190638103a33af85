/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sender of a packet: what the kernel builds its IPv4 header from. The probe at the function
 * that builds the header notes it (ip_queue_xmit, ip_build_and_send_pkt, ip_make_skb). For a
 * forwarded packet it is noted at TC ingress. Egress applies the rules later (verify/rules.bpf.h).
 */
#ifndef TXPATH_BPF_LIB_SENDER_H
#define TXPATH_BPF_LIB_SENDER_H

#include "kernel/kernel.bpf.h"

enum txp_origin {
	TXP_ORIGIN_NONE,    /* not known: nothing that depends on the sender can be predicted */
	TXP_ORIGIN_STREAM,  /* __ip_queue_xmit: TCP, SCTP */
	TXP_ORIGIN_SYNACK,  /* ip_build_and_send_pkt */
	TXP_ORIGIN_CORK,    /* __ip_make_skb: UDP, ICMP, raw, TCP resets */
	TXP_ORIGIN_FORWARD, /* ip_forward */
};

enum txp_id_rule {
	TXP_ID_UNSEEN,	  /* not visible */
	TXP_ID_EXACT,	  /* txp_sender.id */
	TXP_ID_WAITED,	  /* txp_sender.id, or an earlier one if it waited for a neighbour */
	TXP_ID_WINDOW,	  /* txp_sender.id or a few later: other threads send on the socket */
	TXP_ID_GENERATED, /* 0 with DF unless ignore_df, else the shared generator */
	TXP_ID_RANDOM,	  /* 0 with DF, else random */
};

#define TXP_SEEN_TOS (1 << 0)
#define TXP_SEEN_MARK (1 << 1)
#define TXP_SEEN_PRIORITY (1 << 2)
#define TXP_SEEN_OPTIONS (1 << 3)

struct txp_sender {
	__be32 saddr; /* the packet must have these addresses, or this is not its sender */
	__be32 daddr;
	__u32 mark;
	__u32 priority;
	__u16 id;      /* host order */
	__s16 uc_ttl;  /* socket's own, -1: the route's */
	__u8 protocol; /* IPPROTO_x */
	__u8 origin;   /* enum txp_origin */
	__u8 id_rule;  /* enum txp_id_rule */
	__u8 seen;     /* TXP_SEEN_x: which members below and above were visible */
	__u8 ttl;      /* cork's own (0: none), or as received */
	__u8 tos;
	__u8 pmtudisc;	  /* IP_PMTUDISC_x */
	__u8 ignore_df;	  /* local fragmentation is allowed even so */
	__u8 df;	  /* as received */
	__u8 option_len;  /* bytes */
	__u8 constrained; /* looked up with an output device, or with scope link */
	__u8 reserved;
	__be16 tot_len;	 /* of a forwarded packet, as received: these two tell it */
	__be16 fragment; /* from the pieces it may be cut into */
};

/* ip_sk_ignore_df */
static __always_inline bool pmtudisc_ignores_df(__u8 pmtudisc)
{
	return pmtudisc < TXP_PMTUDISC_DO || pmtudisc == TXP_PMTUDISC_OMIT;
}

/* What every packet of a socket has in common. */
static __always_inline void sender_read_socket(struct txp_sender *snd, const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;

	snd->uc_ttl = KERNEL_READ(inet, uc_ttl);
	snd->tos = KERNEL_READ(inet, tos);
	snd->pmtudisc = KERNEL_READ(inet, pmtudisc);
	snd->mark = KERNEL_READ(sk, sk_mark);
	snd->priority = KERNEL_READ(sk, sk_priority);
	snd->protocol = KERNEL_READ(sk, sk_protocol);
	snd->seen = TXP_SEEN_TOS | TXP_SEEN_MARK | TXP_SEEN_PRIORITY;
	snd->constrained = KERNEL_READ(sk, __sk_common.skc_bound_dev_if) ||
			   KERNEL_READ(inet, uc_index) ||
			   (KERNEL_READ(sk, __sk_common.skc_flags) &
			    1UL << bpf_core_enum_value(enum sock_flags, SOCK_LOCALROUTE));
}

static __always_inline __u8 options_len(const struct ip_options_rcu *options)
{
	return options ? KERNEL_READ(options, opt.optlen) : 0;
}

/* A connected stream socket: __ip_queue_xmit. The caller fills in the id. */
static __always_inline void sender_read_stream(struct txp_sender *snd, const struct sock *sk,
					       const struct sk_buff *skb)
{
	const struct inet_sock *inet = (const void *)sk;

	sender_read_socket(snd, sk);
	snd->origin = TXP_ORIGIN_STREAM;
	snd->id_rule = TXP_ID_EXACT;
	snd->saddr = KERNEL_READ(inet, inet_saddr);
	snd->daddr = KERNEL_READ(sk, __sk_common.skc_daddr);
	snd->ignore_df = KERNEL_READ_BITS(skb, ignore_df);
	snd->option_len = options_len(KERNEL_READ(inet, inet_opt));
	snd->seen |= TXP_SEEN_OPTIONS;
}

/* A SYN-ACK: ip_build_and_send_pkt. The caller fills in addresses, tos and mark. */
static __always_inline void sender_read_synack(struct txp_sender *snd, const struct sock *listener)
{
	sender_read_socket(snd, listener);
	snd->origin = TXP_ORIGIN_SYNACK;
	snd->id_rule = TXP_ID_RANDOM;
}

/* __ip_make_skb: the priority's rule changed when it became settable per message. */
static __always_inline void cork_read_priority(struct txp_sender *snd, const struct inet_cork *cork)
{
	const struct inet_cork___wide_priority *wide = (const void *)cork;
	const struct inet_cork___char_priority *narrow = (const void *)cork;

	if (bpf_core_field_exists(((struct sockcm_cookie___priority *)0)->priority))
		snd->priority = KERNEL_READ(wide, priority);
	else if (KERNEL_READ(cork, tos) != -1)
		snd->priority = (__s32)KERNEL_READ(narrow, priority);
}

/* ip_select_ident_segs, for sockets other than TCP's. */
static __always_inline void sender_read_id(struct txp_sender *snd, const struct sock *sk,
					   __u32 segments)
{
	if (!KERNEL_READ(sk, __sk_common.skc_daddr)) {
		snd->id_rule = TXP_ID_GENERATED;
		return;
	}
	snd->id_rule = TXP_ID_WINDOW;
	snd->id = kernel_inet_id(sk) + (kernel_inet_id_is_atomic() ? segments : 0);
}

/* A datagram: __ip_make_skb. */
static __always_inline void sender_read_cork(struct txp_sender *snd, const struct sock *sk,
					     const struct flowi4 *fl4, const struct inet_cork *cork)
{
	__s16 tos = KERNEL_READ(cork, tos);

	sender_read_socket(snd, sk);
	snd->origin = TXP_ORIGIN_CORK;
	snd->saddr = KERNEL_READ(fl4, saddr);
	snd->daddr = KERNEL_READ(fl4, daddr);
	snd->constrained |= !!KERNEL_READ(fl4, __fl_common.flowic_scope); /* MSG_DONTROUTE */
	snd->seen |= TXP_SEEN_OPTIONS;
	snd->ttl = KERNEL_READ(cork, ttl);
	if (tos != -1)
		snd->tos = tos;
	snd->mark = KERNEL_READ(cork, mark);
	snd->ignore_df = pmtudisc_ignores_df(snd->pmtudisc);
	if (KERNEL_READ(cork, flags) & TXP_IPCORK_OPT)
		snd->option_len = KERNEL_READ(cork, opt, optlen);
	cork_read_priority(snd, cork);
	sender_read_id(snd, sk, 1);
}

#endif /* TXPATH_BPF_LIB_SENDER_H */
