/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The route that the kernel gave a packet, read from the packet, and the MTU it implies. */
#ifndef TXPATH_BPF_LIB_ROUTE_H
#define TXPATH_BPF_LIB_ROUTE_H

#include "kernel/kernel.bpf.h"
#include "lib/sender.bpf.h"

struct txp_route {
	__u32 genid;	    /* net's rt_genid when the route was made */
	__u32 flags;	    /* RTCF_x */
	__be32 gateway;	    /* 0: on link, or of the other family */
	__be32 gateway6[4]; /* if gateway_family is AF_INET6 */
	__u32 path_mtu;	    /* learned and not expired, 0: none */
	__u32 mtu;	    /* RTAX_MTU, 0: none */
	__u32 dev_mtu;
	__u32 hoplimit; /* RTAX_HOPLIMIT, 0: none */
	__u16 type;	/* RTN_x */
	__u8 forwarded; /* an input route: the packet came from a device */
	__u8 mtu_locked;
	__u8 uses_gateway;
	__u8 gateway_family;
	__u16 reserved;
};

/* dst->_metrics: an array whose address carries flags, RTAX_x counted from 1. */
static __always_inline void route_read_metrics(struct txp_route *route, const struct rtable *rt)
{
	const void *metrics = (const void *)(KERNEL_READ(rt, dst._metrics) & TXP_DST_METRICS_PTR);
	__u32 metric[TXP_RTAX_HOPLIMIT] = {};

	bpf_probe_read_kernel(metric, sizeof(metric), metrics);
	route->mtu = metric[TXP_RTAX_MTU - 1];
	route->hoplimit = metric[TXP_RTAX_HOPLIMIT - 1];
	/* ip_mtu_locked */
	route->mtu_locked = KERNEL_READ_BITS(rt, rt_mtu_locked) ||
			    metric[TXP_RTAX_LOCK - 1] & (1 << TXP_RTAX_MTU);
}

/* dst_mtu: rt_pmtu counts until it expires. */
static __always_inline __u32 route_path_mtu(const struct rtable *rt)
{
	__u32 path_mtu = KERNEL_READ_BITS(rt, rt_pmtu);
	__s64 left = KERNEL_READ(rt, dst.expires) - bpf_jiffies64();

	return path_mtu && left > 0 ? path_mtu : 0;
}

static __always_inline void route_read(struct txp_route *route, const struct rtable *rt)
{
	route->genid = KERNEL_READ(rt, rt_genid);
	route->flags = KERNEL_READ(rt, rt_flags);
	route->type = KERNEL_READ(rt, rt_type);
	route->forwarded = KERNEL_READ(rt, rt_is_input);
	route->uses_gateway = KERNEL_READ(rt, rt_uses_gateway);
	route->gateway_family = KERNEL_READ(rt, rt_gw_family);
	route->gateway = route->gateway_family == TXP_AF_INET ? KERNEL_READ(rt, rt_gw4) : 0;
	if (route->gateway_family == TXP_AF_INET6)
		bpf_probe_read_kernel(route->gateway6, sizeof(route->gateway6), &rt->rt_gw4);
	route->path_mtu = route_path_mtu(rt);
	route->dev_mtu = KERNEL_READ(rt, dst.dev, mtu);
	route_read_metrics(route, rt);
}

static __always_inline __u32 mtu_clamp(__u32 mtu)
{
	return mtu < TXP_IP_MAX_MTU ? mtu : TXP_IP_MAX_MTU;
}

/* ip_dst_mtu_maybe_forward */
static __always_inline __u32 route_mtu(const struct txp_route *route, bool use_pmtu)
{
	__u32 mtu = route->dev_mtu;

	if ((use_pmtu || route->mtu_locked || !route->forwarded) && route->path_mtu)
		mtu = route->path_mtu;
	else if (route->mtu)
		mtu = route->mtu;
	else if (route->mtu_locked && route->uses_gateway && mtu > 576)
		mtu = 576;
	return mtu_clamp(mtu);
}

/* ip_dont_fragment */
static __always_inline bool route_dont_fragment(const struct txp_route *route, __u8 pmtudisc)
{
	return pmtudisc == TXP_PMTUDISC_DO || (pmtudisc == TXP_PMTUDISC_WANT && !route->mtu_locked);
}

#endif /* TXPATH_BPF_LIB_ROUTE_H */
