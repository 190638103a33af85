/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet: struct sk_buff. */
#ifndef TXPATH_BPF_KERNEL_SKB_H
#define TXPATH_BPF_KERNEL_SKB_H

#include "kernel/read.bpf.h"
#include "kernel/route.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct sk_buff_head {
	struct sk_buff *next;
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	struct sock *sk;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	unsigned int data_len;
	__u16 queue_mapping;
	__u8 pkt_type : 3;
	__u8 ignore_df : 1;
	__u8 encapsulation : 1;
	__u8 l4_hash : 1;
	__u8 sw_hash : 1;
	__u32 sender_cpu;
	__u32 hash;
	__u8 active_extensions;
	void *destructor;
	__u32 priority;
	__u32 mark;
	__be16 protocol;
	__u16 network_header;
	unsigned int end; /* an offset: 64 bit only */
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_info {
	struct sk_buff *frag_list;
};

/* Where the first word of __sk_buff's cb lies in sk_buff's. */
struct qdisc_skb_cb {
	unsigned char data[20];
};

/* 5.17 */
enum skb_drop_reason {
	SKB_NOT_DROPPED_YET = 0,
};

enum skb_ext_id {
	SKB_EXT_BRIDGE_NF = 0,
	SKB_EXT_SEC_PATH = 1,
};

#pragma clang attribute pop

#define TXP_SKB_DST_PTRMASK (~1UL)
#define TXP_PACKET_HOST 0
#define TXP_GSO_BY_FRAGS 0xffff
#define TXP_IP_DF 0x4000
#define TXP_IP_MF 0x2000
#define TXP_IP_OFFSET 0x1fff

/* From a TC program's context to the kernel's own packet, since 6.2. */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/* skb_dst, if it is a real IPv4 route; NULL otherwise. */
static __always_inline struct rtable *kernel_skb_rtable(const struct sk_buff *skb)
{
	struct dst_entry *dst = (void *)(KERNEL_READ(skb, _skb_refdst) & TXP_SKB_DST_PTRMASK);

	if (!dst || KERNEL_READ(dst, flags) & (TXP_DST_METADATA | TXP_DST_FAKE_RTABLE))
		return NULL;
	if (KERNEL_READ(dst, ops, family) != TXP_AF_INET)
		return NULL;
	return (struct rtable *)dst;
}

#endif /* TXPATH_BPF_KERNEL_SKB_H */
