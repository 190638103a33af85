/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The route that the kernel gave a packet, read from the packet, and the MTU it implies. */
#ifndef TXPATH_ROUTE_BPF_H
#define TXPATH_ROUTE_BPF_H

#include "kernel.bpf.h"
#include "sender.bpf.h"

struct txp_route {
	__u32 genid;	/* net's rt_genid when the route was made */
	__u32 flags;	/* RTCF_x */
	__be32 gateway; /* 0: on link */
	__u32 path_mtu; /* learned and not expired, 0: none */
	__u32 mtu;	/* RTAX_MTU, 0: none */
	__u32 dev_mtu;
	__u32 hoplimit; /* RTAX_HOPLIMIT, 0: none */
	__u16 type;	/* RTN_x */
	__u8 forwarded; /* an input route: the packet came from a device */
	__u8 mtu_locked;
	__u8 uses_gateway;
	__u8 gateway_family;
	__u16 reserved;
};

static __always_inline __u32 route_metric(const struct rtable *rt, __u32 index)
{
	const __u32 *metrics =
		(const __u32 *)(BPF_CORE_READ(rt, dst._metrics) & TXP_DST_METRICS_PTR);
	__u32 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value), &metrics[index - 1]);
	return value;
}

/* dst_mtu: rt_pmtu counts until it expires. */
static __always_inline __u32 route_path_mtu(const struct rtable *rt)
{
	__u32 path_mtu = BPF_CORE_READ_BITFIELD_PROBED(rt, rt_pmtu);
	__s64 left = BPF_CORE_READ(rt, dst.expires) - bpf_jiffies64();

	return path_mtu && left > 0 ? path_mtu : 0;
}

static __always_inline void route_read(struct txp_route *route, const struct rtable *rt)
{
	route->genid = BPF_CORE_READ(rt, rt_genid);
	route->flags = BPF_CORE_READ(rt, rt_flags);
	route->type = BPF_CORE_READ(rt, rt_type);
	route->forwarded = BPF_CORE_READ(rt, rt_is_input);
	route->uses_gateway = BPF_CORE_READ(rt, rt_uses_gateway);
	route->gateway_family = BPF_CORE_READ(rt, rt_gw_family);
	route->gateway = route->gateway_family == TXP_AF_INET ? BPF_CORE_READ(rt, rt_gw4) : 0;
	route->path_mtu = route_path_mtu(rt);
	route->mtu = route_metric(rt, TXP_RTAX_MTU);
	route->hoplimit = route_metric(rt, TXP_RTAX_HOPLIMIT);
	route->dev_mtu = BPF_CORE_READ(rt, dst.dev, mtu);
	/* ip_mtu_locked */
	route->mtu_locked = BPF_CORE_READ_BITFIELD_PROBED(rt, rt_mtu_locked) ||
			    route_metric(rt, TXP_RTAX_LOCK) & (1 << TXP_RTAX_MTU);
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

#endif /* TXPATH_ROUTE_BPF_H */
