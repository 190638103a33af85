/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands between TC ingress and the output device and would have had a say. Each line
 * asks the kernel's own variable at the moment of use, through the typed packet: a load, no
 * helper. The typed packet is bpf_cast_to_kern_ctx's in transit itself; before 6.2 it is the
 * argument of netif_receive_skb, a moment earlier, and transit finds the answers in a slot.
 */
#ifndef TXPATH_BPF_OFFLOAD_GUARD_H
#define TXPATH_BPF_OFFLOAD_GUARD_H

#include "lib/context.bpf.h"
#include "lib/nf_hooks.bpf.h"
#include "offload/flow.bpf.h"
#include "offload/neighbour.bpf.h"
#include "offload/queue.bpf.h"

#define TXP_TC_WALK 8 /* programs or filters of others on one hook */

static __always_inline struct txp_receive_slot *receive_slot_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&receive_slot, &zero);
}

/*
 * Moves when rules or chains do: nf_tables has a cursor that flips with each commit, and since
 * 6.7 a number; iptables has neither, and the lease is its bound.
 */
static __always_inline __u32 genids_netfilter(const struct net *net)
{
	__u32 genids = 0;

	if (bpf_core_field_exists(net->nft.gencursor))
		genids = net->nft.gencursor;
	if (bpf_core_field_exists(net->nft.base_seq))
		genids += (__u32)net->nft.base_seq << 1;
	return genids;
}

static __always_inline __u16 settings_read(const struct net *net)
{
	return settings_pack(NET_SETTING(net, ipv4.sysctl_fib_multipath_hash_policy),
			     NET_SETTING(net, ipv4.sysctl_ip_fwd_use_pmtu));
}

static __always_inline __u16 rp_filter_read(const struct net *net, const struct net_device *dev)
{
	return dev->ip_ptr->cnf.data[TXP_DEVCONF_RP_FILTER] |
	       net->ipv4.devconf_all->data[TXP_DEVCONF_RP_FILTER] << 2;
}

static __always_inline void genids_read(struct txp_genid_snapshot *genids, const struct net *net,
					const struct net_device *dev)
{
	genids->rt_genid = net->ipv4.rt_genid.counter;
	genids->fib_seq = net->ipv4.fib_seq;
	genids->nexthop_seq = net->nexthop.seq;
	genids->rp_filter = rp_filter_read(net, dev);
	genids->settings = settings_read(net);
	genids->netfilter = 0;
	genids->hash = 0;
}

/* Worse of what has been found and of these hooks. */
static __always_inline enum txp_hooks nf_worse(struct txp_surroundings *around,
					       const struct nf_hook_entries *entries,
					       enum txp_hooks worst)
{
	enum txp_hooks kind;

	if (!entries)
		return worst;
	/* a pointer written to a map is read as a number */
	WRITE_ONCE(around->hooks, (__u64)entries);
	kind = nf_walk(READ_ONCE(around->hooks));
	return kind > worst ? kind : worst;
}

static __always_inline enum txp_hooks nf_walk_all(struct txp_surroundings *around,
						  const struct net *net)
{
	enum txp_hooks worst = TXP_HOOKS_NONE;

	if (!bpf_core_field_exists(net->nf.hooks_ipv4)) /* CONFIG_NETFILTER */
		return TXP_HOOKS_NONE;
	worst = nf_worse(around, net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING], worst);
	worst = nf_worse(around, net->nf.hooks_ipv4[TXP_NF_FORWARD], worst);
	return nf_worse(around, net->nf.hooks_ipv4[TXP_NF_POST_ROUTING], worst);
}

/* conntrack takes what it has not seen of a connection for invalid, unless it is liberal. */
static __always_inline bool conntrack_is_strict(const struct net *net)
{
	return bpf_core_field_exists(net->ct.stat) && net->ct.stat &&
	       !NET_SETTING(net, ct.nf_ct_proto.tcp.tcp_be_liberal);
}

static __always_inline enum txp_transit guard_netfilter(struct txp_surroundings *around,
							const struct txp_instance *inst,
							const struct net *net, __u32 mode)
{
	enum txp_hooks found = nf_walk_all(around, net);

	if (found == TXP_HOOKS_NONE)
		return TXP_TRANSIT_TAKEN;
	if (found == TXP_HOOKS_SELINUX)
		return TXP_TRANSIT_SELINUX;
	if (mode == TXP_NETFILTER_DECLINE)
		return TXP_TRANSIT_NETFILTER;
	if (found == TXP_HOOKS_CONNTRACK && conntrack_is_strict(net))
		return TXP_TRANSIT_CONNTRACK;
	around->tcp_state = 1;
	if (mode == TXP_NETFILTER_LEASE)
		around->connections = 1;
	around->genids.netfilter = genids_netfilter(net);
	return TXP_TRANSIT_TAKEN;
}

/* xfrm4_policy_check and xfrm4_route_forward look at these first. */
static __always_inline bool guard_xfrm(const struct net *net)
{
	if (!bpf_core_field_exists(net->xfrm.policy_count)) /* CONFIG_XFRM */
		return false;
	if (net->xfrm.policy_count[TXP_XFRM_POLICY_FWD] ||
	    net->xfrm.policy_count[TXP_XFRM_POLICY_OUT])
		return true;
	return bpf_core_field_exists(net->xfrm.policy_default) &&
	       (net->xfrm.policy_default[TXP_XFRM_POLICY_FWD] == TXP_XFRM_BLOCK ||
		net->xfrm.policy_default[TXP_XFRM_POLICY_OUT] == TXP_XFRM_BLOCK);
}

/* The first member of a cls_bpf filter list is a list of its programs, of which the last counts. */
static __always_inline const struct bpf_prog *tcf_last_program(const struct tcf_proto *filter)
{
	const struct list_head *programs, *link;
	const struct tcf_proto *next = NULL;

	for (__u32 i = 0; i < TXP_TC_WALK; i++) {
		next = KERNEL_READ(filter, next);
		if (!next)
			break;
		filter = next;
	}
	if (next)
		return NULL;
	programs = KERNEL_READ(filter, root);
	link = KERNEL_READ(programs, prev);
	/* struct cls_bpf_prog: the program, then the link */
	link = (const void *)((__u64)link - sizeof(void *));
	return (const void *)KERNEL_READ(link, next);
}

static __always_inline const struct bpf_prog *tcx_last_program(const struct bpf_mprog_entry *entry)
{
	const struct bpf_prog *prog, *last = NULL;

	for (__u32 i = 0; i < TXP_TC_WALK; i++) {
		prog = KERNEL_READ(entry, fp_items[i].prog);
		if (!prog)
			return last;
		last = prog;
	}
	return NULL;
}

/* tcx_run goes on until a verdict, then tc_run: who is the last to see the packet? */
static __always_inline const struct bpf_prog *tc_last_program(const struct net_device *dev)
{
	const struct bpf_mprog_entry *entry = NULL;
	const struct mini_Qdisc *qdisc = NULL;
	const struct tcf_proto *filters;
	const struct tcx_entry *tcx;

	if (bpf_core_field_exists(dev->tcx_ingress)) {
		entry = dev->tcx_ingress;
		if (!entry)
			return NULL;
		tcx = (void *)KERNEL_READ(entry, parent) -
		      bpf_core_field_offset(struct tcx_entry, bundle);
		qdisc = KERNEL_READ(tcx, miniq);
	} else if (bpf_core_field_exists(dev->miniq_ingress)) {
		qdisc = dev->miniq_ingress;
	}
	filters = qdisc ? KERNEL_READ(qdisc, filter_list) : NULL;
	if (filters)
		return tcf_last_program(filters);
	return entry ? tcx_last_program(entry) : NULL;
}

/* Is a program or filter behind ours? */
static __always_inline bool guard_other_programs(const struct txp_instance *inst,
						 const struct net_device *dev)
{
	const struct bpf_prog *last = tc_last_program(dev);
	__u32 id = last ? KERNEL_READ(last, aux, id) : 0;

	return !id || (id != inst->transit_program && id != inst->transit_before);
}

static __always_inline enum txp_transit guard_device(const struct txp_instance *inst,
						     const struct net_device *dev)
{
	if (dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] == 0)
		return TXP_TRANSIT_FORWARDING_OFF;
	if (dev->rx_handler)
		return TXP_TRANSIT_RX_HANDLER;
	if (bpf_core_field_exists(dev->nf_hooks_ingress) && dev->nf_hooks_ingress)
		return TXP_TRANSIT_NETDEV_INGRESS;
	if (BPF_CORE_READ_BITFIELD(dev, priv_flags) & TXP_IFF_L3MDEV_SLAVE)
		return TXP_TRANSIT_IN_VRF;
	return TXP_TRANSIT_TAKEN;
}

/* IN_DEV_RPFILTER: the device's or that of all, whichever is more */
static __always_inline __u8 surroundings_rp_filter(const struct net *net,
						   const struct net_device *dev)
{
	int all = net->ipv4.devconf_all->data[TXP_DEVCONF_RP_FILTER];
	int own = dev->ip_ptr->cnf.data[TXP_DEVCONF_RP_FILTER];

	return all > own ? all : own;
}

/* Everything that is the same for all packets of the device, but for programs behind ours. */
static __always_inline void surroundings_read(struct txp_surroundings *around,
					      const struct txp_instance *inst,
					      const struct net_device *dev, __u32 netfilter)
{
	const struct net *net = dev->nd_net.net;
	enum txp_transit found;

	genids_read(&around->genids, net, dev);
	around->tcp_state = 0;
	around->connections = 0;
	around->tos_priority = !!NET_SETTING(net, ipv4.sysctl_ip_fwd_update_priority);
	around->rp_filter = surroundings_rp_filter(net, dev);
	around->hash_policy = NET_SETTING(net, ipv4.sysctl_fib_multipath_hash_policy);
	around->key_ports = around->hash_policy != 0;
	if (bpf_core_field_exists(net->ipv4.fib_rules_require_fldissect)) /* policy rules */
		around->key_ports |= net->ipv4.fib_rules_require_fldissect != 0;
	found = guard_netfilter(around, inst, net, netfilter);
	if (found == TXP_TRANSIT_TAKEN && guard_xfrm(net))
		found = TXP_TRANSIT_XFRM_POLICY;
	if (found == TXP_TRANSIT_TAKEN)
		found = guard_device(inst, dev);
	around->verdict = found;
}

/* For packets that come to our program: what it leaves is for whoever is behind it. */
static __always_inline void surroundings_at_hook(struct txp_surroundings *around,
						 const struct txp_instance *inst,
						 const struct net_device *dev, __u32 netfilter)
{
	surroundings_read(around, inst, dev, netfilter);
	if (around->verdict == TXP_TRANSIT_TAKEN && guard_other_programs(inst, dev))
		around->verdict = TXP_TRANSIT_OTHER_PROGRAMS;
}

#define skb_has_extension(skb, id)                                                                 \
	(bpf_core_enum_value_exists(enum skb_ext_id, id) &&                                        \
	 KERNEL_READ(skb, active_extensions) & (1 << bpf_core_enum_value(enum skb_ext_id, id)))

/* ip_rcv_core orphans the packet, unless a program assigned the socket (skb_sk_is_prefetched). */
static __always_inline enum txp_transit guard_packet(const struct txp_instance *inst,
						     const struct sk_buff *skb)
{
	__u64 destructor = (__u64)KERNEL_READ(skb, destructor);

	/* before it is routed: a tunnel's, which rules may ask for */
	if (KERNEL_READ(skb, _skb_refdst))
		return TXP_TRANSIT_METADATA;
	if (KERNEL_READ(skb, sk) && (!inst->sock_pfree || destructor == inst->sock_pfree))
		return TXP_TRANSIT_PREFETCHED;
	if (skb_has_extension(skb, SKB_EXT_SEC_PATH))
		return TXP_TRANSIT_SECPATH;
	if (skb_has_extension(skb, SKB_EXT_BRIDGE_NF))
		return TXP_TRANSIT_NETFILTER;
	return TXP_TRANSIT_TAKEN;
}

/*
 * The output device by the address that egress noted. It cannot have gone: a device that is
 * unregistered flushes its routes, which moves rt_genid.
 */
static __always_inline enum txp_transit guard_output(const struct sk_buff *skb,
						     const struct txp_lease *lease)
{
	const struct net_device *output = (void *)lease->output;

	if (KERNEL_READ(output, ifindex) != (int)lease->oif ||
	    !(KERNEL_READ(output, flags) & TXP_IFF_UP))
		return TXP_TRANSIT_OUTPUT_DOWN;
	/* netif_keep_dst: a filter that asks for the route may have come since */
	if (!(KERNEL_READ_BITS(output, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return TXP_TRANSIT_NEEDS_DST;
	if (bpf_core_field_exists(output->nf_hooks_egress) && KERNEL_READ(output, nf_hooks_egress))
		return TXP_TRANSIT_NETDEV_EGRESS;
	if (sender_has_queue(output, skb))
		return TXP_TRANSIT_SENDER_QUEUE;
	return neighbour_holds(lease) ? TXP_TRANSIT_TAKEN : TXP_TRANSIT_NEIGHBOUR_CHANGED;
}

#endif /* TXPATH_BPF_OFFLOAD_GUARD_H */
