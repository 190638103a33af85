/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets that transit leaves to the kernel while there is no budget to learn from them: flows
 * without a lease, and in shadow those with one. All that is wanted of such a packet is its reason.
 * It is found in short, as a hit is, by what is the same as when a packet was last judged in full;
 * whatever is not the same, or not simple, is judged in full.
 */
#ifndef TXPATH_BPF_OFFLOAD_MISS_FAST_H
#define TXPATH_BPF_OFFLOAD_MISS_FAST_H

#include "offload/cache_validate.bpf.h"
#include "lib/ratelimit.bpf.h"
#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"
#include "offload/hit.bpf.h"

/* In shadow nothing is a hit: a lease is armed by a number that the map "mode_epoch" never has. */
static __always_inline __u64 shadow_epoch(__u64 epoch)
{
	return epoch ? ~epoch : 0;
}

/* rx_check_addresses; the rest is hit_header's */
static __always_inline bool miss_fast_addresses(const struct iphdr *ip)
{
	return !address_is_multicast(ip->daddr) && !address_is_martian(ip->daddr) &&
	       !address_is_multicast(ip->saddr) && !address_is_martian(ip->saddr);
}

/* guard_packet, after hit_packet */
static __always_inline bool miss_fast_packet(const struct sk_buff *skb,
					     const struct txp_dev_cache *cache)
{
	return !skb->sk || (cache->sock_pfree && (__u64)skb->destructor != cache->sock_pfree);
}

/* What the guard asks of namespace and device is as it was; for rt_genid see hit_genids. */
static __always_inline bool miss_fast_device(const struct net_device *dev,
					     const struct txp_dev_cache *cache,
					     const struct txp_instance *inst)
{
	const struct net *net = dev->nd_net.net;

	return (__u64)net == cache->net && kernel_netns_id(net) == inst->netns &&
	       (__u32)net->ipv4.rt_genid.counter == cache->genid && hit_hooks(net, cache) &&
	       dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] && hit_device(dev, cache);
}

/* hit_find, of a lease that a packet was judged by in shadow */
static __always_inline bool miss_fast_would_take(struct __sk_buff *ctx, const struct sk_buff *skb,
						 const struct txp_hit *hit)
{
	const struct txp_lease *lease = hit->lease;
	const __u64 *epoch = mode_epoch_get();

	return epoch && *epoch && lease->mode_epoch == shadow_epoch(*epoch) &&
	       ctx->len - ETH_HLEN <= lease->mtu && hit_sender(skb, hit->cache, lease) &&
	       (!hit->cache->hash || lease->genids.hash == hit_hash(ctx, skb)) &&
	       hit_device_holds(skb, hit) && hit_output(lease);
}

/* find_lease of another flow's place, by its sign. TXP_TRANSIT_COUNT: it is this one's. */
static __always_inline enum txp_transit miss_fast_lease(const struct sk_buff *skb,
							const struct txp_hit *hit,
							const struct txp_instance *inst,
							const struct txp_lease_tag *tag)
{
	if (!miss_fast_device(skb->dev, hit->cache, inst))
		return TXP_TRANSIT_COUNT;
	return tag_is_forgotten(tag, inst) ? TXP_TRANSIT_MISS : TXP_TRANSIT_COLLISION;
}

/* TXP_TRANSIT_COUNT: it is to be judged in full. */
static __always_inline enum txp_transit miss_fast_keyed(struct __sk_buff *ctx,
							const struct iphdr *ip, __u64 ports,
							struct txp_hit *hit,
							const struct txp_instance *inst)
{
	__u64 addresses = *(const __u64 *)&ip->saddr;
	__u64 device = ctx->ifindex | (__u64)ctx->mark << 32;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	__u32 hash = lease_hash(addresses, device, ports);
	struct txp_lease_page *page = lease_page(hash);
	const struct txp_lease_key *key;

	if (!page)
		return TXP_TRANSIT_COUNT;
	hit->lease = lease_in(page, hash);
	key = &hit->lease->key;
	if (tag_in(page, hash)->hash != hash || lease_key_word(key, 0) != addresses ||
	    lease_key_word(key, 1) != device || lease_key_word(key, 2) != ports)
		return miss_fast_lease(skb, hit, inst, tag_in(page, hash));
	return miss_fast_would_take(ctx, skb, hit) ? TXP_TRANSIT_WOULD_TAKE : TXP_TRANSIT_COUNT;
}

static __always_inline enum txp_transit miss_fast_decide(struct __sk_buff *ctx, struct txp_hit *hit,
							 const struct txp_instance *inst)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	__u64 ports;

	/* leased netfilter has reasons of its own */
	if (hit->cache->ready != ctx->ifindex || hit->cache->netfilter ||
	    (const void *)(ip + 1) > end)
		return TXP_TRANSIT_COUNT;
	if (!hit_packet(ctx, skb) || !hit_header(ip, ctx->len - ETH_HLEN) ||
	    !miss_fast_addresses(ip) || !miss_fast_packet(skb, hit->cache) ||
	    !hit_ports(ip, end, hit->cache->key_ports, &ports))
		return TXP_TRANSIT_COUNT;
	return miss_fast_keyed(ctx, ip, ports, hit, inst);
}

static __always_inline struct txp_tally *dev_cache_transit(struct txp_dev_cache *cache,
							   enum txp_transit verdict)
{
	switch (verdict) {
	case TXP_TRANSIT_WOULD_TAKE:
		return &cache->would_take;
	case TXP_TRANSIT_MISS:
		return &cache->miss;
	case TXP_TRANSIT_COLLISION:
		return &cache->collision;
	default:
		return NULL;
	}
}

/* true: it has been counted, and is the kernel's. */
static __always_inline bool miss_fast_counted(struct __sk_buff *ctx,
					      const struct txp_instance *inst)
{
	struct txp_hit hit = { .cache = dev_cache_get(ctx->ifindex) };
	struct txp_ratelimit *ratelimit = ratelimit_get();
	struct txp_tally *tally;

	if (!hit.cache || !ratelimit || !ratelimit_is_spent(ratelimit, inst))
		return false;
	tally = dev_cache_transit(hit.cache, miss_fast_decide(ctx, &hit, inst));
	if (!tally)
		return false;
	skb_meta_forget(ratelimit_address(ratelimit, bpf_cast_to_kern_ctx(ctx)));
	count_tally(tally, ctx->len);
	return true;
}

/* A packet has been judged in full: from the next one on it may be enough to judge in short. */
static __always_inline void miss_fast_validate(const struct sk_buff *skb,
					       const struct txp_instance *inst,
					       const struct txp_surroundings *around,
					       struct txp_dev_cache *cache, const struct txp_rx *rx,
					       __u64 epoch)
{
	struct txp_lease *place = lease_place(&rx->learn_ctx.key);

	if (!cache || !place || !inst->compare_ns || !inst->tick_ns)
		return;
	if (rx->verdict == TXP_TRANSIT_TAKEN) {
		cache_validate(skb, inst, around, cache, place, rx->learn_ctx.time_ns,
			       shadow_epoch(epoch), rx->pkt.ip.tos);
	} else if (rx->verdict == TXP_TRANSIT_MISS || rx->verdict == TXP_TRANSIT_COLLISION) {
		cache->genid = around->genids.rt_genid;
		dev_cache_validate(cache, inst, around, skb->dev);
	}
}

#endif /* TXPATH_BPF_OFFLOAD_MISS_FAST_H */
