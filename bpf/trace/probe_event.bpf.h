/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet has passed a probe: is it asked about, and what is done with it. */
#ifndef TXPATH_BPF_TRACE_PROBE_EVENT_H
#define TXPATH_BPF_TRACE_PROBE_EVENT_H

#include "trace/tracking.bpf.h"
#include "trace/inflight.bpf.h"
#include "trace/counters.bpf.h"
#include "trace/record.bpf.h"

/* Where a packet is seen, beside the packet. */
struct txp_probe_event {
	const struct sk_buff *skb;
	const struct net *net;
	const struct net_device *dev; /* that it leaves by; NULL: not known yet */
	const struct dst_entry *dst;  /* that the next hop is of; NULL: the packet's own */
	__u64 location;
	__u32 packets; /* that it stands for */
	__u16 code;
	enum txp_probe probe;
	__u8 family; /* of the probe; 0: of the packet */
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

static __always_inline void trace(const struct txp_probe_event *at, struct txp_pkt_info *info,
				  __u64 skb)
{
	pkt_info_next_hop(info, at->dst ?: skb_route(at->skb));
	if (at->probe >= TXP_PROBE_NET_DEV_QUEUE && at->probe != TXP_PROBE_DROP)
		info->flags |= TXP_PKT_INFO_QUEUE;
	record_write(info, at->skb, skb, at->dev, at->probe, at->code, at->location);
}

static __always_inline void take(const struct txp_probe_event *at, struct txp_pkt_info *info)
{
	__u64 skb = 0;

	if (asks_for(TXP_TRACE_COUNT))
		count_probe_event(info, at->probe, at->code, at->packets);
	if (asks_for(TXP_TRACE_LATENCY | TXP_TRACE_RECORD))
		skb = kernel_address(at->skb);
	if (asks_for(TXP_TRACE_LATENCY) && at->probe == TXP_PROBE_DROP)
		tracking_forget(skb);
	else if (asks_for(TXP_TRACE_LATENCY))
		tracking_pass(skb, at->probe, info);
	if (asks_for(TXP_TRACE_RECORD))
		trace(at, info, skb);
	if (at->probe == TXP_PROBE_NET_DEV_START_XMIT && asks_probe(TXP_PROBE_NET_DEV_XMIT))
		inflight_add(info, at->skb, at->dev);
}

/* From ip_local_out on: what there is to know stands in the packet. */
static __always_inline int passed(const struct txp_probe_event *at)
{
	struct txp_pkt_info info = {};

	pkt_info_place(&info, at->net, at->dev);
	if (!filter_place(&info) || !asks_probe(at->probe))
		return 0;
	pkt_info_packet(&info, at->skb);
	if (asks_header())
		pkt_info_header(&info, at->skb, at->family);
	if (filter_packet(&info))
		take(at, &info);
	return 0;
}

/* Before: the caller has filled in whence and where to. */
static __always_inline int passed_without_header(const struct txp_probe_event *at,
						 struct txp_pkt_info *info)
{
	const struct sk_buff *skb = at->skb; /* KERNEL_READ would relocate at->skb too */

	pkt_info_place(info, at->net, at->dev);
	info->len = KERNEL_READ(skb, len);
	if (filter_place(info) && filter_packet(info))
		take(at, info);
	return 0;
}

#endif /* TXPATH_BPF_TRACE_PROBE_EVENT_H */
