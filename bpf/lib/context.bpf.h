/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a TC program's context to the kernel's own packet.
 *
 * Since 6.2 bpf_cast_to_kern_ctx returns it. Before, the probe at __dev_queue_xmit leaves the
 * packet's address in a slot of this CPU. A softirq may have sent another packet in between, so the
 * address is verified: a token is written into this packet's control block, and read back through
 * the address.
 */
#ifndef TXPATH_BPF_LIB_CONTEXT_H
#define TXPATH_BPF_LIB_CONTEXT_H

#include "lib/maps.bpf.h"

static __always_inline void skb_slot_fill(const struct sk_buff *skb)
{
	__u32 zero = 0;
	struct txp_skb_slot *slot = bpf_map_lookup_elem(&skb_slot, &zero);

	if (slot)
		slot->skb = (__u64)skb;
}

/*
 * Is the packet's device still in that namespace? A TCX link goes with its device into another one.
 * Before 6.2 there is no TCX, and a filter on clsact does not follow.
 */
static __always_inline bool context_is_in(struct __sk_buff *ctx, __u64 netns)
{
	const struct sk_buff *skb;

	if (!bpf_cast_to_kern_ctx)
		return true;
	skb = bpf_cast_to_kern_ctx(ctx);
	return kernel_netns_id(skb->dev->nd_net.net) == netns;
}

/* The packet at that address; NULL: it is not the context's. */
static __always_inline struct sk_buff *context_verify(struct __sk_buff *ctx, __u64 address)
{
	struct sk_buff *skb = (struct sk_buff *)address;
	__u32 token, saved = ctx->cb[0], found = 0;
	__u32 offset;

	if (!address)
		return NULL;
	offset = bpf_core_field_offset(struct sk_buff, cb) +
		 bpf_core_field_offset(struct qdisc_skb_cb, data);
	token = bpf_get_prandom_u32();
	ctx->cb[0] = token;
	bpf_probe_read_kernel(&found, sizeof(found), (void *)skb + offset);
	ctx->cb[0] = saved;
	return found == token ? skb : NULL;
}

/* The kernel's packet at TC egress; NULL: it was not found. */
static __always_inline struct sk_buff *context_skb(struct __sk_buff *ctx)
{
	const struct txp_skb_slot *slot;
	__u32 zero = 0;

	if (bpf_cast_to_kern_ctx)
		return bpf_cast_to_kern_ctx(ctx);
	slot = bpf_map_lookup_elem(&skb_slot, &zero);
	return slot ? context_verify(ctx, slot->skb) : NULL;
}

#endif /* TXPATH_BPF_LIB_CONTEXT_H */
