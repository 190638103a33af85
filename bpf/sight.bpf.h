/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a station knows of a packet. Before ip_queue_xmit and ip_make_skb have built a header, the
 * socket and the flow know where it goes; from then on the header does.
 */
#ifndef TXPATH_SIGHT_BPF_H
#define TXPATH_SIGHT_BPF_H

#include "asked.bpf.h"
#include "parse.bpf.h"

/* The device that it is to leave by, or is at; NULL: nobody knows yet. */
static __always_inline void sight_place(struct txp_sight *sight, const struct net *net,
					const struct net_device *dev)
{
	sight->ifindex = dev ? KERNEL_READ(dev, ifindex) : 0;
	sight->netns = net ? kernel_netns_id(net) : 0;
}

static __always_inline const struct net_device *dst_device(const struct dst_entry *dst)
{
	return dst ? KERNEL_READ(dst, dev) : NULL;
}

static __always_inline const struct dst_entry *skb_route(const struct sk_buff *skb)
{
	return (const void *)(KERNEL_READ(skb, _skb_refdst) & TXP_SKB_DST_PTRMASK);
}

static __always_inline void sight_packet(struct txp_sight *sight, const struct sk_buff *skb)
{
	sight->len = KERNEL_READ(skb, len);
	if (asks_mark())
		sight->mark = KERNEL_READ(skb, mark);
	if (!asks_for(TXP_WATCH_TRACE))
		return;
	sight->priority = KERNEL_READ(skb, priority);
	sight->queue = KERNEL_READ(skb, queue_mapping);
}

static __always_inline void sight_ports(struct txp_sight *sight, __u64 at)
{
	struct txp_ports ports;

	if (!transport_len(sight->protocol) ||
	    bpf_probe_read_kernel(&ports, sizeof(ports), (const void *)at))
		return;
	sight->sport = ports.source;
	sight->dport = ports.dest;
	sight->flags |= TXP_SIGHT_PORTS;
}

/* The end of what is in one piece. */
static __always_inline __u64 linear_end(const struct sk_buff *skb)
{
	return (__u64)KERNEL_READ(skb, data) + KERNEL_READ(skb, len) - KERNEL_READ(skb, data_len);
}

static __always_inline __u64 network_header(const struct sk_buff *skb)
{
	return (__u64)KERNEL_READ(skb, head) + KERNEL_READ(skb, network_header);
}

static __always_inline void sight_header4(struct txp_sight *sight, const struct sk_buff *skb)
{
	__u64 at = network_header(skb), transport;
	struct iphdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), (const void *)at) || ip.version != 4)
		return;
	sight->family = TXP_AF_INET;
	sight->flags |= TXP_SIGHT_HEADER;
	sight->saddr[0] = ip.saddr;
	sight->daddr[0] = ip.daddr;
	sight->protocol = ip.protocol;
	sight->ttl = ip.ttl;
	sight->tos = ip.tos;
	sight->id = bpf_ntohs(ip.id);
	sight->fragment = bpf_ntohs(ip.frag_off);
	transport = at + ip.ihl * 4;
	if (!(sight->fragment & TXP_IP_OFFSET) && transport + sizeof(__be32) <= linear_end(skb))
		sight_ports(sight, transport);
}

static __always_inline void sight_header6(struct txp_sight *sight, const struct sk_buff *skb)
{
	__u64 at = network_header(skb), transport = at + sizeof(struct ipv6hdr);
	struct ipv6hdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), (const void *)at) || ip.version != 6)
		return;
	sight->family = TXP_AF_INET6;
	sight->flags |= TXP_SIGHT_HEADER;
	__builtin_memcpy(sight->saddr, &ip.saddr, sizeof(sight->saddr));
	__builtin_memcpy(sight->daddr, &ip.daddr, sizeof(sight->daddr));
	sight->protocol = ip.nexthdr;
	sight->ttl = ip.hop_limit;
	sight->tos = ip.priority << 4 | ip.flow_lbl[0] >> 4;
	if (transport + sizeof(__be32) <= linear_end(skb))
		sight_ports(sight, transport);
}

/* ip_queue_xmit: TCP's and L2TP's addresses are the socket's, SCTP's the transport's. */
static __always_inline void sight_stream(struct txp_sight *sight, const struct sock *sk,
					 const struct sk_buff *skb, const struct flowi4 *fl4)
{
	const struct inet_sock *inet = (const void *)sk;
	bool of_flow;

	sight->family = TXP_AF_INET;
	sight->protocol = KERNEL_READ(sk, sk_protocol);
	of_flow = fl4 && sight->protocol == IPPROTO_SCTP;
	sight->saddr[0] = of_flow ? KERNEL_READ(fl4, saddr) : KERNEL_READ(inet, inet_saddr);
	sight->daddr[0] =
		of_flow ? KERNEL_READ(fl4, daddr) : KERNEL_READ(sk, __sk_common.skc_daddr);
	sight->mark = KERNEL_READ(sk, sk_mark);
	sight->priority = KERNEL_READ(sk, sk_priority);
	sight_ports(sight, (__u64)KERNEL_READ(skb, data));
}

static __always_inline void sight_socket6(struct txp_sight *sight, const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;
	const struct ipv6_pinfo *inet6 = KERNEL_READ(inet, pinet6);

	sight->family = TXP_AF_INET6;
	bpf_probe_read_kernel(sight->daddr, sizeof(sight->daddr), &sk->__sk_common.skc_v6_daddr);
	if (inet6)
		bpf_probe_read_kernel(sight->saddr, sizeof(sight->saddr), &inet6->saddr);
}

/* A segment that was dropped before it had a header: its socket knows where it was to go. */
static __always_inline void sight_socket(struct txp_sight *sight, const struct sk_buff *skb)
{
	const struct sock *sk = KERNEL_READ(skb, sk);
	__u8 state = sk ? KERNEL_READ(sk, __sk_common.skc_state) : 0;

	/* those are no full sockets */
	if (!sk || state == TXP_TCP_TIME_WAIT || state == TXP_TCP_NEW_SYN_RECV)
		return;
	if (KERNEL_READ(sk, __sk_common.skc_family) == TXP_AF_INET)
		sight_stream(sight, sk, skb, NULL);
	else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) /* CONFIG_IPV6 */
		sight_socket6(sight, sk);
	sight->protocol = KERNEL_READ(sk, sk_protocol);
	sight_ports(sight, (__u64)KERNEL_READ(skb, data));
}

static __always_inline void sight_header(struct txp_sight *sight, const struct sk_buff *skb,
					 __u8 family)
{
	__be16 protocol = KERNEL_READ(skb, protocol);

	if (!family && !protocol)
		sight_socket(sight, skb);
	else if (family == TXP_AF_INET || (!family && protocol == bpf_htons(ETH_P_IP)))
		sight_header4(sight, skb);
	else if (family == TXP_AF_INET6 || (!family && protocol == bpf_htons(ETH_P_IPV6)))
		sight_header6(sight, skb);
}

static __always_inline void sight_flow_ports(struct txp_sight *sight, __be16 sport, __be16 dport)
{
	if (!transport_len(sight->protocol))
		return;
	sight->sport = sport;
	sight->dport = dport;
	sight->flags |= TXP_SIGHT_PORTS;
}

static __always_inline void sight_flow4(struct txp_sight *sight, const struct flowi4 *fl4)
{
	sight->family = TXP_AF_INET;
	sight->protocol = KERNEL_READ(fl4, __fl_common.flowic_proto);
	sight->saddr[0] = KERNEL_READ(fl4, saddr);
	sight->daddr[0] = KERNEL_READ(fl4, daddr);
	sight_flow_ports(sight, KERNEL_READ(fl4, uli.ports.sport),
			 KERNEL_READ(fl4, uli.ports.dport));
}

static __always_inline void sight_flow6(struct txp_sight *sight, const struct flowi6 *fl6)
{
	sight->family = TXP_AF_INET6;
	sight->protocol = KERNEL_READ(fl6, __fl_common.flowic_proto);
	bpf_probe_read_kernel(sight->saddr, sizeof(sight->saddr), &fl6->saddr);
	bpf_probe_read_kernel(sight->daddr, sizeof(sight->daddr), &fl6->daddr);
	sight_flow_ports(sight, KERNEL_READ(fl6, uli.ports.sport),
			 KERNEL_READ(fl6, uli.ports.dport));
}

static __always_inline void next_hop4(struct txp_sight *sight, const struct rtable *rt)
{
	__u8 family = KERNEL_READ(rt, rt_gw_family);

	sight->next_hop_family = family ?: TXP_AF_INET;
	if (family == TXP_AF_INET6)
		bpf_probe_read_kernel(sight->next_hop, sizeof(sight->next_hop), &rt->rt_gw4);
	else
		sight->next_hop[0] = family ? KERNEL_READ(rt, rt_gw4) : sight->daddr[0];
}

/* rt6_nexthop */
static __always_inline void next_hop6(struct txp_sight *sight, const struct rt6_info *rt)
{
	bpf_probe_read_kernel(sight->next_hop, sizeof(sight->next_hop), &rt->rt6i_gateway);
	sight->next_hop_family = TXP_AF_INET6;
	if (!(sight->next_hop[0] | sight->next_hop[1] | sight->next_hop[2] | sight->next_hop[3]))
		__builtin_memcpy(sight->next_hop, sight->daddr, sizeof(sight->next_hop));
}

static __always_inline void sight_next_hop(struct txp_sight *sight, const struct dst_entry *dst)
{
	__u16 family;

	if (!dst || KERNEL_READ(dst, flags) & (TXP_DST_METADATA | TXP_DST_FAKE_RTABLE))
		return;
	family = KERNEL_READ(dst, ops, family);
	if (family != sight->family)
		return;
	if (family == TXP_AF_INET)
		next_hop4(sight, (const void *)dst);
	else if (bpf_core_type_exists(struct rt6_info)) /* CONFIG_IPV6 */
		next_hop6(sight, (const void *)dst);
	sight->flags |= TXP_SIGHT_NEXT_HOP;
}

#endif /* TXPATH_SIGHT_BPF_H */
