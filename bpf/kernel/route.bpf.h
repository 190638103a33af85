/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The route that a packet has been given. */
#ifndef TXPATH_BPF_KERNEL_ROUTE_H
#define TXPATH_BPF_KERNEL_ROUTE_H

#include "kernel/types.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct dst_ops {
	unsigned short family;
};

struct lwtunnel_state;
struct xfrm_state;

struct dst_entry {
	struct net_device *dev;
	struct dst_ops *ops;
	unsigned long _metrics;
	unsigned long expires;
	struct xfrm_state *xfrm;
	unsigned short flags;
	struct lwtunnel_state *lwtstate;
};

struct rtable {
	struct dst_entry dst;
	int rt_genid;
	unsigned int rt_flags;
	__u16 rt_type;
	__u8 rt_is_input;
	__u8 rt_uses_gateway;
	__u8 rt_gw_family;
	__be32 rt_gw4; /* rt_gw6 begins at the same place */
	__u32 rt_mtu_locked : 1, rt_pmtu : 31;
};

struct rt6_info {
	struct dst_entry dst;
	struct in6_addr rt6i_gateway;
};

#pragma clang attribute pop

#define TXP_RTN_UNICAST 1
#define TXP_RTAX_LOCK 1
#define TXP_RTAX_MTU 2
#define TXP_RTAX_HOPLIMIT 10
#define TXP_RTCF_REDIRECTED 0x00040000
#define TXP_RTCF_BROADCAST 0x10000000
#define TXP_RTCF_MULTICAST 0x20000000
#define TXP_RTCF_LOCAL 0x80000000
#define TXP_DST_FAKE_RTABLE 0x0010
#define TXP_DST_METADATA 0x0080
#define TXP_DST_METRICS_PTR (~3UL)
#define TXP_IPV4_MIN_MTU 68
#define TXP_IP_MAX_MTU 65535U

#endif /* TXPATH_BPF_KERNEL_ROUTE_H */
