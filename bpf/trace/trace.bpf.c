// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The programs of txpath probes, latency and trace: one for each hook that TXP_PROBE_HOOKS
 * (include/txpath/probes.h) has for TRACE. The command loads them with its own configuration in
 * .rodata, and they are gone when it ends.
 *
 * The flow at a hook, top to bottom:
 *   trace_HOOK             says which packet, device and probe it is (struct txp_probe_event)
 *    trace_packet          or trace_without_header, before the packet has an IP header
 *     filter_place         the conditions on device and namespace (config.bpf.h)
 *     pkt_info_ ..         reads what the session needs of the packet (pkt_info.bpf.h)
 *     filter_packet        the other conditions
 *     trace_matched        the packet passes the filter:
 *      count_probe_event   txpath probes (counters.bpf.h)
 *      tracking_pass       txpath latency (tracking.bpf.h)
 *      record_write        txpath trace (record.bpf.h)
 *      inflight_add        keeps what net_dev_xmit needs: the packet may be freed by then
 */
#include "trace/config.bpf.h"
#include "trace/pkt_info.bpf.h"
#include "trace/counters.bpf.h"
#include "trace/tracking.bpf.h"
#include "trace/inflight.bpf.h"
#include "trace/record.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define TXP_NF_ACCEPT 1

/* A packet at a probe. */
struct txp_probe_event {
	const struct sk_buff *skb;
	const struct net *net;
	const struct net_device *dev; /* the packet leaves by it; NULL: not known yet */
	const struct dst_entry *dst;  /* has the next hop; NULL: the packet's own dst */
	__u64 location;		      /* as in struct txp_record */
	__u32 packets;		      /* this event stands for so many */
	__u16 code;		      /* as in struct txp_count_key */
	enum txp_probe probe;
	__u8 family; /* of the probe; 0: by the packet's protocol */
};

static __always_inline void count_probe_event(const struct txp_pkt_info *info, enum txp_probe probe,
					      __u16 code, __u32 packets)
{
	const struct txp_count_key key = {
		.netns = info->netns,
		.ifindex = info->ifindex,
		.probe = probe,
		.code = code,
	};

	counters_add(&key, packets, info->len);
}

/* The packet passes the filter: counts, tracks and records it, as the session wants. */
static __always_inline void trace_matched(const struct txp_probe_event *at,
					  struct txp_pkt_info *info)
{
	__u64 skb = 0;

	if (wants(TXP_TRACE_COUNT))
		count_probe_event(info, at->probe, at->code, at->packets);
	if (wants(TXP_TRACE_LATENCY | TXP_TRACE_RECORD))
		skb = kernel_address(at->skb);
	if (wants(TXP_TRACE_LATENCY) && at->probe == TXP_PROBE_DROP)
		tracking_forget(skb);
	else if (wants(TXP_TRACE_LATENCY))
		tracking_pass(skb, at->probe, info);
	if (wants(TXP_TRACE_RECORD)) {
		pkt_info_next_hop(info, at->dst ?: skb_route(at->skb));
		if (at->probe >= TXP_PROBE_NET_DEV_QUEUE && at->probe != TXP_PROBE_DROP)
			info->flags |= TXP_PKT_INFO_QUEUE;
		record_write(info, at->skb, skb, at->dev, at->probe, at->code, at->location);
	}
	if (at->probe == TXP_PROBE_NET_DEV_START_XMIT && wants_probe(TXP_PROBE_NET_DEV_XMIT))
		inflight_add(info, at->skb, at->dev);
}

/* From ip_local_out on: everything is read from the packet. */
static __always_inline int trace_packet(const struct txp_probe_event *at)
{
	struct txp_pkt_info info = {};

	pkt_info_place(&info, at->net, at->dev);
	if (!filter_place(&info) || !wants_probe(at->probe))
		return 0;
	pkt_info_packet(&info, at->skb);
	if (wants_header())
		pkt_info_header(&info, at->skb, at->family);
	if (filter_packet(&info))
		trace_matched(at, &info);
	return 0;
}

/* Before ip_local_out: the caller has filled in the addresses. */
static __always_inline int trace_without_header(const struct txp_probe_event *at,
						struct txp_pkt_info *info)
{
	const struct sk_buff *skb = at->skb; /* KERNEL_READ would relocate at->skb too */

	pkt_info_place(info, at->net, at->dev);
	info->len = KERNEL_READ(skb, len);
	if (filter_place(info) && filter_packet(info))
		trace_matched(at, info);
	return 0;
}

static __always_inline const struct net *device_net(const struct net_device *dev)
{
	return dev ? KERNEL_READ(dev, nd_net.net) : NULL;
}

static __always_inline const struct net *sock_net(const struct sock *sk)
{
	return KERNEL_READ(sk, __sk_common.skc_net.net);
}

/* Local packets before they have a header. */

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

	if (wants_packet())
		pkt_info_stream(&info, sk, skb, (const void *)fl);
	return trace_without_header(&at, &info);
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

	if (wants_packet())
		pkt_info_synack(&info, sk, skb, saddr, daddr);
	return trace_without_header(&at, &info);
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
	if (wants_packet()) {
		pkt_info_flow4(&info, fl4);
		pkt_info_cork(&info, sk, cork);
	}
	return trace_without_header(&at, &info);
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

	if (wants_packet()) {
		info.priority = KERNEL_READ(sk, sk_priority);
		pkt_info_flow6(&info, fl6);
	}
	return trace_without_header(&at, &info);
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
	if (wants_packet()) {
		pkt_info_flow6(&info, &cork->fl.u.ip6);
		pkt_info_cork(&info, sk, &cork->base);
	}
	return trace_without_header(&at, &info);
}

/* The IP layer. The device is the route's: ip_output has not put it into the packet yet. */

static __always_inline int trace_ip(const struct net *net, const struct sk_buff *skb,
				    const struct net_device *dev, enum txp_probe probe, __u8 family)
{
	const struct txp_probe_event at = {
		.skb = skb,
		.net = net,
		.dev = dev,
		.probe = probe,
		.packets = 1,
		.family = family,
	};

	return trace_packet(&at);
}

#define TRACE_ROUTED(program, function, probe, family)                                             \
	SEC("fentry/" function)                                                                    \
	int BPF_PROG(program, struct net *net, struct sock *sk, struct sk_buff *skb)               \
	{                                                                                          \
		return trace_ip(net, skb, dst_device(skb_route(skb)), probe, family);              \
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
	return trace_ip(device_net(skb->dev), skb, dst_device(skb_route(skb)), TXP_PROBE_IP_FORWARD,
			TXP_AF_INET);
}

SEC("fentry/ip6_forward")
int BPF_PROG(trace_ip6_forward, struct sk_buff *skb)
{
	return trace_ip(device_net(skb->dev), skb, dst_device(skb_route(skb)),
			TXP_PROBE_IP6_FORWARD, TXP_AF_INET6);
}

/* The fallback where fentry is refused: the netfilter hooks that these functions call. */

#define TRACE_NETFILTER(program, probe, family)                                                    \
	SEC("netfilter")                                                                           \
	int program(struct bpf_nf_ctx *ctx)                                                        \
	{                                                                                          \
		trace_ip(ctx->state->net, ctx->skb, ctx->state->out, probe, family);               \
		return TXP_NF_ACCEPT;                                                              \
	}

TRACE_NETFILTER(trace_nf_local_out, TXP_PROBE_IP_LOCAL_OUT, TXP_AF_INET)
TRACE_NETFILTER(trace_nf_forward, TXP_PROBE_IP_FORWARD, TXP_AF_INET)
TRACE_NETFILTER(trace_nf6_local_out, TXP_PROBE_IP6_LOCAL_OUT, TXP_AF_INET6)
TRACE_NETFILTER(trace_nf6_forward, TXP_PROBE_IP6_FORWARD, TXP_AF_INET6)
TRACE_NETFILTER(trace_nf6_output, TXP_PROBE_IP6_OUTPUT, TXP_AF_INET6)

/* __mkroute_output: ip_mc_output sends the packets of which this host gets a copy. */
static __always_inline bool is_by_mc_output(const struct sk_buff *skb)
{
	const struct rtable *rt = kernel_skb_rtable(skb);
	__u32 flags = rt ? KERNEL_READ(rt, rt_flags) : 0;

	return flags & TXP_RTCF_LOCAL && flags & (TXP_RTCF_MULTICAST | TXP_RTCF_BROADCAST);
}

SEC("netfilter")
int trace_nf_output(struct bpf_nf_ctx *ctx)
{
	trace_ip(ctx->state->net, ctx->skb, ctx->state->out,
		 is_by_mc_output(ctx->skb) ? TXP_PROBE_IP_MC_OUTPUT : TXP_PROBE_IP_OUTPUT,
		 TXP_AF_INET);
	return TXP_NF_ACCEPT;
}

/* The neighbour and the device layer. */

static __always_inline int trace_device(const struct sk_buff *skb, const struct net_device *dev,
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

	return trace_packet(&at);
}

SEC("fentry/neigh_resolve_output")
int BPF_PROG(trace_neigh_resolve, struct neighbour *neigh, struct sk_buff *skb)
{
	return trace_device(skb, neigh->dev, TXP_PROBE_NEIGH_OUTPUT, 0);
}

SEC("fentry/neigh_connected_output")
int BPF_PROG(trace_neigh_connected, struct neighbour *neigh, struct sk_buff *skb)
{
	return trace_device(skb, neigh->dev, TXP_PROBE_NEIGH_OUTPUT, 0);
}

SEC("fentry/__dev_queue_xmit")
int BPF_PROG(trace_dev_queue_xmit, struct sk_buff *skb)
{
	return trace_device(skb, skb->dev, TXP_PROBE_DEV_QUEUE_XMIT, 0);
}

/* The fallback where fentry is refused: the first TC program of one device. */
SEC("tc")
int trace_tc_egress(struct __sk_buff *ctx)
{
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

	trace_device(skb, skb->dev, TXP_PROBE_DEV_QUEUE_XMIT, 0);
	return TXP_TC_ACT_UNSPEC;
}

SEC("fentry/netdev_core_pick_tx")
int BPF_PROG(trace_pick_tx, struct net_device *dev, struct sk_buff *skb)
{
	return trace_device(skb, dev, TXP_PROBE_PICK_TX, 0);
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(trace_net_dev_queue, struct sk_buff *skb)
{
	return trace_device(skb, skb->dev, TXP_PROBE_NET_DEV_QUEUE, 0);
}

SEC("tp_btf/qdisc_enqueue")
int BPF_PROG(trace_qdisc_enqueue, struct Qdisc *qdisc, const struct netdev_queue *txq,
	     struct sk_buff *skb)
{
	return trace_device(skb, txq->dev, TXP_PROBE_QDISC_ENQUEUE, 0);
}

#define TXP_CHAIN 8 /* try_bulk_dequeue_skb_slow has no more, other qdiscs seldom do */

/*
 * The hook gets a chain by skb->next of this many packets. The last one that is read stands for
 * those behind it. After a busy driver skb->dev may be another device: veth_xmit had begun to hand
 * the packet to its peer.
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

		trace_packet(&at);
	}
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(trace_start_xmit, const struct sk_buff *skb, const struct net_device *dev)
{
	return trace_device(skb, dev, TXP_PROBE_NET_DEV_START_XMIT, 0);
}

/* The session needs nothing of the packet: the driver's return implies net_dev_start_xmit too. */
static __always_inline void count_xmit_done(const struct txp_pkt_info *info, int rc)
{
	count_probe_event(info, TXP_PROBE_NET_DEV_XMIT, rc, 1);
	if (wants_probe(TXP_PROBE_NET_DEV_START_XMIT))
		count_probe_event(info, TXP_PROBE_NET_DEV_START_XMIT, 0, 1);
}

/* The packet may be freed by now, or have another owner: only what was kept of it is used. */
static __always_inline void xmit_done(const struct sk_buff *skb, const struct net_device *dev,
				      int rc)
{
	const struct txp_xmit_inflight *slot = inflight_take(skb, dev);

	if (!slot)
		return;
	if (wants(TXP_TRACE_COUNT))
		count_probe_event(&slot->info, TXP_PROBE_NET_DEV_XMIT, rc, 1);
	if (wants(TXP_TRACE_LATENCY))
		tracking_xmit_done(kernel_address(skb), rc);
	if (wants(TXP_TRACE_RECORD))
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
	if (wants_packet())
		xmit_done(skb, dev, rc);
	else
		count_xmit_done(&info, rc);
	return 0;
}

/* Where a packet ends. */

static __always_inline const struct net *drop_net(const struct sk_buff *skb,
						  const struct net_device *dev)
{
	const struct sock *sk;

	if (dev)
		return device_net(dev);
	sk = KERNEL_READ(skb, sk);
	return sk ? sock_net(sk) : NULL;
}

/* The reason is a third argument since 5.17. Its upper 16 bits are the subsystem. */
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
	return trace_packet(&at);
}

/* Not a probe: a packet that was sent leaves no tracking entry behind. */
SEC("tp_btf/consume_skb")
int BPF_PROG(trace_consume, struct sk_buff *skb)
{
	tracking_forget(kernel_address(skb));
	return 0;
}
