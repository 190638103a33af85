/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A network namespace: its settings and the generations of what it decides by. */
#ifndef TXPATH_BPF_KERNEL_NETNS_H
#define TXPATH_BPF_KERNEL_NETNS_H

#include "kernel/netfilter.bpf.h"
#include "kernel/read.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct fib_table {
	__u32 tb_id;
	int tb_num_default;
};

struct ipv4_devconf {
	int data[8];
};

struct netns_ipv4 {
	bool fib_has_custom_rules;
	struct fib_table *fib_main;
	unsigned int fib_rules_require_fldissect;
	struct ipv4_devconf *devconf_all;
	__u8 sysctl_ip_default_ttl;
	__u8 sysctl_ip_fwd_use_pmtu;
	__u8 sysctl_ip_fwd_update_priority;
	__u8 sysctl_tcp_reflect_tos;
	__u8 sysctl_fib_multipath_hash_policy;
	unsigned int fib_seq;
	atomic_t rt_genid;
};

struct netns_nexthop {
	unsigned int seq;
};

struct netns_xfrm {
	unsigned int policy_count[6];
	__u8 policy_default[3];
};

struct net {
	struct ns_common ns;
	struct hlist_head *dev_index_head;
	__u64 net_cookie;
	struct netns_ipv4 ipv4;
	struct netns_nf nf;
	struct netns_ct ct;
	struct netns_nftables nft;
	struct netns_nexthop nexthop;
	struct netns_xfrm xfrm;
};

/* Settings that were an int until 5.14: as a __u8 they would be wrong on big-endian machines. */
struct net___wide {
	struct {
		int sysctl_ip_fwd_use_pmtu;
		int sysctl_ip_fwd_update_priority;
		int sysctl_fib_multipath_hash_policy;
	} ipv4;
	struct {
		struct {
			struct {
				int tcp_be_liberal;
			} tcp;
		} nf_ct_proto;
	} ct;
};

/* Up to 5.11 the cookie is made only when it is asked for, so it cannot identify a namespace. */
struct net___lazy_cookie {
	atomic64_t net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

#pragma clang attribute pop

#define TXP_DEVCONF_FORWARDING 0 /* IPV4_DEVCONF_FORWARDING - 1, and so on */
#define TXP_DEVCONF_RP_FILTER 7
#define TXP_XFRM_POLICY_OUT 1
#define TXP_XFRM_POLICY_FWD 2
#define TXP_XFRM_BLOCK 1

/* The namespace's identity is its cookie, else its inode number: as loader/lib/netns.c has it. */
static __always_inline bool kernel_has_netns_cookie(void)
{
	const struct net *net = NULL;
	const struct net___lazy_cookie *lazy = NULL;

	return bpf_core_field_exists(net->net_cookie) &&
	       !bpf_core_field_exists(lazy->net_cookie.counter);
}

static __always_inline __u64 kernel_netns_id(const struct net *net)
{
	if (kernel_has_netns_cookie())
		return KERNEL_READ(net, net_cookie);
	return KERNEL_READ(net, ns.inum);
}

#endif /* TXPATH_BPF_KERNEL_NETNS_H */
