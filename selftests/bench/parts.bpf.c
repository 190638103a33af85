// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What each part of a hit costs: programs that do what txpath_transit does with a packet that is a
 * hit, in its order and with its functions, and stop after a part. The difference of two neighbours
 * is the part between them; the last one does everything, and so must cost what txpath_transit
 * does. What is not a hit is TC_ACT_SHOT here, which progrun does not accept.
 */
#include "../../bpf/offload/ingress.bpf.c"

enum part {
	PART_ENTRY,    /* the device's view */
	PART_PACKET,   /* what the packet brings along: kind, tag, socket, metadata */
	PART_PARSE,    /* header, checksum, length */
	PART_TABLE,    /* the key, its place, is it this flow's, MTU */
	PART_LEASE,    /* armed, the tick, generations */
	PART_POLICY,   /* netfilter */
	PART_SETTINGS, /* rp_filter */
	PART_DEVICE,   /* ports, netdev ingress, programs behind ours */
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

/* txpath_rewrite, up to the redirect */
SEC("tc")
int after_header(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	write_ethernet(ctx, data);
	decrease_ttl(ip);
	ctx->priority = ctx->cb[TXP_REWRITE_PRIORITY];
	ctx->cb[TXP_REWRITE_MARK] = TXP_REWRITE_MAGIC;
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
		[AFTER_REDIRECT] = (void *)&txpath_rewrite,
	},
};

/* hit_net_holds */
static __always_inline bool part_net_holds(const struct net_device *dev, const struct txp_hit *hit,
					   enum part last)
{
	const struct txp_genid_snapshot *genids = &hit->lease->genids;
	const struct net *net = dev->nd_net.net;
	__u64 now = bpf_jiffies64();
	__u32 all;

	if ((__u64)net != hit->cache->net)
		return false;
	if (hit->lease->tick != now && !hit_settles(net, dev, hit->cache, hit->lease, now))
		return false;
	if (genids->rt_genid != (__u32)net->ipv4.rt_genid.counter ||
	    genids->fib_seq != net->ipv4.fib_seq || genids->nexthop_seq != net->nexthop.seq)
		return false;
	if (last >= PART_POLICY && !hit_hooks(net, hit->cache))
		return false;
	if (last >= PART_POLICY && hit->cache->netfilter &&
	    genids->netfilter != genids_netfilter(net))
		return false;
	if (last < PART_SETTINGS)
		return true;
	all = typed_int(hit->cache->rp_filter_all) << 2;
	return (typed_int(hit->cache->rp_filter) | all) == genids->rp_filter;
}

/* hit_find, of the packet only; false: not a hit */
static __always_inline bool part_of_packet(struct __sk_buff *ctx, struct txp_hit *hit,
					   enum part last)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct txp_dev_cache *cache = hit->cache;

	if ((const void *)(ip + 1) > end ||
	    (last >= PART_PACKET && !hit_packet(ctx, bpf_cast_to_kern_ctx(ctx))))
		return false;
	if (last >= PART_PARSE &&
	    (!hit_header(ip, ctx->len - ETH_HLEN) ||
	     (cache->netfilter && !hit_tcp_state(ip, end, ctx->len - ETH_HLEN))))
		return false;
	if (last < PART_TABLE)
		return true;
	hit->lease = hit_lease(ctx, ip, end, cache);
	return hit->lease && hit_fits(ctx, cache, hit->lease);
}

/* hit_find */
static __always_inline bool part_find(struct __sk_buff *ctx, struct txp_hit *hit, enum part last)
{
	const struct sk_buff *skb;
	__u32 ifindex = ctx->ifindex;
	const __u64 *epoch;

	hit->cache = dev_cache_place(ifindex);
	if (!hit->cache || hit->cache->ready != ifindex)
		return false;
	if (!part_of_packet(ctx, hit, last))
		return false;
	if (last < PART_LEASE)
		return true;
	epoch = mode_epoch_get();
	if (!epoch || !hit->lease->mode_epoch || hit->lease->mode_epoch != *epoch)
		return false;
	skb = bpf_cast_to_kern_ctx(ctx);
	if (!part_net_holds(skb->dev, hit, last) ||
	    (last >= PART_DEVICE && !hit_device(skb->dev, hit->cache)))
		return false;
	return last < PART_OUTPUT || hit_output(hit->lease);
}

static __always_inline int up_to(struct __sk_buff *ctx, enum part last, __u32 after)
{
	struct txp_hit hit;

	if (!part_find(ctx, &hit, last))
		return TC_ACT_SHOT;
	if (last >= PART_COUNTERS)
		count_tally(&hit.cache->taken, ctx->len);
	if (last < PART_ALL)
		return TXP_TC_ACT_UNSPEC;
	hand_on(ctx, hit.lease, hit.lease->priority);
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
