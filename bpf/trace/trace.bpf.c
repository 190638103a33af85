// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The probes of include/txpath/probes.h, one program for each hook of theirs. They are loaded
 * by txpath probes, latency and trace while these run, and belong to nobody else: with the
 * command they go.
 */
#include "trace/probe_event.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TXP_NF_ACCEPT 1

static __always_inline const struct net *device_net(const struct net_device *dev)
{
	return dev ? KERNEL_READ(dev, nd_net.net) : NULL;
}

static __always_inline const struct net *sock_net(const struct sock *sk)
{
	return KERNEL_READ(sk, __sk_common.skc_net.net);
}

/* Packets that local sockets send, before they have a header. */

SEC("fentry/__ip_queue_xmit")
int BPF_PROG(trace_ip_queue_xmit, struct sock *sk, struct sk_buff *skb, struct flowi *fl)
{
	const struct dst_entry *dst = KERNEL_READ(sk, sk_dst_cache);
	struct txp_pkt_info info = {};
	const struct txp_probe_event at = {
		.skb = skb,
		.net = sock_net(sk),
		.dst = dst,
		.dev = dst_device(dst),
		.probe = TXP_PROBE_IP_QUEUE_XMIT,
		.packets = 1,
	};

	if (asks_packet())
		pkt_info_stream(&info, sk, skb, (const void *)fl);
	return passed_without_header(&at, &info);
}

static __always_inline void pkt_info_synack(struct txp_pkt_info *info, const struct sock *sk,
					    const struct sk_buff *skb, __be32 saddr, __be32 daddr)
{
	info->family = TXP_AF_INET;
	info->protocol = KERNEL_READ(sk, sk_protocol);
	info->mark = KERNEL_READ(skb, mark) ?: KERNEL_READ(sk, sk_mark);
	info->priority = KERNEL_READ(sk, sk_priority);
	info->saddr[0] = saddr;
	info->daddr[0] = daddr;
	pkt_info_ports(info, (__u64)KERNEL_READ(skb, data));
}

SEC("fentry/ip_build_and_send_pkt")
int BPF_PROG(trace_ip_build, struct sk_buff *skb, const struct sock *sk, __be32 saddr, __be32 daddr)
{
	struct txp_pkt_info info = {};
	const struct txp_probe_event at = {
		.skb = skb,
		.net = sock_net(sk),
		.dev = dst_device(skb_route(skb)),
		.probe = TXP_PROBE_IP_BUILD_AND_SEND_PKT,
		.packets = 1,
	};

	if (asks_packet())
		pkt_info_synack(&info, sk, skb, saddr, daddr);
	return passed_without_header(&at, &info);
}

static __always_inline void pkt_info_cork(struct txp_pkt_info *info, const struct sock *sk,
					  const struct inet_cork *cork)
{
	info->mark = KERNEL_READ(cork, mark);
	info->priority = KERNEL_READ(sk, sk_priority);
}

SEC("fentry/__ip_make_skb")
int BPF_PROG(trace_ip_make_skb, struct sock *sk, struct flowi4 *fl4, struct sk_buff_head *queue,
	     struct inet_cork *cork)
{
	const struct txp_probe_event at = {
		.skb = queue->next,
		.net = sock_net(sk),
		.dst = cork->dst,
		.dev = dst_device(cork->dst),
		.probe = TXP_PROBE_IP_MAKE_SKB,
		.packets = 1,
	};
	struct txp_pkt_info info = {};

	if (at.skb == (void *)queue) /* nothing was queued */
		return 0;
	if (asks_packet()) {
		pkt_info_flow4(&info, fl4);
		pkt_info_cork(&info, sk, cork);
	}
	return passed_without_header(&at, &info);
}

SEC("fentry/ip6_xmit")
int BPF_PROG(trace_ip6_xmit, struct sock *sk, struct sk_buff *skb, struct flowi6 *fl6, __u32 mark)
{
	const struct txp_probe_event at = {
		.skb = skb,
		.net = sock_net(sk),
		.dev = dst_device(skb_route(skb)),
		.probe = TXP_PROBE_IP6_XMIT,
		.packets = 1,
	};
	struct txp_pkt_info info = { .mark = mark };

	if (asks_packet()) {
		info.priority = KERNEL_READ(sk, sk_priority);
		pkt_info_flow6(&info, fl6);
	}
	return passed_without_header(&at, &info);
}

SEC("fentry/__ip6_make_skb")
int BPF_PROG(trace_ip6_make_skb, struct sock *sk, struct sk_buff_head *queue,
	     struct inet_cork_full *cork)
{
	const struct txp_probe_event at = {
		.skb = queue->next,
		.net = sock_net(sk),
		.dst = cork->base.dst,
		.dev = dst_device(cork->base.dst),
		.probe = TXP_PROBE_IP6_MAKE_SKB,
		.packets = 1,
	};
	struct txp_pkt_info info = {};

	if (at.skb == (void *)queue)
		return 0;
	if (asks_packet()) {
		pkt_info_flow6(&info, &cork->fl.u.ip6);
		pkt_info_cork(&info, sk, &cork->base);
	}
	return passed_without_header(&at, &info);
}

/* IP: the device is the route's until ip_output has put it into the packet. */

static __always_inline int passed_ip(const struct net *net, const struct sk_buff *skb,
				     const struct net_device *dev, enum txp_probe probe,
				     __u8 family)
{
	const struct txp_probe_event at = {
		.skb = skb,
		.net = net,
		.dev = dev,
		.probe = probe,
		.packets = 1,
		.family = family,
	};

	return passed(&at);
}

#define TRACE_ROUTED(program, function, probe, family)                                             \
	SEC("fentry/" function)                                                                    \
	int BPF_PROG(program, struct net *net, struct sock *sk, struct sk_buff *skb)               \
	{                                                                                          \
		return passed_ip(net, skb, dst_device(skb_route(skb)), probe, family);             \
	}

TRACE_ROUTED(trace_ip_local_out, "__ip_local_out", TXP_PROBE_IP_LOCAL_OUT, TXP_AF_INET)
TRACE_ROUTED(trace_ip_output, "ip_output", TXP_PROBE_IP_OUTPUT, TXP_AF_INET)
TRACE_ROUTED(trace_ip_mc_output, "ip_mc_output", TXP_PROBE_IP_MC_OUTPUT, TXP_AF_INET)
TRACE_ROUTED(trace_ip_finish_output, "ip_finish_output", TXP_PROBE_IP_FINISH_OUTPUT, TXP_AF_INET)
TRACE_ROUTED(trace_ip_do_fragment, "ip_do_fragment", TXP_PROBE_IP_DO_FRAGMENT, TXP_AF_INET)
TRACE_ROUTED(trace_ip_finish_output2, "ip_finish_output2", TXP_PROBE_IP_FINISH_OUTPUT2, TXP_AF_INET)
TRACE_ROUTED(trace_ip6_local_out, "__ip6_local_out", TXP_PROBE_IP6_LOCAL_OUT, TXP_AF_INET6)
TRACE_ROUTED(trace_ip6_output, "ip6_output", TXP_PROBE_IP6_OUTPUT, TXP_AF_INET6)
TRACE_ROUTED(trace_ip6_finish_output, "ip6_finish_output", TXP_PROBE_IP6_FINISH_OUTPUT,
	     TXP_AF_INET6)
TRACE_ROUTED(trace_ip6_fragment, "ip6_fragment", TXP_PROBE_IP6_FRAGMENT, TXP_AF_INET6)
TRACE_ROUTED(trace_ip6_finish_output2, "ip6_finish_output2", TXP_PROBE_IP6_FINISH_OUTPUT2,
	     TXP_AF_INET6)

SEC("fentry/ip_forward")
int BPF_PROG(trace_ip_forward, struct sk_buff *skb)
{
	return passed_ip(device_net(skb->dev), skb, dst_device(skb_route(skb)),
			 TXP_PROBE_IP_FORWARD, TXP_AF_INET);
}

SEC("fentry/ip6_forward")
int BPF_PROG(trace_ip6_forward, struct sk_buff *skb)
{
	return passed_ip(device_net(skb->dev), skb, dst_device(skb_route(skb)),
			 TXP_PROBE_IP6_FORWARD, TXP_AF_INET6);
}

/* Where fentry is refused: the netfilter hooks that these functions call. */

#define TRACE_NETFILTER(program, probe, family)                                                    \
	SEC("netfilter")                                                                           \
	int program(struct bpf_nf_ctx *ctx)                                                        \
	{                                                                                          \
		passed_ip(ctx->state->net, ctx->skb, ctx->state->out, probe, family);              \
		return TXP_NF_ACCEPT;                                                              \
	}

TRACE_NETFILTER(trace_nf_local_out, TXP_PROBE_IP_LOCAL_OUT, TXP_AF_INET)
TRACE_NETFILTER(trace_nf_forward, TXP_PROBE_IP_FORWARD, TXP_AF_INET)
TRACE_NETFILTER(trace_nf6_local_out, TXP_PROBE_IP6_LOCAL_OUT, TXP_AF_INET6)
TRACE_NETFILTER(trace_nf6_forward, TXP_PROBE_IP6_FORWARD, TXP_AF_INET6)
TRACE_NETFILTER(trace_nf6_output, TXP_PROBE_IP6_OUTPUT, TXP_AF_INET6)

/* __mkroute_output: by ip_mc_output goes what this host is to have as well. */
static __always_inline bool is_by_mc_output(const struct sk_buff *skb)
{
	const struct rtable *rt = kernel_skb_rtable(skb);
	__u32 flags = rt ? KERNEL_READ(rt, rt_flags) : 0;

	return flags & TXP_RTCF_LOCAL && flags & (TXP_RTCF_MULTICAST | TXP_RTCF_BROADCAST);
}

SEC("netfilter")
int trace_nf_output(struct bpf_nf_ctx *ctx)
{
	passed_ip(ctx->state->net, ctx->skb, ctx->state->out,
		  is_by_mc_output(ctx->skb) ? TXP_PROBE_IP_MC_OUTPUT : TXP_PROBE_IP_OUTPUT,
		  TXP_AF_INET);
	return TXP_NF_ACCEPT;
}

/* The neighbour and the device layer. */

static __always_inline int passed_device(const struct sk_buff *skb, const struct net_device *dev,
					 enum txp_probe probe, __u16 code)
{
	const struct txp_probe_event at = {
		.skb = skb,
		.net = device_net(dev),
		.dev = dev,
		.probe = probe,
		.packets = 1,
		.code = code,
	};

	return passed(&at);
}

SEC("fentry/neigh_resolve_output")
int BPF_PROG(trace_neigh_resolve, struct neighbour *neigh, struct sk_buff *skb)
{
	return passed_device(skb, neigh->dev, TXP_PROBE_NEIGH_OUTPUT, 0);
}

SEC("fentry/neigh_connected_output")
int BPF_PROG(trace_neigh_connected, struct neighbour *neigh, struct sk_buff *skb)
{
	return passed_device(skb, neigh->dev, TXP_PROBE_NEIGH_OUTPUT, 0);
}

SEC("fentry/__dev_queue_xmit")
int BPF_PROG(trace_dev_queue_xmit, struct sk_buff *skb)
{
	return passed_device(skb, skb->dev, TXP_PROBE_DEV_QUEUE_XMIT, 0);
}

/* Where fentry is refused, on one device: the first of the TC programs there. */
SEC("tc")
int trace_tc_egress(struct __sk_buff *ctx)
{
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

	passed_device(skb, skb->dev, TXP_PROBE_DEV_QUEUE_XMIT, 0);
	return TXP_TC_ACT_UNSPEC;
}

SEC("fentry/netdev_core_pick_tx")
int BPF_PROG(trace_pick_tx, struct net_device *dev, struct sk_buff *skb)
{
	return passed_device(skb, dev, TXP_PROBE_PICK_TX, 0);
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(trace_net_dev_queue, struct sk_buff *skb)
{
	return passed_device(skb, skb->dev, TXP_PROBE_NET_DEV_QUEUE, 0);
}

SEC("tp_btf/qdisc_enqueue")
int BPF_PROG(trace_qdisc_enqueue, struct Qdisc *qdisc, const struct netdev_queue *txq,
	     struct sk_buff *skb)
{
	return passed_device(skb, txq->dev, TXP_PROBE_QDISC_ENQUEUE, 0);
}

#define TXP_CHAIN 8 /* try_bulk_dequeue_skb_slow takes no more, other qdiscs seldom do */

/*
 * packets: a chain by skb->next. The last one looked at stands for those behind it. Where a driver
 * was busy skb->dev may be another device: veth_xmit had begun to hand it to its peer.
 */
SEC("tp_btf/qdisc_dequeue")
int BPF_PROG(trace_qdisc_dequeue, struct Qdisc *qdisc, const struct netdev_queue *txq, int packets,
	     struct sk_buff *skb)
{
	for (int i = 0; i < TXP_CHAIN && skb; i++, skb = skb->next) {
		const struct txp_probe_event at = {
			.skb = skb,
			.dev = txq->dev,
			.net = device_net(txq->dev),
			.probe = TXP_PROBE_QDISC_DEQUEUE,
			.packets = i < TXP_CHAIN - 1 ? 1 : packets - i,
		};

		passed(&at);
	}
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(trace_start_xmit, const struct sk_buff *skb, const struct net_device *dev)
{
	return passed_device(skb, dev, TXP_PROBE_NET_DEV_START_XMIT, 0);
}

/* If nothing else is asked of the packet, the answer alone tells what was given. */
static __always_inline void count_answer(const struct txp_pkt_info *info, int rc)
{
	count_probe_event(info, TXP_PROBE_NET_DEV_XMIT, rc, 1);
	if (asks_probe(TXP_PROBE_NET_DEV_START_XMIT))
		count_probe_event(info, TXP_PROBE_NET_DEV_START_XMIT, 0, 1);
}

/* The packet may be freed by now, or somebody else's: only what was noted of it is used. */
static __always_inline void answered(const struct sk_buff *skb, const struct net_device *dev,
				     int rc)
{
	const struct txp_xmit_inflight *slot = inflight_take(skb, dev);

	if (!slot)
		return;
	if (asks_for(TXP_TRACE_COUNT))
		count_probe_event(&slot->info, TXP_PROBE_NET_DEV_XMIT, rc, 1);
	if (asks_for(TXP_TRACE_LATENCY))
		tracking_answered(kernel_address(skb), rc);
	if (asks_for(TXP_TRACE_RECORD))
		record_write(&slot->info, NULL, kernel_address(skb), dev, TXP_PROBE_NET_DEV_XMIT,
			     rc, 0);
}

SEC("tp_btf/net_dev_xmit")
int BPF_PROG(trace_net_dev_xmit, struct sk_buff *skb, int rc, struct net_device *dev,
	     unsigned int len)
{
	struct txp_pkt_info info = { .len = len };

	pkt_info_place(&info, device_net(dev), dev);
	if (!filter_place(&info))
		return 0;
	if (asks_packet())
		answered(skb, dev, rc);
	else
		count_answer(&info, rc);
	return 0;
}

/* Drops, and the other end of a packet. */

static __always_inline const struct net *drop_net(const struct sk_buff *skb,
						  const struct net_device *dev)
{
	const struct sock *sk;

	if (dev)
		return device_net(dev);
	sk = KERNEL_READ(skb, sk);
	return sk ? sock_net(sk) : NULL;
}

/* A third argument since 5.17. Above 16 bits is which subsystem's reason it is. */
static __always_inline __u16 drop_reason(const __u64 *ctx)
{
	__u32 reason = bpf_core_type_exists(enum skb_drop_reason) ? ctx[2] : 0;

	return reason < TXP_REASON_OF_SUBSYSTEM ? reason : TXP_REASON_OF_SUBSYSTEM;
}

SEC("tp_btf/kfree_skb")
int BPF_PROG(trace_drop, struct sk_buff *skb, void *location)
{
	struct txp_probe_event at = {
		.skb = skb,
		.dev = skb->dev ?: dst_device(skb_route(skb)),
		.probe = TXP_PROBE_DROP,
		.packets = 1,
		.code = drop_reason(ctx),
		.location = (__u64)location,
	};

	at.net = drop_net(skb, at.dev);
	return passed(&at);
}

/* Without a probe: what is done with leaves nothing behind. */
SEC("tp_btf/consume_skb")
int BPF_PROG(trace_consume, struct sk_buff *skb)
{
	tracking_forget(kernel_address(skb));
	return 0;
}
