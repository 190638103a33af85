/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Netfilter: its hooks, conntrack and nf_tables. */
#ifndef TXPATH_BPF_KERNEL_NETFILTER_H
#define TXPATH_BPF_KERNEL_NETFILTER_H

#include "kernel/types.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct nf_hook_entry {
	void *hook;
	void *priv;
};

struct nf_hook_entries {
	__u16 num_hook_entries;
	struct nf_hook_entry hooks[1];
};

struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[5];
};

struct nf_hook_state {
	struct net_device *out;
	struct net *net;
};

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

struct nf_tcp_net {
	__u8 tcp_be_liberal;
};

struct nf_ip_net {
	struct nf_tcp_net tcp;
};

struct netns_ct {
	struct nf_ip_net nf_ct_proto;
	void *stat; /* per CPU; NULL: conntrack is not in the kernel */
};

struct nf_ct_ext {
	__u8 offset[4]; /* by enum nf_ct_ext_id, the helper's first */
};

struct nf_conn {
	unsigned long status;
	struct nf_ct_ext *ext;
};

/* nf_tables changes one bit with each commit, and since 6.7 counts them here. */
struct netns_nftables {
	unsigned int base_seq;
	__u8 gencursor;
};

#pragma clang attribute pop

#define TXP_NFCT_PTRMASK (~7UL)
#define TXP_NFCT_INFOMASK 7UL
#define TXP_IP_CT_ESTABLISHED 0
#define TXP_IP_CT_ESTABLISHED_REPLY 3
#define TXP_IPS_SEQ_ADJUST (1 << 6)
#define TXP_NF_CT_EXT_HELPER 0

#endif /* TXPATH_BPF_KERNEL_NETFILTER_H */
