/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hit: the packet's flow has a lease by which transit has judged a packet before, and everything
 * that it asked then has the value that it had. Nothing is remembered in the kernel's place: each
 * variable is read again, and compared with what it was. Whatever is not the same, or not simple,
 * is judged in full (judge.bpf.h), which alone says why.
 *
 * Every load through a kernel pointer costs eight instructions on x86. So what moves rt_genid when
 * it changes is not read beside it, and what has no generation and is no policy of who may send is
 * read once a tick (hit_settles).
 */
#ifndef TXPATH_BPF_OFFLOAD_HIT_H
#define TXPATH_BPF_OFFLOAD_HIT_H

#include "offload/rx.bpf.h"
#include "offload/guard.bpf.h"

/* What a hit reads of the packet; the rest is what the key has. */
struct txp_hit {
	struct txp_dev_cache *cache;
	struct txp_lease *lease;
};

/* A sum is right if it is a multiple of 0xffff, and that is what this brings back below a limit. */
#define TXP_CSUM_INVERSE 0xfffefffefffeffffULL /* of 0xffff, modulo 2^64 */
#define TXP_CSUM_QUOTIENT_MAX 0x0001000100010001ULL

/* ip_fast_csum of a header without options, whose first byte is not 0. */
static __always_inline bool hit_checksum(const __u32 *word)
{
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	return sum * TXP_CSUM_INVERSE <= TXP_CSUM_QUOTIENT_MAX;
}

/* ip_rcv_core of a header without options: it is what it was, but for the checks on the key. */
static __always_inline bool hit_header(const struct iphdr *ip, __u32 l3_len)
{
	if (*(const __u8 *)ip != 0x45 || ip->ttl <= 1 || bpf_ntohs(ip->tot_len) != l3_len ||
	    ip->frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET))
		return false;
	return hit_checksum((const __u32 *)ip);
}

/* rx_check_hash: an echo is hashed by nothing but its addresses. */
static __always_inline bool hit_echo(const __u8 *type, const void *end)
{
	return (const void *)(type + 1) <= end &&
	       (*type == TXP_ICMP_ECHO || *type == TXP_ICMP_ECHOREPLY);
}

/* rx_key, of TCP and UDP where ports count. */
static __always_inline bool hit_ports(const struct iphdr *ip, const void *end, bool with_ports,
				      __u64 *word)
{
	const __u32 *ports = (const __u32 *)(ip + 1);
	__u64 protocol = ip->protocol;

	*word = (__u64)(ip->tos & ~3) << 40;
	if (!with_ports)
		return protocol != IPPROTO_ICMP || hit_echo((const __u8 *)ports, end);
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || (const void *)(ports + 1) > end)
		return false;
	*word |= *ports | protocol << 32;
	return true;
}

/* The segment is none that conntrack has to see, or drop: tcp_segment_continues. */
static __always_inline bool hit_tcp_state(const struct iphdr *ip, const void *end, __u32 l3_len)
{
	const __u8 *doff = (const __u8 *)(ip + 1) + TXP_TCP_DOFF_OFFSET;

	return ip->protocol != IPPROTO_TCP ||
	       ((const void *)(doff + 2) <= end &&
		tcp_segment_continues((doff[0] >> 4) * 4, doff[1], l3_len - sizeof(*ip)));
}

/* Both at once: the compiler has read them for the checksum already, and would put them together.
 */
static __always_inline __u64 hit_addresses(const struct iphdr *ip)
{
	const void *at = &ip->saddr;

	asm volatile("" : "+r"(at));
	return *(const __u64 *)at;
}

/* The lease that is the flow's, if any is. */
static __always_inline struct txp_lease *hit_lease(const struct __sk_buff *ctx,
						   const struct iphdr *ip, const void *end,
						   const struct txp_dev_cache *cache)
{
	__u64 addresses = hit_addresses(ip);
	__u64 device = cache->ready | (__u64)ctx->mark << 32;
	struct txp_lease_page *page;
	struct txp_lease *lease;
	__u64 ports;
	__u32 hash;

	if (!hit_ports(ip, end, cache->key_ports, &ports))
		return NULL;
	hash = lease_hash(addresses, device, ports);
	page = lease_page(hash);
	if (!page || tag_in(page, hash)->hash != hash)
		return NULL;
	lease = lease_in(page, hash);
	if (lease_key_word(&lease->key, 0) != addresses ||
	    lease_key_word(&lease->key, 1) != device || lease_key_word(&lease->key, 2) != ports)
		return NULL;
	return lease;
}

/* guard_packet. A list of segments is no longer than one packet may be, or too long for a hit. */
static __always_inline bool hit_packet(const struct __sk_buff *ctx, const struct sk_buff *skb)
{
	if (ctx->protocol != bpf_htons(ETH_P_IP) || ctx->vlan_present ||
	    ctx->pkt_type != PACKET_HOST || skb->_skb_refdst)
		return false;
	return !KERNEL_HAS(bpf_core_field_exists(skb->active_extensions)) ||
	       !skb->active_extensions;
}

/* sender_has_queue, where there is nothing to choose, of a socket that nobody assigned. */
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

/* rx_hash, of the packet that the context stands for */
static __always_inline __u32 hit_hash(const struct __sk_buff *ctx, const struct sk_buff *skb)
{
	return BPF_CORE_READ_BITFIELD(skb, l4_hash) ? ctx->hash | 1 : 0;
}

/*
 * The lease of a packet that may be a hit, NULL: there is none. What is asked of the packet is
 * asked here; the rest has nothing to do with it.
 */
static __always_inline struct txp_lease *hit_of_packet(struct __sk_buff *ctx,
						       const struct txp_dev_cache *cache)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	struct txp_lease *lease;

	if ((const void *)(ip + 1) > end || !hit_packet(ctx, bpf_cast_to_kern_ctx(ctx)) ||
	    !hit_header(ip, ctx->len - ETH_HLEN) ||
	    (cache->netfilter && !hit_tcp_state(ip, end, ctx->len - ETH_HLEN)))
		return NULL;
	lease = hit_lease(ctx, ip, end, cache);
	if (!lease || ctx->len - ETH_HLEN > lease->mtu ||
	    !hit_sender(bpf_cast_to_kern_ctx(ctx), cache, lease))
		return NULL;
	if (cache->hash && lease->genids.hash != hit_hash(ctx, bpf_cast_to_kern_ctx(ctx)))
		return NULL;
	return lease;
}

/* Judged under the modes that there are. */
static __always_inline bool hit_epoch_holds(const struct txp_lease *lease)
{
	const __u64 *epoch = mode_epoch_get();

	return epoch && lease->mode_epoch && lease->mode_epoch == *epoch;
}

/*
 * Covers what moves rt_genid: forwarding by sysctl, IPsec policies, addresses, devices that go
 * down, leave the namespace or join a VRF.
 */
static __always_inline bool hit_genids(const struct net *net,
				       const struct txp_genid_snapshot *genids)
{
	return genids->rt_genid == (__u32)net->ipv4.rt_genid.counter &&
	       genids->fib_seq == net->ipv4.fib_seq && genids->nexthop_seq == net->nexthop.seq;
}

/* The only hook there, which is known to be harmless. */
static __always_inline bool hit_hook(const struct nf_hook_entries *entries,
				     const struct txp_dev_cache *cache)
{
	return entries->num_hook_entries == 1 && (__u64)entries->hooks[0].hook == cache->hook &&
	       (!cache->hook_of || (__u64)entries->hooks[0].priv == cache->hook_of);
}

static __always_inline bool hit_hooks(const struct net *net, const struct txp_dev_cache *cache)
{
	const struct nf_hook_entries *entries;

	if (!KERNEL_HAS(bpf_core_field_exists(net->nf.hooks_ipv4))) /* CONFIG_NETFILTER */
		return true;
	if ((__u64)net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING] != cache->prerouting ||
	    (__u64)net->nf.hooks_ipv4[TXP_NF_FORWARD] != cache->forward)
		return false;
	entries = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	return (__u64)entries == cache->postrouting && (!cache->hook || hit_hook(entries, cache));
}

/* IN_DEV_RPFILTER; where the values are does not change unless addresses do. */
static __always_inline bool hit_rp_filter(const struct txp_hit *hit)
{
	__u32 all = typed_int(hit->cache->rp_filter_all) << 2;

	return (typed_int(hit->cache->rp_filter) | all) == hit->lease->genids.rp_filter;
}

/*
 * guard_device and guard_other_programs. What is noted of TCX is that of the hook on which transit
 * has been ever since: attaching it again ends all leases.
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

/* guard_output; a device that is down or gone has moved rt_genid. */
static __always_inline bool hit_output(const struct txp_lease *lease)
{
	const struct net_device *output = kernel_typed((const struct net_device *)lease->output);

	if (KERNEL_HAS(bpf_core_field_exists(output->nf_hooks_egress)) && output->nf_hooks_egress)
		return false;
	return neighbour_is_noted(lease);
}

/*
 * Once a tick: is the lease over, and what has no generation. That a device does not forward moves
 * rt_genid only if it is said by sysctl.
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

/* The namespace's, beginning with whether it is still the one. */
static __always_inline bool hit_net_holds(const struct net_device *dev, const struct txp_hit *hit)
{
	const struct net *net = dev->nd_net.net;
	__u64 now;

	if ((__u64)net != hit->cache->net)
		return false;
	now = bpf_jiffies64();
	if (hit->lease->tick != now && !hit_settles(net, dev, hit->cache, hit->lease, now))
		return false;
	return hit_genids(net, &hit->lease->genids) && hit_hooks(net, hit->cache) &&
	       (!hit->cache->netfilter || hit->lease->genids.netfilter == genids_netfilter(net)) &&
	       hit_rp_filter(hit);
}

static __always_inline bool hit_device_holds(const struct sk_buff *skb, const struct txp_hit *hit)
{
	const struct net_device *dev = skb->dev;

	return hit_net_holds(dev, hit) && hit_device(dev, hit->cache);
}

/* true: the packet may be sent by the lease. */
static __always_inline bool hit_find(struct __sk_buff *ctx, struct txp_hit *hit)
{
	__u32 ifindex = ctx->ifindex;

	hit->cache = dev_cache_place(ifindex);
	if (!hit->cache || hit->cache->ready != ifindex)
		return false;
	hit->lease = hit_of_packet(ctx, hit->cache);
	return hit->lease && hit_epoch_holds(hit->lease) &&
	       hit_device_holds(bpf_cast_to_kern_ctx(ctx), hit) && hit_output(hit->lease);
}

#endif /* TXPATH_BPF_OFFLOAD_HIT_H */
