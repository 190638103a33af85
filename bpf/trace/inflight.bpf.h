/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that a driver has got and has not returned a code for yet. When it returns, the packet
 * may be freed, so what net_dev_xmit needs of it is kept here. A device above another one passes on
 * the same packet before it returns, so this is a stack.
 */
#ifndef TXPATH_BPF_TRACE_INFLIGHT_H
#define TXPATH_BPF_TRACE_INFLIGHT_H

#include "trace/config.bpf.h"

#define TXP_XMIT_INFLIGHT 8 /* per CPU: devices above each other */

struct txp_xmit_inflight {
	__u64 skb;
	__u64 dev;
	struct txp_pkt_info info;
};

struct txp_xmit_inflight_stack {
	__u32 next; /* place of the next one, modulo TXP_XMIT_INFLIGHT */
	__u32 reserved;
	struct txp_xmit_inflight place[TXP_XMIT_INFLIGHT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_xmit_inflight_stack);
} xmit_inflight SEC(".maps");

static __always_inline struct txp_xmit_inflight_stack *inflight_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&xmit_inflight, &zero);
}

static __always_inline void inflight_add(const struct txp_pkt_info *info, const struct sk_buff *skb,
					 const struct net_device *dev)
{
	struct txp_xmit_inflight_stack *stack = inflight_get();
	struct txp_xmit_inflight *place;

	if (!stack)
		return;
	place = &stack->place[stack->next++ % TXP_XMIT_INFLIGHT];
	place->skb = (__u64)skb;
	place->dev = (__u64)dev;
	if (wants(TXP_TRACE_RECORD)) {
		place->info = *info;
		return;
	}
	/* counting needs no more */
	place->info.netns = info->netns;
	place->info.ifindex = info->ifindex;
	place->info.len = info->len;
}

/* The last packet added is the first to return. NULL: it was not seen, or the filter rejected it.
 */
static __always_inline struct txp_xmit_inflight *inflight_take(const struct sk_buff *skb,
							       const struct net_device *dev)
{
	struct txp_xmit_inflight_stack *stack = inflight_get();

	if (!stack)
		return NULL;
	for (__u32 i = 1; i <= TXP_XMIT_INFLIGHT; i++) {
		struct txp_xmit_inflight *place =
			&stack->place[(stack->next - i) % TXP_XMIT_INFLIGHT];

		if (place->skb != (__u64)skb || place->dev != (__u64)dev)
			continue;
		place->skb = 0;
		stack->next -= i == 1;
		return place;
	}
	return NULL;
}

#endif /* TXPATH_BPF_TRACE_INFLIGHT_H */
