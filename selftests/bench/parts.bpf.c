// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What each part of a hit costs: programs that do what txpath_transit does with a packet that is a
 * hit, in its order and with its functions, and stop after a part. The difference of two neighbours
 * is the part between them; the last one does everything, and so must cost what txpath_transit
 * does. What is not a hit is TC_ACT_SHOT here, which progrun does not accept.
 */
#include "../../bpf/transit.bpf.c"

enum part {
	PART_ENTRY,    /* the device's view */
	PART_PACKET,   /* what the packet brings along: kind, tag, socket, metadata */
	PART_PARSE,    /* header, checksum, length */
	PART_TABLE,    /* the key, its place, is it this flow's */
	PART_LEASE,    /* MTU, armed, over, generations */
	PART_POLICY,   /* netfilter, xfrm */
	PART_SETTINGS, /* sysctls */
	PART_DEVICE,   /* forwarding, ports, programs behind ours */
	PART_OUTPUT,   /* the output device, the neighbour */
	PART_COUNTERS, /* packets and bytes */
	PART_ALL,      /* and the tail call to the writing program */
};

enum after { AFTER_NOTHING, AFTER_HEADER, AFTER_REDIRECT };

SEC("tc")
int after_nothing(struct __sk_buff *ctx)
{
	return TXP_TC_ACT_UNSPEC;
}

/* txpath_takeover and takeover_send, up to the redirect */
SEC("tc")
int after_header(struct __sk_buff *ctx)
{
	const struct txp_lease *lease = lease_at(ctx->cb[TXP_TAKEOVER_LEASE]);
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + ETH_HLEN;

	if (!lease || ctx->cb[TXP_TAKEOVER_TRIM] || (void *)(ip + 1) > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	__builtin_memcpy(data, lease->ethernet, ETH_HLEN);
	decrease_ttl(ip);
	ctx->priority = ctx->cb[TXP_TAKEOVER_PRIORITY];
	ctx->tstamp = 0;
	return TXP_TC_ACT_UNSPEC;
}

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 3);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} after_programs SEC(".maps") = {
	.values = {
		[AFTER_NOTHING] = (void *)&after_nothing,
		[AFTER_HEADER] = (void *)&after_header,
		[AFTER_REDIRECT] = (void *)&txpath_takeover,
	},
};

/* hit_holds */
static __always_inline bool part_holds(const struct sk_buff *skb, const struct txp_hit *hit,
				       enum part last)
{
	const struct txp_lease *lease = hit->lease;
	const struct net_device *dev = skb->dev;
	const struct net *net = dev->nd_net.net;

	if (!hit_armed(hit))
		return false;
	if ((__u64)net != hit->view->net || !hit_stamp(net, skb, hit))
		return false;
	if (last >= PART_POLICY && (!hit_hooks(net, hit->view) || guard_xfrm(net)))
		return false;
	if (last >= PART_SETTINGS && !hit_settings(net, dev, hit->view))
		return false;
	if (last >= PART_DEVICE && !hit_device(dev, hit->view))
		return false;
	return last < PART_OUTPUT || hit_output(lease, skb);
}

/* hit_find */
static __always_inline bool part_find(struct __sk_buff *ctx, struct txp_hit *hit, enum part last)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

	hit->view = view_get(ctx->ifindex);
	if (!hit->view || !hit->view->ready || (const void *)(ip + 1) > end)
		return false;
	hit->l3_len = ctx->len - ETH_HLEN;
	hit->tos = ip->tos;
	if (last >= PART_PACKET && !hit_packet(ctx, skb, hit->view))
		return false;
	if (last >= PART_PARSE && !hit_header(ip, hit->l3_len))
		return false;
	if (last >= PART_TABLE && !hit_lease(ctx, ip, end, hit))
		return false;
	return last < PART_LEASE || part_holds(skb, hit, last);
}

static __always_inline int up_to(struct __sk_buff *ctx, enum part last, __u32 after)
{
	struct txp_hit hit;

	if (!part_find(ctx, &hit, last))
		return TC_ACT_SHOT;
	if (last >= PART_COUNTERS)
		count_tally(&hit.view->taken, ctx->len);
	if (last < PART_ALL)
		return TXP_TC_ACT_UNSPEC;
	ctx->cb[TXP_TAKEOVER_LEASE] = hit.index;
	ctx->cb[TXP_TAKEOVER_PRIORITY] =
		forwarded_priority(ctx, hit.view->update_priority, hit.tos);
	ctx->cb[TXP_TAKEOVER_TRIM] = 0;
	bpf_tail_call(ctx, &after_programs, after);
	return TC_ACT_SHOT;
}

#define PART(name, last, after)                                                                    \
	SEC("tc")                                                                                  \
	int part_##name(struct __sk_buff *ctx)                                                     \
	{                                                                                          \
		return up_to(ctx, last, after);                                                    \
	}

PART(entry, PART_ENTRY, 0)
PART(packet, PART_PACKET, 0)
PART(parse, PART_PARSE, 0)
PART(table, PART_TABLE, 0)
PART(lease, PART_LEASE, 0)
PART(policy, PART_POLICY, 0)
PART(settings, PART_SETTINGS, 0)
PART(device, PART_DEVICE, 0)
PART(output, PART_OUTPUT, 0)
PART(counters, PART_COUNTERS, 0)
PART(tail_call, PART_ALL, AFTER_NOTHING)
PART(header, PART_ALL, AFTER_HEADER)
PART(redirect, PART_ALL, AFTER_REDIRECT)
