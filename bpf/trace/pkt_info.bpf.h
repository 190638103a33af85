/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fills struct txp_pkt_info, what a probe knows of a packet. Until ip_queue_xmit or ip_make_skb has
 * built a header, addresses come from the socket or the flow. From then on they come from the
 * header.
 */
#ifndef TXPATH_BPF_TRACE_PKT_INFO_H
#define TXPATH_BPF_TRACE_PKT_INFO_H

#include "trace/config.bpf.h"
#include "lib/parse.bpf.h"

/* dev: the device that the packet leaves by; NULL: not known yet. */
static __always_inline void pkt_info_place(struct txp_pkt_info *info, const struct net *net,
					   const struct net_device *dev)
{
	info->ifindex = dev ? KERNEL_READ(dev, ifindex) : 0;
	info->netns = net ? kernel_netns_id(net) : 0;
}

static __always_inline const struct net_device *dst_device(const struct dst_entry *dst)
{
	return dst ? KERNEL_READ(dst, dev) : NULL;
}

static __always_inline const struct dst_entry *skb_route(const struct sk_buff *skb)
{
	return (const void *)(KERNEL_READ(skb, _skb_refdst) & TXP_SKB_DST_PTRMASK);
}

static __always_inline void pkt_info_packet(struct txp_pkt_info *info, const struct sk_buff *skb)
{
	info->len = KERNEL_READ(skb, len);
	if (wants_mark())
		info->mark = KERNEL_READ(skb, mark);
	if (!wants(TXP_TRACE_RECORD))
		return;
	info->priority = KERNEL_READ(skb, priority);
	info->queue = KERNEL_READ(skb, queue_mapping);
}

static __always_inline void pkt_info_ports(struct txp_pkt_info *info, __u64 at)
{
	struct txp_ports ports;

	if (!transport_len(info->protocol) ||
	    bpf_probe_read_kernel(&ports, sizeof(ports), (const void *)at))
		return;
	info->sport = ports.source;
	info->dport = ports.dest;
	info->flags |= TXP_PKT_INFO_PORTS;
}

/* The end of the linear part. */
static __always_inline __u64 linear_end(const struct sk_buff *skb)
{
	return (__u64)KERNEL_READ(skb, data) + KERNEL_READ(skb, len) - KERNEL_READ(skb, data_len);
}

static __always_inline __u64 network_header(const struct sk_buff *skb)
{
	return (__u64)KERNEL_READ(skb, head) + KERNEL_READ(skb, network_header);
}

static __always_inline void pkt_info_header4(struct txp_pkt_info *info, const struct sk_buff *skb)
{
	__u64 at = network_header(skb), transport;
	struct iphdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), (const void *)at) || ip.version != 4)
		return;
	info->family = TXP_AF_INET;
	info->flags |= TXP_PKT_INFO_HEADER;
	info->saddr[0] = ip.saddr;
	info->daddr[0] = ip.daddr;
	info->protocol = ip.protocol;
	info->ttl = ip.ttl;
	info->tos = ip.tos;
	info->id = bpf_ntohs(ip.id);
	info->fragment = bpf_ntohs(ip.frag_off);
	transport = at + ip.ihl * 4;
	if (!(info->fragment & TXP_IP_OFFSET) && transport + sizeof(__be32) <= linear_end(skb))
		pkt_info_ports(info, transport);
}

static __always_inline void pkt_info_header6(struct txp_pkt_info *info, const struct sk_buff *skb)
{
	__u64 at = network_header(skb), transport = at + sizeof(struct ipv6hdr);
	struct ipv6hdr ip;

	if (bpf_probe_read_kernel(&ip, sizeof(ip), (const void *)at) || ip.version != 6)
		return;
	info->family = TXP_AF_INET6;
	info->flags |= TXP_PKT_INFO_HEADER;
	__builtin_memcpy(info->saddr, &ip.saddr, sizeof(info->saddr));
	__builtin_memcpy(info->daddr, &ip.daddr, sizeof(info->daddr));
	info->protocol = ip.nexthdr;
	info->ttl = ip.hop_limit;
	info->tos = ip.priority << 4 | ip.flow_lbl[0] >> 4;
	if (transport + sizeof(__be32) <= linear_end(skb))
		pkt_info_ports(info, transport);
}

/* ip_queue_xmit: TCP and L2TP have their addresses in the socket, SCTP in the transport's flow. */
static __always_inline void pkt_info_stream(struct txp_pkt_info *info, const struct sock *sk,
					    const struct sk_buff *skb, const struct flowi4 *fl4)
{
	const struct inet_sock *inet = (const void *)sk;
	bool of_flow;

	info->family = TXP_AF_INET;
	info->protocol = KERNEL_READ(sk, sk_protocol);
	of_flow = fl4 && info->protocol == IPPROTO_SCTP;
	info->saddr[0] = of_flow ? KERNEL_READ(fl4, saddr) : KERNEL_READ(inet, inet_saddr);
	info->daddr[0] = of_flow ? KERNEL_READ(fl4, daddr) : KERNEL_READ(sk, __sk_common.skc_daddr);
	info->mark = KERNEL_READ(sk, sk_mark);
	info->priority = KERNEL_READ(sk, sk_priority);
	pkt_info_ports(info, (__u64)KERNEL_READ(skb, data));
}

static __always_inline void pkt_info_socket6(struct txp_pkt_info *info, const struct sock *sk)
{
	const struct inet_sock *inet = (const void *)sk;
	const struct ipv6_pinfo *inet6 = KERNEL_READ(inet, pinet6);

	info->family = TXP_AF_INET6;
	bpf_probe_read_kernel(info->daddr, sizeof(info->daddr), &sk->__sk_common.skc_v6_daddr);
	if (inet6)
		bpf_probe_read_kernel(info->saddr, sizeof(info->saddr), &inet6->saddr);
}

/* For a segment that was dropped before it had a header: the addresses are in its socket. */
static __always_inline void pkt_info_socket(struct txp_pkt_info *info, const struct sk_buff *skb)
{
	const struct sock *sk = KERNEL_READ(skb, sk);
	__u8 state = sk ? KERNEL_READ(sk, __sk_common.skc_state) : 0;

	/* these are no full sockets */
	if (!sk || state == TXP_TCP_TIME_WAIT || state == TXP_TCP_NEW_SYN_RECV)
		return;
	if (KERNEL_READ(sk, __sk_common.skc_family) == TXP_AF_INET)
		pkt_info_stream(info, sk, skb, NULL);
	else if (bpf_core_field_exists(sk->__sk_common.skc_v6_daddr)) /* CONFIG_IPV6 */
		pkt_info_socket6(info, sk);
	info->protocol = KERNEL_READ(sk, sk_protocol);
	pkt_info_ports(info, (__u64)KERNEL_READ(skb, data));
}

static __always_inline void pkt_info_header(struct txp_pkt_info *info, const struct sk_buff *skb,
					    __u8 family)
{
	__be16 protocol = KERNEL_READ(skb, protocol);

	if (!family && !protocol)
		pkt_info_socket(info, skb);
	else if (family == TXP_AF_INET || (!family && protocol == bpf_htons(ETH_P_IP)))
		pkt_info_header4(info, skb);
	else if (family == TXP_AF_INET6 || (!family && protocol == bpf_htons(ETH_P_IPV6)))
		pkt_info_header6(info, skb);
}

static __always_inline void pkt_info_flow_ports(struct txp_pkt_info *info, __be16 sport,
						__be16 dport)
{
	if (!transport_len(info->protocol))
		return;
	info->sport = sport;
	info->dport = dport;
	info->flags |= TXP_PKT_INFO_PORTS;
}

static __always_inline void pkt_info_flow4(struct txp_pkt_info *info, const struct flowi4 *fl4)
{
	info->family = TXP_AF_INET;
	info->protocol = KERNEL_READ(fl4, __fl_common.flowic_proto);
	info->saddr[0] = KERNEL_READ(fl4, saddr);
	info->daddr[0] = KERNEL_READ(fl4, daddr);
	pkt_info_flow_ports(info, KERNEL_READ(fl4, uli.ports.sport),
			    KERNEL_READ(fl4, uli.ports.dport));
}

static __always_inline void pkt_info_flow6(struct txp_pkt_info *info, const struct flowi6 *fl6)
{
	info->family = TXP_AF_INET6;
	info->protocol = KERNEL_READ(fl6, __fl_common.flowic_proto);
	bpf_probe_read_kernel(info->saddr, sizeof(info->saddr), &fl6->saddr);
	bpf_probe_read_kernel(info->daddr, sizeof(info->daddr), &fl6->daddr);
	pkt_info_flow_ports(info, KERNEL_READ(fl6, uli.ports.sport),
			    KERNEL_READ(fl6, uli.ports.dport));
}

static __always_inline void next_hop4(struct txp_pkt_info *info, const struct rtable *rt)
{
	__u8 family = KERNEL_READ(rt, rt_gw_family);

	info->next_hop_family = family ?: TXP_AF_INET;
	if (family == TXP_AF_INET6)
		bpf_probe_read_kernel(info->next_hop, sizeof(info->next_hop), &rt->rt_gw4);
	else
		info->next_hop[0] = family ? KERNEL_READ(rt, rt_gw4) : info->daddr[0];
}

/* rt6_nexthop */
static __always_inline void next_hop6(struct txp_pkt_info *info, const struct rt6_info *rt)
{
	bpf_probe_read_kernel(info->next_hop, sizeof(info->next_hop), &rt->rt6i_gateway);
	info->next_hop_family = TXP_AF_INET6;
	if (!(info->next_hop[0] | info->next_hop[1] | info->next_hop[2] | info->next_hop[3]))
		__builtin_memcpy(info->next_hop, info->daddr, sizeof(info->next_hop));
}

static __always_inline void pkt_info_next_hop(struct txp_pkt_info *info,
					      const struct dst_entry *dst)
{
	__u16 family;

	if (!dst || KERNEL_READ(dst, flags) & (TXP_DST_METADATA | TXP_DST_FAKE_RTABLE))
		return;
	family = KERNEL_READ(dst, ops, family);
	if (family != info->family)
		return;
	if (family == TXP_AF_INET)
		next_hop4(info, (const void *)dst);
	else if (bpf_core_type_exists(struct rt6_info)) /* CONFIG_IPV6 */
		next_hop6(info, (const void *)dst);
	info->flags |= TXP_PKT_INFO_NEXT_HOP;
}

#endif /* TXPATH_BPF_TRACE_PKT_INFO_H */
