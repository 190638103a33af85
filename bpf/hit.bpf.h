/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A hit: the packet's flow has a lease by which transit has judged a packet before, and everything
 * that it asked then has the value that it had. Nothing is remembered in the kernel's place: each
 * variable is read again, and compared with what it was. Whatever is not the same, or not simple,
 * is judged in full.
 */
#ifndef TXPATH_HIT_BPF_H
#define TXPATH_HIT_BPF_H

#include "arrival.bpf.h"
#include "guard.bpf.h"

/* What a hit reads of the packet; the rest is what the key has. */
struct txp_hit {
	struct txp_view *view;
	const struct txp_lease *lease;
	__u32 index; /* of the lease */
	__u32 l3_len;
	__u8 tos;
};

/* ip_rcv_core of a header without options: it is what it was, but for the checks on the key. */
static __always_inline bool hit_header(const struct iphdr *ip, __u32 l3_len)
{
	const __u32 *word = (const __u32 *)ip;
	__u64 sum = (__u64)word[0] + word[1] + word[2] + word[3] + word[4];

	if (*(const __u8 *)ip != 0x45 || ip->ttl <= 1 || bpf_ntohs(ip->tot_len) != l3_len ||
	    ip->frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET))
		return false;
	return fold_sum(sum) == 0xffff;
}

/* arrival_check_hash: an echo is hashed by nothing but its addresses. */
static __always_inline bool hit_echo(const __u8 *type, const void *end)
{
	return (const void *)(type + 1) <= end &&
	       (*type == TXP_ICMP_ECHO || *type == TXP_ICMP_ECHOREPLY);
}

/* arrival_key, of TCP and UDP where ports count. */
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

/* The lease that is the flow's, if any is. */
static __always_inline bool hit_lease(struct __sk_buff *ctx, const struct iphdr *ip,
				      const void *end, struct txp_hit *hit)
{
	__u64 addresses = *(const __u64 *)&ip->saddr;
	__u64 device = ctx->ifindex | (__u64)ctx->mark << 32;
	const struct txp_lease_key *key;
	__u64 ports;

	if (!hit_ports(ip, end, hit->view->key_ports, &ports))
		return false;
	hit->index = lease_index(addresses, device, ports);
	hit->lease = lease_at(hit->index);
	if (!hit->lease)
		return false;
	key = &hit->lease->key;
	return lease_key_word(key, 0) == addresses && lease_key_word(key, 1) == device &&
	       lease_key_word(key, 2) == ports;
}

/* guard_packet, and what a packet may be besides. */
static __always_inline bool hit_packet(const struct __sk_buff *ctx, const struct sk_buff *skb,
				       const struct txp_view *view)
{
	if (ctx->protocol != bpf_htons(ETH_P_IP) || ctx->vlan_present || ctx->gso_size ||
	    ctx->pkt_type != PACKET_HOST)
		return false;
	if (skb->_skb_refdst)
		return false;
	if (bpf_core_field_exists(skb->active_extensions) && skb->active_extensions)
		return false;
	return !skb->sk || (view->sock_pfree && (__u64)skb->destructor != view->sock_pfree);
}

/* The only hook there that is known to be harmless, if any is. */
static __always_inline bool hit_hooks(const struct net *net, const struct txp_view *view)
{
	const struct nf_hook_entries *entries;

	if (!bpf_core_field_exists(net->nf.hooks_ipv4)) /* CONFIG_NETFILTER */
		return true;
	entries = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	if (net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING] || net->nf.hooks_ipv4[TXP_NF_FORWARD] ||
	    (__u64)entries != view->entries)
		return false;
	return !entries ||
	       (entries->num_hook_entries == 1 && (__u64)entries->hooks[0].hook == view->hook &&
		(__u64)entries->hooks[0].priv == view->hook_of);
}

static __always_inline bool hit_settings(const struct net *net, const struct net_device *dev,
					 const struct txp_view *view)
{
	const struct in_device *own = dev->ip_ptr;
	const struct ipv4_devconf *all = net->ipv4.devconf_all;

	return own->cnf.data[TXP_DEVCONF_FORWARDING] &&
	       (__u32)own->cnf.data[TXP_DEVCONF_RP_FILTER] == view->rp_filter &&
	       (__u32)all->data[TXP_DEVCONF_RP_FILTER] == view->rp_filter_all &&
	       NET_SETTING(net, ipv4.sysctl_fib_multipath_hash_policy) == view->hash_policy &&
	       NET_SETTING(net, ipv4.sysctl_ip_fwd_use_pmtu) == view->use_pmtu &&
	       NET_SETTING(net, ipv4.sysctl_ip_fwd_update_priority) == view->update_priority;
}

/* guard_device and guard_other_programs; a device in a VRF has gone down on its way there. */
static __always_inline bool hit_device(const struct net_device *dev, const struct txp_view *view)
{
	const struct bpf_mprog_entry *entry;

	if (!bpf_core_field_exists(dev->tcx_ingress))
		return false;
	entry = dev->tcx_ingress;
	if (bpf_core_field_exists(dev->nf_hooks_ingress) && dev->nf_hooks_ingress)
		return false;
	return (__u64)entry == view->tcx && !entry->fp_items[1].prog && !dev->rx_handler &&
	       !kernel_word(view->qdisc);
}

static __always_inline bool hit_stamp(const struct net *net, const struct sk_buff *skb,
				      const struct txp_hit *hit)
{
	const struct txp_stamp *stamp = &hit->lease->stamp;

	return stamp->rt_genid == (__u32)net->ipv4.rt_genid.counter &&
	       stamp->fib_seq == net->ipv4.fib_seq && stamp->nexthop_seq == net->nexthop.seq &&
	       stamp->settings == hit->view->settings &&
	       (hit->view->hash_policy != 1 || stamp->hash == arrival_hash(skb));
}

/* sender_has_queue, where there is nothing to choose. */
static __always_inline bool hit_sender(const struct net_device *output, const struct sk_buff *skb)
{
	const struct sock *sk = skb->sk;
	const struct Qdisc_ops *ops;

	if (!sk || sk->__sk_common.skc_state == TXP_TCP_CLOSE)
		return true;
	if (output->real_num_tx_queues != 1)
		return false;
	ops = output->_tx->qdisc->ops;
	return ops->id[0] != 'f' || ops->id[1] != 'q' || ops->id[2];
}

/* guard_output; a device that is down or gone has moved rt_genid. */
static __always_inline bool hit_output(const struct txp_lease *lease, const struct sk_buff *skb)
{
	const struct net_device *output = kernel_typed((const struct net_device *)lease->output);

	if (!hit_sender(output, skb))
		return false;
	if (!(BPF_CORE_READ_BITFIELD(output, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return false;
	if (bpf_core_field_exists(output->nf_hooks_egress) && output->nf_hooks_egress)
		return false;
	return !lease->next_hop_at && neighbour_holds_typed(lease);
}

/* Judged under the modes that there are, not over, and long enough. */
static __always_inline bool hit_armed(const struct txp_hit *hit)
{
	const struct txp_lease *lease = hit->lease;
	const __u64 *armed = arming_get();

	return armed && lease->arming && lease->arming == *armed && hit->l3_len <= lease->mtu &&
	       (__s64)(lease->until - bpf_jiffies64()) > 0;
}

static __always_inline bool hit_holds(const struct sk_buff *skb, const struct txp_hit *hit)
{
	const struct txp_lease *lease = hit->lease;
	const struct txp_view *view = hit->view;
	const struct net_device *dev = skb->dev;
	const struct net *net = dev->nd_net.net;

	if (!hit_armed(hit))
		return false;
	return (__u64)net == view->net && hit_stamp(net, skb, hit) && hit_hooks(net, view) &&
	       !guard_xfrm(net) && hit_settings(net, dev, view) && hit_device(dev, view) &&
	       hit_output(lease, skb);
}

/* true: the packet may be sent by the lease. */
static __always_inline bool hit_find(struct __sk_buff *ctx, struct txp_hit *hit)
{
	const void *end = (const void *)(long)ctx->data_end;
	const struct iphdr *ip = (const void *)(long)ctx->data + ETH_HLEN;
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);

	hit->view = view_get(ctx->ifindex);
	if (!hit->view || !hit->view->ready || (const void *)(ip + 1) > end)
		return false;
	hit->l3_len = ctx->len - ETH_HLEN;
	hit->tos = ip->tos;
	return hit_packet(ctx, skb, hit->view) && hit_header(ip, hit->l3_len) &&
	       hit_lease(ctx, ip, end, hit) && hit_holds(skb, hit);
}

/* Transit has judged a packet in full and takes it over: what it saw is noted for the next. */

/* One hook that is harmless, or none: asked of what is noted, which may be newer than what was
 * judged. */
static __always_inline bool view_note_hooks(struct txp_view *view, const struct net *net)
{
	const struct nf_hook_entries *entries;

	if (!bpf_core_field_exists(net->nf.hooks_ipv4))
		return true;
	entries = net->nf.hooks_ipv4[TXP_NF_POST_ROUTING];
	if (net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING] || net->nf.hooks_ipv4[TXP_NF_FORWARD])
		return false;
	view->entries = (__u64)entries;
	if (!entries)
		return true;
	view->hook = (__u64)entries->hooks[0].hook;
	view->hook_of = (__u64)entries->hooks[0].priv;
	return entries->num_hook_entries == 1 &&
	       nf_walk(READ_ONCE(view->entries)) == TXP_HOOKS_NONE;
}

/* Transit alone on TCX: what else may be there is judged in full for each packet. */
static __always_inline bool view_note_programs(struct txp_view *view, const struct net_device *dev)
{
	const struct bpf_mprog_entry *entry;

	if (!bpf_core_field_exists(dev->tcx_ingress))
		return false;
	entry = dev->tcx_ingress;
	if (!entry)
		return false;
	view->tcx = (__u64)entry;
	/* a pointer written to a map is read as a number */
	WRITE_ONCE(view->qdisc, (__u64)entry->parent);
	view->qdisc = READ_ONCE(view->qdisc) - bpf_core_field_offset(struct tcx_entry, bundle) +
		      bpf_core_field_offset(struct tcx_entry, miniq);
	return !entry->fp_items[1].prog;
}

static __always_inline void view_note_settings(struct txp_view *view,
					       const struct txp_instance *inst,
					       const struct txp_surroundings *around,
					       const struct net_device *dev)
{
	const struct net *net = dev->nd_net.net;

	view->net = (__u64)net;
	view->rp_filter = dev->ip_ptr->cnf.data[TXP_DEVCONF_RP_FILTER];
	view->rp_filter_all = net->ipv4.devconf_all->data[TXP_DEVCONF_RP_FILTER];
	view->hash_policy = net_hash_policy(net);
	view->use_pmtu = NET_SETTING(net, ipv4.sysctl_ip_fwd_use_pmtu);
	/* of these values: a lease that was judged by others is no hit */
	view->settings = settings_pack(view->rp_filter, view->rp_filter_all, view->hash_policy,
				       view->use_pmtu);
	view->update_priority = NET_SETTING(net, ipv4.sysctl_ip_fwd_update_priority);
	view->key_ports = around->key_ports;
	view->sock_pfree = inst->sock_pfree;
}

/* false: what is there is judged in full for each packet. */
static __always_inline bool hit_note(const struct sk_buff *skb, const struct txp_instance *inst,
				     const struct txp_surroundings *around, struct txp_view *view)
{
	const struct net_device *dev = skb->dev;

	if (!view || !inst->tick_ns || around->tcp_state)
		return false;
	view_note_settings(view, inst, around, dev);
	view->ready = view_note_hooks(view, dev->nd_net.net) && view_note_programs(view, dev);
	return true;
}

/*
 * A packet is taken over: from the next one on this lease can be a hit, until the lease is over.
 * armed: of the map "arming" before anything was asked.
 */
static __always_inline void hit_arm(const struct sk_buff *skb, const struct txp_instance *inst,
				    const struct txp_surroundings *around, struct txp_view *view,
				    struct txp_lease *lease, __u64 time_ns, __u64 armed)
{
	__u64 left = inst->lease_ns - (time_ns - lease->learned);

	if (!hit_note(skb, inst, around, view))
		return;
	lease->until = bpf_jiffies64() + (left + inst->tick_ns - 1) / inst->tick_ns;
	lease->arming = armed;
}

#endif /* TXPATH_HIT_BPF_H */
