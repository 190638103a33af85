/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hit: the packet's flow has a lease by which the slow path has decided about a packet before,
 * and every variable of the kernel that it read then still has the same value. Nothing is assumed
 * to be unchanged: each variable is read again and compared. A packet goes to the slow path if
 * anything differs or is not simple, and only the slow path finds out why.
 *
 *   cache_validate    the slow path has taken a packet: notes what the next one is compared with
 *   hit_find          compares a packet
 *   miss_fast         the same for packets that are left to the kernel, and only counted
 *
 * Every load through a kernel pointer costs eight instructions on x86. So a value whose change
 * moves rt_genid is not read beside rt_genid. What has no generation, and does not decide who may
 * send, is read once a tick (hit_settles).
 */
#ifndef TXPATH_BPF_OFFLOAD_HIT_H
#define TXPATH_BPF_OFFLOAD_HIT_H

#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"
#include "offload/slow.bpf.h"

struct txp_hit {
	struct txp_dev_cache *cache;
	struct txp_lease *lease;
};

/* A sum is right if it is a multiple of 0xffff: then this product is below the limit. */
#define TXP_CSUM_INVERSE 0xfffefffefffeffffULL /* of 0xffff, modulo 2^64 */
#define TXP_CSUM_QUOTIENT_MAX 0x0001000100010001ULL

/*
 * Notes the hooks of IPv4. acting: the device's mode leases or bypasses hooks that act. Harmless
 * hooks are recognised by their functions, not by where their list is: there is room for one, at
 * POSTROUTING. The lists may be newer than those that the slow path has walked, so they are walked
 * again. false: not what a hit can compare.
 */
static __always_inline bool cache_hooks(struct txp_dev_cache *cache, const struct net *net,
					bool acting)
{
	const struct nf_hook_entries *post;
	__u32 worst = TXP_HOOKS_NONE;
	__u64 noted[3];

	cache->hook = 0;
	cache->netfilter = acting;
	cache->conntrack = 0;
	if (!bpf_core_field_exists(net->nf.hooks_ipv4))
		return true;
	post = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	WRITE_ONCE(cache->prerouting, (__u64)net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING]);
	WRITE_ONCE(cache->forward, (__u64)net->nf.hooks_ipv4[TXP_NF_FORWARD]);
	WRITE_ONCE(cache->postrouting, (__u64)post);
	noted[0] = READ_ONCE(cache->prerouting);
	noted[1] = READ_ONCE(cache->forward);
	noted[2] = READ_ONCE(cache->postrouting);
	for (__u32 i = 0; i < 3; i++) {
		__u32 kind = nf_walk(noted[i]);

		if (kind > worst)
			worst = kind;
	}
	cache->conntrack = worst == TXP_HOOKS_CONNTRACK;
	if (acting)
		return worst != TXP_HOOKS_SELINUX;
	if (!post)
		return !cache->prerouting && !cache->forward;
	cache->hook = (__u64)post->hooks[0].hook;
	cache->hook_of = (__u64)post->hooks[0].priv;
	return worst == TXP_HOOKS_NONE && !cache->prerouting && !cache->forward &&
	       post->num_hook_entries == 1;
}

/* Notes the programs at TC ingress. false: there are others than ours, or filters of clsact. */
static __always_inline bool cache_programs(struct txp_dev_cache *cache,
					   const struct net_device *dev)
{
	const struct bpf_mprog_entry *entry;
	const struct tcx_entry *tcx;

	if (!bpf_core_type_exists(struct tcx_entry))
		return false;
	entry = dev->tcx_ingress;
	if (!entry)
		return false;
	/* a kernel pointer becomes a number when it is read back from a map */
	WRITE_ONCE(cache->tcx, (__u64)entry->parent);
	cache->tcx = READ_ONCE(cache->tcx) - bpf_core_field_offset(struct tcx_entry, bundle);
	tcx = kernel_typed((const struct tcx_entry *)cache->tcx);
	/* before the programs are read: a later change has another revision */
	WRITE_ONCE(cache->tcx_revision, (__u64)tcx->bundle.revision.counter);
	entry = READ_ONCE(dev->tcx_ingress);
	return entry && !entry->fp_items[1].prog && !tcx->miniq;
}

/* Notes what is the same for all packets of the device, once a tick: the slow path has decided. */
static __always_inline void dev_cache_validate(struct txp_dev_cache *cache,
					       const struct txp_instance *inst,
					       const struct txp_surroundings *around,
					       const struct net_device *dev)
{
	const __u64 offset = bpf_core_field_offset(struct ipv4_devconf, data) +
			     TXP_DEVCONF_RP_FILTER * sizeof(int);
	const struct net *net = dev->nd_net.net;
	__u64 now = bpf_jiffies64();

	if (cache->tick == now && cache->net == (__u64)net &&
	    cache->key_ports == (around->key_ports | around->connections) &&
	    cache->hash == (around->hash_policy == 1) && cache->netfilter == around->tcp_state)
		return;
	cache->tick = now;
	cache->net = (__u64)net;
	WRITE_ONCE(cache->rp_filter, (__u64)dev->ip_ptr);
	WRITE_ONCE(cache->rp_filter_all, (__u64)net->ipv4.devconf_all);
	cache->rp_filter =
		READ_ONCE(cache->rp_filter) + bpf_core_field_offset(struct in_device, cnf) + offset;
	cache->rp_filter_all = READ_ONCE(cache->rp_filter_all) + offset;
	cache->key_ports = around->key_ports | around->connections;
	cache->hash = around->hash_policy == 1;
	cache->sock_pfree = inst->sock_pfree;
	cache->ready = cache_hooks(cache, net, around->tcp_state) && cache_programs(cache, dev)
			       ? cache->ifindex
			       : 0;
}

/*
 * From the next packet on this lease can be a hit, until it is over. epoch: what the map
 * "mode_epoch" had before anything was read.
 */
static __always_inline void cache_validate(const struct sk_buff *skb,
					   const struct txp_instance *inst,
					   const struct txp_surroundings *around,
					   struct txp_dev_cache *cache, struct txp_lease *lease,
					   __u64 time_ns, __u64 epoch, __u8 tos)
{
	__u64 left = inst->lease_ns - (time_ns - lease->learned);

	if (!cache || !inst->tick_ns)
		return;
	dev_cache_validate(cache, inst, around, skb->dev);
	lease->until = bpf_jiffies64() + (left + inst->tick_ns - 1) / inst->tick_ns;
	lease->tick = 0; /* the first hit reads what is read once a tick */
	lease->priority = tos_to_priority(tos);
	lease->mode_epoch = lease->next_hop_at || !around->tos_priority ? 0 : epoch;
}

/* guard_packet: the packet's own state. */
static __always_inline bool hit_packet(const struct __sk_buff *ctx, const struct sk_buff *skb)
{
	if (ctx->protocol != bpf_htons(ETH_P_IP) || ctx->vlan_present ||
	    ctx->pkt_type != PACKET_HOST || skb->_skb_refdst)
		return false;
	return !KERNEL_HAS(bpf_core_field_exists(skb->active_extensions)) ||
	       !skb->active_extensions;
}

/* rx_parse, of a header without options. The lease's key stands for the checks of addresses. */
static __always_inline bool hit_header(const struct iphdr *ip, __u32 l3_len)
{
	const __u32 *word = (const __u32 *)ip;
	__u64 sum;

	if (*(const __u8 *)ip != 0x45 || ip->ttl <= 1 || bpf_ntohs(ip->tot_len) != l3_len ||
	    ip->frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET))
		return false;
	/* ip_fast_csum: the first byte is not 0, so neither is the sum */
	sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];
	return sum * TXP_CSUM_INVERSE <= TXP_CSUM_QUOTIENT_MAX;
}

/* check_packet: conntrack need not see this segment, nor drop it. */
static __always_inline bool hit_tcp_state(const struct iphdr *ip, const void *end, __u32 l3_len)
{
	const __u8 *doff = (const __u8 *)(ip + 1) + TXP_TCP_DOFF_OFFSET;

	return ip->protocol != IPPROTO_TCP ||
	       ((const void *)(doff + 2) <= end &&
		tcp_segment_continues((doff[0] >> 4) * 4, doff[1], l3_len - sizeof(*ip)));
}

/* The last word of the key: rx_key of TCP and UDP where ports count, else rx_check_hash. */
static __always_inline bool hit_ports(const struct iphdr *ip, const void *end, bool with_ports,
				      __u64 *word)
{
	const __u32 *ports = (const __u32 *)(ip + 1);
	const __u8 *icmp_type = (const __u8 *)ports;
	__u64 protocol = ip->protocol;

	*word = (__u64)(ip->tos & ~3) << 40;
	/* an echo is hashed by nothing but its addresses */
	if (!with_ports)
		return protocol != IPPROTO_ICMP ||
		       ((const void *)(icmp_type + 1) <= end &&
			(*icmp_type == TXP_ICMP_ECHO || *icmp_type == TXP_ICMP_ECHOREPLY));
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || (const void *)(ports + 1) > end)
		return false;
	*word |= *ports | protocol << 32;
	return true;
}

/* The flow's lease; NULL: it has none. */
static __always_inline struct txp_lease *hit_lease(const struct __sk_buff *ctx,
						   const struct iphdr *ip, const void *end,
						   const struct txp_dev_cache *cache)
{
	__u64 device = cache->ready | (__u64)ctx->mark << 32;
	const void *at = &ip->saddr;
	struct txp_lease_page *page;
	struct txp_lease *lease;
	__u64 addresses, ports;
	__u32 hash;

	/* both addresses in one load: the compiler would put the checksum's two words together */
	asm volatile("" : "+r"(at));
	addresses = *(const __u64 *)at;
	if (!hit_ports(ip, end, cache->key_ports, &ports))
		return NULL;
	hash = lease_hash(addresses, device, ports);
	page = lease_page(hash);
	if (!page || page->tag[lease_in_page(hash)].hash != hash)
		return NULL;
	lease = lease_in(page, hash);
	if (lease_key_word(&lease->key, 0) != addresses ||
	    lease_key_word(&lease->key, 1) != device || lease_key_word(&lease->key, 2) != ports)
		return NULL;
	return lease;
}

/* guard_output of a sender, where there is nothing to choose; guard_packet: nobody assigned it. */
static __always_inline bool hit_sender(const struct sk_buff *skb, const struct txp_dev_cache *cache,
				       const struct txp_lease *lease)
{
	const struct sock *sk = skb->sk;
	const struct net_device *output;
	const struct Qdisc_ops *ops;

	if (!sk)
		return true;
	if (!cache->sock_pfree || (__u64)skb->destructor == cache->sock_pfree)
		return false;
	output = kernel_typed((const struct net_device *)lease->output);
	if (bpf_core_field_exists(output->priomap) && output->priomap)
		return false;
	if (sk->__sk_common.skc_state == TXP_TCP_CLOSE)
		return true;
	if (output->real_num_tx_queues != 1)
		return false;
	ops = output->_tx->qdisc->ops;
	return ops->id[0] != 'f' || ops->id[1] != 'q' || ops->id[2];
}

/*
 * Is this packet one that the lease sends: by its size, its sender, and the hash by which the path
 * was chosen? A list of segments is no longer than one packet may be, or too long for a hit.
 */
static __always_inline bool hit_fits(struct __sk_buff *ctx, const struct txp_dev_cache *cache,
				     const struct txp_lease *lease)
{
	const struct sk_buff *skb;

	if (ctx->len - ETH_HLEN > lease->mtu ||
	    !hit_sender(bpf_cast_to_kern_ctx(ctx), cache, lease))
		return false;
	if (!cache->hash)
		return true;
	skb = bpf_cast_to_kern_ctx(ctx);
	return lease->genids.hash == (BPF_CORE_READ_BITFIELD(skb, l4_hash) ? ctx->hash | 1 : 0);
}

/*
 * Once a tick: is the lease over, and what has no generation. That a device does not forward moves
 * rt_genid only if a sysctl says so.
 */
static __always_inline bool hit_settles(const struct net *net, const struct net_device *dev,
					const struct txp_dev_cache *cache, struct txp_lease *lease,
					__u64 now)
{
	const struct net_device *output = kernel_typed((const struct net_device *)lease->output);

	if ((__s64)(lease->until - now) <= 0 || settings_read(net) != lease->genids.settings)
		return false;
	if (!dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] ||
	    !NET_SETTING(net, ipv4.sysctl_ip_fwd_update_priority))
		return false;
	if (cache->conntrack && conntrack_is_strict(net))
		return false;
	if (!(BPF_CORE_READ_BITFIELD(output, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return false;
	lease->tick = now;
	return true;
}

/* guard_netfilter: the same lists of hooks, or the only hook, which is known to be harmless. */
static __always_inline bool hit_hooks(const struct net *net, const struct txp_dev_cache *cache)
{
	const struct nf_hook_entries *entries;

	if (!KERNEL_HAS(bpf_core_field_exists(net->nf.hooks_ipv4))) /* CONFIG_NETFILTER */
		return true;
	if ((__u64)net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING] != cache->prerouting ||
	    (__u64)net->nf.hooks_ipv4[TXP_NF_FORWARD] != cache->forward)
		return false;
	entries = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	return (__u64)entries == cache->postrouting &&
	       (!cache->hook ||
		(entries->num_hook_entries == 1 && (__u64)entries->hooks[0].hook == cache->hook &&
		 (!cache->hook_of || (__u64)entries->hooks[0].priv == cache->hook_of)));
}

/*
 * The namespace, beginning with whether it is still the same one. rt_genid stands for forwarding by
 * sysctl, IPsec policies, addresses, and devices that go down, leave the namespace or join a VRF.
 */
static __always_inline bool hit_net_holds(const struct net_device *dev, const struct txp_hit *hit)
{
	const struct txp_genid_snapshot *genids = &hit->lease->genids;
	const struct net *net = dev->nd_net.net;
	__u32 all;
	__u64 now;

	if ((__u64)net != hit->cache->net)
		return false;
	now = bpf_jiffies64();
	if (hit->lease->tick != now && !hit_settles(net, dev, hit->cache, hit->lease, now))
		return false;
	if (genids->rt_genid != (__u32)net->ipv4.rt_genid.counter ||
	    genids->fib_seq != net->ipv4.fib_seq || genids->nexthop_seq != net->nexthop.seq)
		return false;
	if (!hit_hooks(net, hit->cache))
		return false;
	if (hit->cache->netfilter && genids->netfilter != genids_netfilter(net))
		return false;
	/* IN_DEV_RPFILTER; the addresses of the two values change only if device addresses do */
	all = typed_int(hit->cache->rp_filter_all) << 2;
	return (typed_int(hit->cache->rp_filter) | all) == genids->rp_filter;
}

/*
 * guard_device and the programs behind ours. The noted TCX entry is that of the hook that our
 * program has been on ever since: attaching it again ends all leases.
 */
static __always_inline bool hit_device(const struct net_device *dev,
				       const struct txp_dev_cache *cache)
{
	const struct tcx_entry *tcx;

	if (!KERNEL_HAS(bpf_core_type_exists(struct tcx_entry)))
		return false;
	tcx = kernel_typed((const struct tcx_entry *)cache->tcx);
	if (KERNEL_HAS(bpf_core_field_exists(dev->nf_hooks_ingress)) && dev->nf_hooks_ingress)
		return false;
	return !dev->rx_handler && !tcx->miniq &&
	       (__u64)tcx->bundle.revision.counter == cache->tcx_revision;
}

/*
 * guard_output. A device that is down or gone has moved rt_genid. The neighbour's device lies
 * before its address, and half of it in what is compared: another record of the same address with
 * the same MAC address does as well.
 */
static __always_inline bool hit_output(const struct txp_lease *lease)
{
	const struct net_device *output = kernel_typed((const struct net_device *)lease->output);
	const struct neighbour *neigh;

	if (KERNEL_HAS(bpf_core_field_exists(output->nf_hooks_egress)) && output->nf_hooks_egress)
		return false;
	neigh = kernel_typed((const struct neighbour *)lease->neighbour);
	return neigh->nud_state & TXP_NUD_VALID && !neigh->dead &&
	       mac_equal(*(const __u64 *)neigh->ha, lease->ethernet) &&
	       typed_word(neighbour_next_hop_at(lease->neighbour, 0)) ==
		       *(const __u64 *)lease->next_hop;
}

/*
 * true: the packet may be sent by the lease. First what needs the packet only, then the kernel.
 * bpf_cast_to_kern_ctx costs nothing, a register that is kept across calls does.
 */
static __always_inline bool hit_find(struct __sk_buff *ctx, struct txp_hit *hit)
{
	const struct net_device *dev;
	__u32 ifindex = ctx->ifindex;
	const struct iphdr *ip;
	const __u64 *epoch;
	const void *end;

	hit->cache = dev_cache_place(ifindex);
	if (!hit->cache || hit->cache->ready != ifindex)
		return false;
	end = (const void *)(long)ctx->data_end;
	ip = (const void *)(long)ctx->data + ETH_HLEN;
	if ((const void *)(ip + 1) > end || !hit_packet(ctx, bpf_cast_to_kern_ctx(ctx)) ||
	    !hit_header(ip, ctx->len - ETH_HLEN) ||
	    (hit->cache->netfilter && !hit_tcp_state(ip, end, ctx->len - ETH_HLEN)))
		return false;
	hit->lease = hit_lease(ctx, ip, end, hit->cache);
	if (!hit->lease || !hit_fits(ctx, hit->cache, hit->lease))
		return false;
	/* the slow path took a packet by this lease under the device modes of now */
	epoch = mode_epoch_get();
	if (!epoch || !hit->lease->mode_epoch || hit->lease->mode_epoch != *epoch)
		return false;
	dev = ((const struct sk_buff *)bpf_cast_to_kern_ctx(ctx))->dev;
	return hit_net_holds(dev, hit) && hit_device(dev, hit->cache) && hit_output(hit->lease);
}

/*
 * Packets that are left to the kernel while no more may be compared (the knob compare-rate): flows
 * without a lease, and in shadow those with one. Only their reason is wanted. It is found by the
 * same comparisons as a hit. TXP_TRANSIT_COUNT: the slow path must decide.
 */
static __always_inline enum txp_transit miss_fast_decide(struct __sk_buff *ctx, struct txp_hit *hit,
							 const struct txp_instance *inst)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	const struct net_device *dev = skb->dev;
	__u64 addresses, device, ports;
	struct txp_lease_page *page;
	struct txp_lease_tag *tag;
	struct txp_lease *lease;
	const struct net *net;
	const __u64 *epoch;
	__u32 hash, age;

	/* leased and bypassed netfilter have reasons of their own */
	if (hit->cache->ready != ctx->ifindex || hit->cache->netfilter ||
	    (const void *)(ip + 1) > end)
		return TXP_TRANSIT_COUNT;
	if (!hit_packet(ctx, skb) || !hit_header(ip, ctx->len - ETH_HLEN) ||
	    guard_addresses(ip->saddr, ip->daddr) != TXP_TRANSIT_TAKEN ||
	    (skb->sk &&
	     (!hit->cache->sock_pfree || (__u64)skb->destructor == hit->cache->sock_pfree)) ||
	    !hit_ports(ip, end, hit->cache->key_ports, &ports))
		return TXP_TRANSIT_COUNT;
	addresses = *(const __u64 *)&ip->saddr;
	device = ctx->ifindex | (__u64)ctx->mark << 32;
	hash = lease_hash(addresses, device, ports);
	page = lease_page(hash);
	if (!page)
		return TXP_TRANSIT_COUNT;
	lease = hit->lease = lease_in(page, hash);
	tag = &page->tag[lease_in_page(hash)];
	if (tag->hash == hash && lease_key_word(&lease->key, 0) == addresses &&
	    lease_key_word(&lease->key, 1) == device && lease_key_word(&lease->key, 2) == ports) {
		/* hit_find, of a lease used in shadow: miss_fast_validate */
		epoch = mode_epoch_get();
		if (!epoch || !*epoch || lease->mode_epoch != ~*epoch ||
		    !hit_fits(ctx, hit->cache, lease) || !hit_net_holds(dev, hit) ||
		    !hit_device(dev, hit->cache) || !hit_output(lease))
			return TXP_TRANSIT_COUNT;
		return TXP_TRANSIT_WOULD_TAKE;
	}
	/* find_lease, of a place that is not this flow's: by its tag */
	net = dev->nd_net.net;
	if ((__u64)net != hit->cache->net || net->net_cookie != inst->netns ||
	    (__u32)net->ipv4.rt_genid.counter != hit->cache->genid || !hit_hooks(net, hit->cache) ||
	    !dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] || !hit_device(dev, hit->cache))
		return TXP_TRANSIT_COUNT;
	age = bpf_jiffies64() - tag->time;
	return !tag->time || age * inst->tick_ns >= 2 * inst->lease_ns ? TXP_TRANSIT_MISS
								       : TXP_TRANSIT_COLLISION;
}

/* true: the packet is the kernel's, and it is counted. */
static __always_inline bool miss_fast(struct __sk_buff *ctx, const struct txp_instance *inst)
{
	struct txp_hit hit = { .cache = dev_cache_get(ctx->ifindex) };
	struct txp_ratelimit *ratelimit = ratelimit_get();
	struct txp_tally *tally;

	if (!hit.cache || !ratelimit || !ratelimit_is_spent(ratelimit, inst))
		return false;
	switch (miss_fast_decide(ctx, &hit, inst)) {
	case TXP_TRANSIT_WOULD_TAKE:
		tally = &hit.cache->would_take;
		break;
	case TXP_TRANSIT_MISS:
		tally = &hit.cache->miss;
		break;
	case TXP_TRANSIT_COLLISION:
		tally = &hit.cache->collision;
		break;
	default:
		return false;
	}
	skb_meta_forget(ratelimit_address(ratelimit, bpf_cast_to_kern_ctx(ctx)));
	count_tally(tally, ctx->len);
	return true;
}

/*
 * The slow path has left a packet to the kernel: miss_fast may be enough for the next one. In
 * shadow nothing is a hit, so a lease has a number there that the map "mode_epoch" never has.
 */
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
			       epoch ? ~epoch : 0, rx->pkt.ip.tos);
	} else if (rx->verdict == TXP_TRANSIT_MISS || rx->verdict == TXP_TRANSIT_COLLISION) {
		cache->genid = around->genids.rt_genid;
		dev_cache_validate(cache, inst, around, skb->dev);
	}
}

#endif /* TXPATH_BPF_OFFLOAD_HIT_H */
