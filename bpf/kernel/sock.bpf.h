/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A socket, and the options that it was given. */
#ifndef TXPATH_BPF_KERNEL_SOCK_H
#define TXPATH_BPF_KERNEL_SOCK_H

#include "kernel/netns.bpf.h"
#include "kernel/route.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ipv6_pinfo {
	struct in6_addr saddr;
};

struct sock;

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	struct in6_addr skc_v6_daddr;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned short skc_tx_queue_mapping;
	int skc_bound_dev_if;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct sock *skc_listener; /* of a request_sock: rsk_listener */
};

struct sock_cgroup_data {
	__u16 prioidx;
};

struct sock {
	struct sock_common __sk_common;
	__u32 sk_priority;
	__u32 sk_mark;
	__u16 sk_type;
	__u16 sk_protocol;
	struct dst_entry *sk_dst_cache;
	struct sock_cgroup_data sk_cgrp_data;
};

/* Up to 5.14 prioidx is there only if this bit is set: else the place is a cgroup's address. */
struct sock___shared {
	struct {
		__u8 is_data : 1;
	} sk_cgrp_data;
};

enum sock_flags {
	SOCK_LOCALROUTE = 4, /* SO_DONTROUTE */
};

struct ip_options {
	unsigned char optlen;
};

struct ip_options_rcu {
	struct ip_options opt;
};

struct inet_sock {
	struct sock sk;
	__be32 inet_saddr;
	__be16 inet_sport;
	struct ipv6_pinfo *pinet6;
	__s16 uc_ttl;
	struct ip_options_rcu *inet_opt;
	__u8 tos;
	__u8 pmtudisc;
	int uc_index;
};

/* atomic since 6.6, and 6.1 in its later releases */
struct inet_sock___atomic_id {
	atomic_t inet_id;
};

struct inet_sock___plain_id {
	__u16 inet_id;
};

#pragma clang attribute pop

#define TXP_TCP_TIME_WAIT 6
#define TXP_TCP_CLOSE 7
#define TXP_TCP_NEW_SYN_RECV 12
#define TXP_SOCK_STREAM 1
#define TXP_SOCK_RAW 3
#define TXP_PMTUDISC_WANT 1
#define TXP_PMTUDISC_DO 2
#define TXP_PMTUDISC_PROBE 3
#define TXP_PMTUDISC_OMIT 5

/* inet_id before the next packet takes its own. */
static __always_inline __u16 kernel_inet_id(const struct sock *sk)
{
	const struct inet_sock___atomic_id *atomic = (const void *)sk;
	const struct inet_sock___plain_id *plain = (const void *)sk;

	if (bpf_core_field_exists(atomic->inet_id.counter))
		return KERNEL_READ(atomic, inet_id.counter);
	return KERNEL_READ(plain, inet_id);
}

/* ip_select_ident_segs: where inet_id is atomic, datagrams send the sum, not the old value. */
static __always_inline bool kernel_inet_id_is_atomic(void)
{
	return bpf_core_field_exists(((struct inet_sock___atomic_id *)0)->inet_id.counter);
}

#endif /* TXPATH_BPF_KERNEL_SOCK_H */
