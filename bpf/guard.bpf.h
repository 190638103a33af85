/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What stands between TC ingress and the output device and would have had a say. Each line
 * asks the kernel's own variable at the moment of use, through the typed packet that
 * bpf_cast_to_kern_ctx gives: a load, no helper.
 */
#ifndef TXPATH_GUARD_BPF_H
#define TXPATH_GUARD_BPF_H

#include "explain.bpf.h"
#include "lease.bpf.h"

#define TXP_TCX_WALK 8

static __always_inline void stamp_read(struct txp_stamp *stamp, const struct net *net,
				       const struct net_device *dev)
{
	const struct txp_moments *moved = moments_get();

	stamp->rt_genid = net->ipv4.rt_genid.counter;
	stamp->fib_seq = net->ipv4.fib_seq;
	stamp->nexthop_seq = net->nexthop.seq;
	stamp->neighbours = moved ? moved->neighbours : 0;
	stamp->settings = settings_pack(dev->ip_ptr->cnf.data[TXP_DEVCONF_RP_FILTER],
					net->ipv4.devconf_all->data[TXP_DEVCONF_RP_FILTER],
					net->ipv4.sysctl_fib_multipath_hash_policy,
					net->ipv4.sysctl_ip_fwd_use_pmtu);
	stamp->reserved = 0;
}

/* A hook function told by its address; the loader has looked it up. */
static __always_inline bool nf_hook_is_selinux(const struct txp_instance *inst,
					       const struct nf_hook_entry *entry)
{
	__u64 hook = (__u64)KERNEL_READ(entry, hook);

	for (__u32 i = 0; i < TXP_SELINUX_HOOKS; i++)
		if (inst->selinux[i] && inst->selinux[i] == hook)
			return true;
	return false;
}

/* TAKEN: nothing that could change or drop the packet. */
static __always_inline enum txp_transit nf_walk(const struct txp_instance *inst,
						const struct nf_hook_entries *entries)
{
	__u32 count = KERNEL_READ(entries, num_hook_entries);

	if (count > TXP_NF_ENTRIES_MAX)
		return TXP_TRANSIT_NETFILTER;
	for (__u32 i = 0; i < TXP_NF_ENTRIES_MAX && i < count; i++) {
		if (nf_hook_is_harmless(inst, &entries->hooks[i]))
			continue;
		return nf_hook_is_selinux(inst, &entries->hooks[i]) ? TXP_TRANSIT_SELINUX
								    : TXP_TRANSIT_NETFILTER;
	}
	return TXP_TRANSIT_TAKEN;
}

static __always_inline enum txp_transit guard_netfilter(const struct txp_instance *inst,
							const struct net *net)
{
	const struct nf_hook_entries *const hooks[] = {
		net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING],
		net->nf.hooks_ipv4[TXP_NF_FORWARD],
		net->nf.hooks_ipv4[TXP_NF_POST_ROUTING],
	};

	if (!hooks[0] && !hooks[1] && !hooks[2])
		return TXP_TRANSIT_TAKEN;
	for (__u32 i = 0; i < 3; i++) {
		enum txp_transit found = hooks[i] ? nf_walk(inst, hooks[i]) : TXP_TRANSIT_TAKEN;

		if (found != TXP_TRANSIT_TAKEN)
			return found;
	}
	return TXP_TRANSIT_TAKEN;
}

/* xfrm4_policy_check and xfrm4_route_forward look at these first. */
static __always_inline bool guard_xfrm(const struct net *net)
{
	return net->xfrm.policy_count[TXP_XFRM_POLICY_FWD] ||
	       net->xfrm.policy_count[TXP_XFRM_POLICY_OUT] ||
	       net->xfrm.policy_default[TXP_XFRM_POLICY_FWD] == TXP_XFRM_BLOCK ||
	       net->xfrm.policy_default[TXP_XFRM_POLICY_OUT] == TXP_XFRM_BLOCK;
}

/* Is a program or filter behind ours? tcx_run goes on until a verdict, then tc_run. */
static __always_inline bool guard_other_programs(const struct txp_instance *inst,
						 const struct net_device *dev)
{
	const struct bpf_mprog_entry *entry = dev->tcx_ingress;
	const struct tcx_entry *tcx;
	const struct bpf_prog *prog, *last = NULL;

	if (!entry)
		return true; /* then we would not run: not a hook that we know */
	for (__u32 i = 0; i < TXP_TCX_WALK; i++) {
		prog = KERNEL_READ(entry, fp_items[i].prog);
		if (!prog)
			break;
		last = prog;
	}
	if (!last || KERNEL_READ(last, aux, id) != inst->transit_program)
		return true;
	tcx = (void *)KERNEL_READ(entry, parent) - bpf_core_field_offset(struct tcx_entry, bundle);
	return KERNEL_READ(tcx, miniq, filter_list);
}

static __always_inline enum txp_transit guard_device(const struct txp_instance *inst,
						     const struct net_device *dev)
{
	if (dev->ip_ptr->cnf.data[TXP_DEVCONF_FORWARDING] == 0)
		return TXP_TRANSIT_FORWARDING_OFF;
	if (dev->rx_handler)
		return TXP_TRANSIT_RX_HANDLER;
	if (dev->nf_hooks_ingress)
		return TXP_TRANSIT_NETDEV_INGRESS;
	if (BPF_CORE_READ_BITFIELD(dev, priv_flags) & TXP_IFF_L3MDEV_SLAVE)
		return TXP_TRANSIT_IN_VRF;
	if (guard_other_programs(inst, dev))
		return TXP_TRANSIT_OTHER_PROGRAMS;
	return TXP_TRANSIT_TAKEN;
}

/* ip_rcv_core orphans the packet, unless a program assigned the socket (skb_sk_is_prefetched). */
static __always_inline enum txp_transit guard_packet(const struct txp_instance *inst,
						     const struct sk_buff *skb)
{
	if (skb->sk && (!inst->sock_pfree || (__u64)skb->destructor == inst->sock_pfree))
		return TXP_TRANSIT_PREFETCHED;
	if (bpf_core_enum_value_exists(enum skb_ext_id, SKB_EXT_SEC_PATH) &&
	    skb->active_extensions & (1 << bpf_core_enum_value(enum skb_ext_id, SKB_EXT_SEC_PATH)))
		return TXP_TRANSIT_SECPATH;
	return TXP_TRANSIT_TAKEN;
}

/*
 * The output device by the address that egress noted. It cannot have gone: a device that is
 * unregistered flushes its routes, which moves rt_genid.
 */
static __always_inline enum txp_transit guard_output(const struct txp_lease *lease)
{
	const struct net_device *output =
		bpf_rdonly_cast((void *)lease->output, bpf_core_type_id_kernel(struct net_device));

	if (output->ifindex != (int)lease->oif || !(output->flags & TXP_IFF_UP))
		return TXP_TRANSIT_OUTPUT_DOWN;
	if (output->nf_hooks_egress)
		return TXP_TRANSIT_NETDEV_EGRESS;
	return TXP_TRANSIT_TAKEN;
}

static __always_inline enum txp_transit guard(const struct txp_instance *inst,
					      const struct sk_buff *skb)
{
	const struct net_device *dev = skb->dev;
	const struct net *net = dev->nd_net.net;
	enum txp_transit found;

	found = guard_netfilter(inst, net);
	if (found != TXP_TRANSIT_TAKEN)
		return found;
	if (guard_xfrm(net))
		return TXP_TRANSIT_XFRM_POLICY;
	found = guard_device(inst, dev);
	if (found != TXP_TRANSIT_TAKEN)
		return found;
	return guard_packet(inst, skb);
}

#endif /* TXPATH_GUARD_BPF_H */
