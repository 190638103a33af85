/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Transit has judged a packet in full and takes it over: what it saw is noted, so that the flow's
 * next packet can be a hit. What cannot be noted is not: then that packet is judged too.
 */
#ifndef TXPATH_BPF_OFFLOAD_CACHE_VALIDATE_H
#define TXPATH_BPF_OFFLOAD_CACHE_VALIDATE_H

#include "offload/guard.bpf.h"

/* Worst of the hooks that are noted, which may be newer than those that were judged. */
static __always_inline enum txp_hooks cache_hooks_kind(const struct txp_dev_cache *cache)
{
	const __u64 noted[] = {
		READ_ONCE(cache->prerouting),
		READ_ONCE(cache->forward),
		READ_ONCE(cache->postrouting),
	};
	__u32 worst = TXP_HOOKS_NONE;

	for (__u32 i = 0; i < 3; i++) {
		__u32 kind = nf_walk(noted[i]);

		if (kind > worst)
			worst = kind;
	}
	return worst;
}

/*
 * Hooks that act are those that the mode leases or passes by. Harmless ones are told by what they
 * are, not by where: only one, at POSTROUTING, has room.
 */
static __always_inline bool cache_hooks(struct txp_dev_cache *cache, const struct net *net,
					bool acting)
{
	const struct nf_hook_entries *post;
	enum txp_hooks kind;

	cache->hook = 0;
	cache->netfilter = acting;
	cache->conntrack = 0;
	if (!bpf_core_field_exists(net->nf.hooks_ipv4))
		return true;
	post = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	WRITE_ONCE(cache->prerouting, (__u64)net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING]);
	WRITE_ONCE(cache->forward, (__u64)net->nf.hooks_ipv4[TXP_NF_FORWARD]);
	WRITE_ONCE(cache->postrouting, (__u64)post);
	kind = cache_hooks_kind(cache);
	cache->conntrack = kind == TXP_HOOKS_CONNTRACK;
	if (acting)
		return kind != TXP_HOOKS_SELINUX;
	if (!post)
		return !cache->prerouting && !cache->forward;
	cache->hook = (__u64)post->hooks[0].hook;
	cache->hook_of = (__u64)post->hooks[0].priv;
	return kind == TXP_HOOKS_NONE && !cache->prerouting && !cache->forward &&
	       post->num_hook_entries == 1;
}

/* Transit alone on TCX, and no filters behind: what else may be there is judged for each packet. */
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
	/* a pointer written to a map is read as a number */
	WRITE_ONCE(cache->tcx, (__u64)entry->parent);
	cache->tcx = READ_ONCE(cache->tcx) - bpf_core_field_offset(struct tcx_entry, bundle);
	tcx = kernel_typed((const struct tcx_entry *)cache->tcx);
	/* first: what comes later has another one */
	WRITE_ONCE(cache->tcx_revision, (__u64)tcx->bundle.revision.counter);
	entry = READ_ONCE(dev->tcx_ingress);
	return entry && !entry->fp_items[1].prog && !tcx->miniq;
}

static __always_inline void cache_settings(struct txp_dev_cache *cache,
					   const struct txp_instance *inst,
					   const struct txp_surroundings *around,
					   const struct net_device *dev)
{
	const __u64 offset = bpf_core_field_offset(struct ipv4_devconf, data) +
			     TXP_DEVCONF_RP_FILTER * sizeof(int);
	const struct net *net = dev->nd_net.net;

	cache->net = (__u64)net;
	WRITE_ONCE(cache->rp_filter, (__u64)dev->ip_ptr);
	WRITE_ONCE(cache->rp_filter_all, (__u64)net->ipv4.devconf_all);
	cache->rp_filter =
		READ_ONCE(cache->rp_filter) + bpf_core_field_offset(struct in_device, cnf) + offset;
	cache->rp_filter_all = READ_ONCE(cache->rp_filter_all) + offset;
	cache->key_ports = around->key_ports | around->connections;
	cache->hash = around->hash_policy == 1;
	cache->sock_pfree = inst->sock_pfree;
}

/* Noted in this tick already, and of the same kind: what has moved since is judged in full. */
static __always_inline bool cache_is_fresh(const struct txp_dev_cache *cache, const struct net *net,
					   const struct txp_surroundings *around, __u64 now)
{
	return cache->tick == now && cache->net == (__u64)net &&
	       cache->key_ports == (around->key_ports | around->connections) &&
	       cache->hash == (around->hash_policy == 1) && cache->netfilter == around->tcp_state;
}

/* For a packet that has been judged in full, whose lease or place is what is left to compare. */
static __always_inline void dev_cache_validate(struct txp_dev_cache *cache,
					       const struct txp_instance *inst,
					       const struct txp_surroundings *around,
					       const struct net_device *dev)
{
	const struct net *net = dev->nd_net.net;
	__u64 now = bpf_jiffies64();

	if (cache_is_fresh(cache, net, around, now))
		return;
	cache->tick = now;
	cache_settings(cache, inst, around, dev);
	cache->ready = cache_hooks(cache, net, around->tcp_state) && cache_programs(cache, dev)
			       ? cache->ifindex
			       : 0;
}

/*
 * From the next packet on this lease can be a hit, until it is over. armed: of the map "mode_epoch"
 * before anything was asked.
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
	lease->tick = 0; /* asked for by the first hit */
	lease->priority = tos_to_priority(tos);
	lease->mode_epoch = lease->next_hop_at || !around->tos_priority ? 0 : epoch;
}

#endif /* TXPATH_BPF_OFFLOAD_CACHE_VALIDATE_H */
