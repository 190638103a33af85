/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Everything between TC ingress and the output device that could decide otherwise than the lease:
 * netfilter, IPsec, the device, other programs, the packet's own state, the output. Each check
 * reads the kernel's own variable at the moment of use, and has a reason of its own.
 *
 * The kernel's packet comes from bpf_cast_to_kern_ctx at TC ingress itself. Before 6.2 it comes
 * from the tracepoint netif_receive_skb a moment earlier, which leaves the answers in a slot.
 */
#ifndef TXPATH_BPF_OFFLOAD_GUARD_H
#define TXPATH_BPF_OFFLOAD_GUARD_H

#include "lib/nf_hooks.bpf.h"
#include "offload/flow.bpf.h"

#define TXP_TC_WALK 8 /* programs or filters of others on one hook */
#define TXP_TCP_HEADER_MIN 20
#define TXP_NO_QUEUE 0xffff /* NO_QUEUE_MAPPING */
#define TXP_XPS_CPUS 0
#define TXP_XPS_RXQS 1

static __always_inline struct txp_receive_slot *receive_slot_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&receive_slot, &zero);
}

/*
 * A generation of netfilter's rules and chains. nf_tables has a cursor that flips with each
 * commit, and since 6.7 a number. iptables has neither: its changes wait for the lease to end.
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

/* Sysctls that decide about forwarding and have no generation. */
static __always_inline __u16 settings_read(const struct net *net)
{
	return (NET_SETTING(net, ipv4.sysctl_fib_multipath_hash_policy) & 3) |
	       (NET_SETTING(net, ipv4.sysctl_ip_fwd_use_pmtu) & 1) << 2;
}

/* conntrack drops what it has not seen of a connection as invalid, unless it is liberal. */
static __always_inline bool conntrack_is_strict(const struct net *net)
{
	return bpf_core_field_exists(net->ct.stat) && net->ct.stat &&
	       !NET_SETTING(net, ct.nf_ct_proto.tcp.tcp_be_liberal);
}

/* The worse one of what has been found and of these hooks. */
static __always_inline enum txp_hooks nf_worse(struct txp_surroundings *around,
					       const struct nf_hook_entries *entries,
					       enum txp_hooks worst)
{
	enum txp_hooks kind;

	if (!entries)
		return worst;
	/* a kernel pointer becomes a number when it is read back from a map */
	WRITE_ONCE(around->hooks, (__u64)entries);
	kind = nf_walk(READ_ONCE(around->hooks));
	return kind > worst ? kind : worst;
}

/* Netfilter's hooks of IPv4, and what the mode of the device makes of them. */
static __always_inline enum txp_transit guard_netfilter(struct txp_surroundings *around,
							const struct net *net, __u32 mode)
{
	enum txp_hooks worst = TXP_HOOKS_NONE;

	if (bpf_core_field_exists(net->nf.hooks_ipv4)) { /* CONFIG_NETFILTER */
		worst = nf_worse(around, net->nf.hooks_ipv4[TXP_NF_PRE_ROUTING], worst);
		worst = nf_worse(around, net->nf.hooks_ipv4[TXP_NF_FORWARD], worst);
		worst = nf_worse(around, net->nf.hooks_ipv4[TXP_NF_POST_ROUTING], worst);
	}
	if (worst == TXP_HOOKS_NONE)
		return TXP_TRANSIT_TAKEN;
	if (worst == TXP_HOOKS_SELINUX)
		return TXP_TRANSIT_SELINUX;
	if (mode == TXP_NETFILTER_DECLINE)
		return TXP_TRANSIT_NETFILTER;
	if (worst == TXP_HOOKS_CONNTRACK && conntrack_is_strict(net))
		return TXP_TRANSIT_CONNTRACK;
	around->tcp_state = 1;
	if (mode == TXP_NETFILTER_LEASE)
		around->connections = 1;
	around->genids.netfilter = genids_netfilter(net);
	return TXP_TRANSIT_TAKEN;
}

/* IPsec of the namespace, and what the input device itself does with packets. */
static __always_inline enum txp_transit guard_device(const struct net *net,
						     const struct net_device *dev)
{
	/* xfrm4_policy_check and xfrm4_route_forward look at these first; CONFIG_XFRM */
	if (bpf_core_field_exists(net->xfrm.policy_count) &&
	    (net->xfrm.policy_count[TXP_XFRM_POLICY_FWD] ||
	     net->xfrm.policy_count[TXP_XFRM_POLICY_OUT]))
		return TXP_TRANSIT_XFRM_POLICY;
	if (bpf_core_field_exists(net->xfrm.policy_count) &&
	    bpf_core_field_exists(net->xfrm.policy_default) &&
	    (net->xfrm.policy_default[TXP_XFRM_POLICY_FWD] == TXP_XFRM_BLOCK ||
	     net->xfrm.policy_default[TXP_XFRM_POLICY_OUT] == TXP_XFRM_BLOCK))
		return TXP_TRANSIT_XFRM_POLICY;
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

/* Everything that is the same for all packets of the device, but for programs behind ours. */
static __always_inline void surroundings_read(struct txp_surroundings *around,
					      const struct net_device *dev, __u32 netfilter)
{
	const struct net *net = dev->nd_net.net;
	int all, own;

	around->genids.rt_genid = net->ipv4.rt_genid.counter;
	around->genids.fib_seq = net->ipv4.fib_seq;
	around->genids.nexthop_seq = net->nexthop.seq;
	own = dev->ip_ptr->cnf.data[TXP_DEVCONF_RP_FILTER];
	all = net->ipv4.devconf_all->data[TXP_DEVCONF_RP_FILTER];
	around->genids.rp_filter = own | all << 2;
	around->genids.settings = settings_read(net);
	around->genids.netfilter = 0;
	around->genids.hash = 0;
	around->tcp_state = 0;
	around->connections = 0;
	around->tos_priority = !!NET_SETTING(net, ipv4.sysctl_ip_fwd_update_priority);
	around->hash_policy = NET_SETTING(net, ipv4.sysctl_fib_multipath_hash_policy);
	around->key_ports = around->hash_policy != 0;
	if (bpf_core_field_exists(net->ipv4.fib_rules_require_fldissect)) /* policy rules */
		around->key_ports |= net->ipv4.fib_rules_require_fldissect != 0;
	around->rp_filter = all > own ? all : own; /* IN_DEV_RPFILTER */
	around->verdict = guard_netfilter(around, net, netfilter);
	if (around->verdict == TXP_TRANSIT_TAKEN)
		around->verdict = guard_device(net, dev);
}

/*
 * The program that sees a packet last: tcx_run goes on until a verdict, then tc_run. NULL: none, or
 * more than are looked at.
 */
static __always_inline const struct bpf_prog *tc_last_program(const struct net_device *dev)
{
	const struct bpf_prog *prog, *last = NULL;
	const struct bpf_mprog_entry *entry = NULL;
	const struct mini_Qdisc *qdisc = NULL;
	const struct list_head *programs, *link;
	const struct tcf_proto *filter, *next = NULL;
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
	filter = qdisc ? KERNEL_READ(qdisc, filter_list) : NULL;
	if (!filter) {
		for (__u32 i = 0; i < TXP_TC_WALK && entry; i++) {
			prog = KERNEL_READ(entry, fp_items[i].prog);
			if (!prog)
				return last;
			last = prog;
		}
		return NULL;
	}
	for (__u32 i = 0; i < TXP_TC_WALK; i++) {
		next = KERNEL_READ(filter, next);
		if (!next)
			break;
		filter = next;
	}
	if (next)
		return NULL;
	/* cls_bpf: root is the list of the filter's programs, the last of which counts */
	programs = KERNEL_READ(filter, root);
	link = KERNEL_READ(programs, prev);
	/* struct cls_bpf_prog: the program, then the link */
	link = (const void *)((__u64)link - sizeof(void *));
	return (const void *)KERNEL_READ(link, next);
}

/* For a packet at our hook: programs of others may be behind ours, and must see it. */
static __always_inline void surroundings_at_hook(struct txp_surroundings *around,
						 const struct txp_instance *inst,
						 const struct net_device *dev, __u32 netfilter)
{
	const struct bpf_prog *last;
	__u32 id;

	surroundings_read(around, dev, netfilter);
	if (around->verdict != TXP_TRANSIT_TAKEN)
		return;
	last = tc_last_program(dev);
	id = last ? KERNEL_READ(last, aux, id) : 0;
	if (!id || (id != inst->transit_program && id != inst->transit_before))
		around->verdict = TXP_TRANSIT_OTHER_PROGRAMS;
}

#define skb_has_extension(skb, id)                                                                 \
	(bpf_core_enum_value_exists(enum skb_ext_id, id) &&                                        \
	 KERNEL_READ(skb, active_extensions) & (1 << bpf_core_enum_value(enum skb_ext_id, id)))

/* What the packet brings along beside its bytes. */
static __always_inline enum txp_transit guard_packet(const struct txp_instance *inst,
						     const struct sk_buff *skb)
{
	__u64 destructor = (__u64)KERNEL_READ(skb, destructor);

	/* before it is routed: a tunnel's metadata, which rules may match */
	if (KERNEL_READ(skb, _skb_refdst))
		return TXP_TRANSIT_METADATA;
	/* ip_rcv_core drops the socket, unless a program assigned it (skb_sk_is_prefetched) */
	if (KERNEL_READ(skb, sk) && (!inst->sock_pfree || destructor == inst->sock_pfree))
		return TXP_TRANSIT_PREFETCHED;
	if (skb_has_extension(skb, SKB_EXT_SEC_PATH))
		return TXP_TRANSIT_SECPATH;
	if (skb_has_extension(skb, SKB_EXT_BRIDGE_NF))
		return TXP_TRANSIT_NETFILTER;
	return TXP_TRANSIT_TAKEN;
}

/* What ip_route_input_slow refuses whatever the route: multicast, broadcast and martians. */
static __always_inline enum txp_transit guard_addresses(__be32 saddr, __be32 daddr)
{
	__u32 from = bpf_ntohl(saddr), to = bpf_ntohl(daddr);

	/* ipv4_is_multicast, ipv4_is_lbcast */
	if (to >> 28 == 0xe || to == ~0U)
		return TXP_TRANSIT_MULTICAST;
	/* ipv4_is_zeronet (all of 0/8 before 5.3), ipv4_is_loopback */
	if (!from || from >> 24 == 127 || from >> 28 == 0xe || from == ~0U)
		return TXP_TRANSIT_MARTIAN;
	if (!to || to >> 24 == 127)
		return TXP_TRANSIT_MARTIAN;
	return TXP_TRANSIT_TAKEN;
}

/*
 * Leased or bypassed netfilter: a segment in the middle of a connection, which conntrack accepts
 * and which changes no connection's state. tcp_error in nf_conntrack_proto_tcp.c: the header has
 * at least 20 bytes and is within the packet, and tcp_valid_flags has its flags. Of those with ACK
 * alone any PSH, URG, ECE and CWR are valid. header_len and length (of header and data) in bytes.
 */
static __always_inline bool tcp_segment_continues(__u32 header_len, __u8 flags, __u32 length)
{
	return header_len >= TXP_TCP_HEADER_MIN && header_len <= length &&
	       (flags & (TXP_TCP_SYN | TXP_TCP_FIN | TXP_TCP_RST | TXP_TCP_ACK)) == TXP_TCP_ACK;
}

/*
 * netdev_core_pick_tx for a packet that has no socket; TXP_NO_QUEUE: cannot be told here. With a
 * map of CPUs: get_xps_queue without traffic classes, if the CPU has one queue. Else skb_tx_hash.
 */
static __always_inline __u32 queue_of_kernel(const struct net_device *output,
					     const struct sk_buff *skb, __u32 queues)
{
	const struct xps_dev_maps *maps = NULL;
	const struct hlist_head *slot; /* a pointer: typed loads stop where attr_map begins */
	const struct xps_map *map;
	__u16 queue = TXP_NO_QUEUE;
	__u32 cpu, cpus, recorded;

	if (KERNEL_READ(output, num_tc) || KERNEL_READ(output, netdev_ops, ndo_select_queue))
		return TXP_NO_QUEUE;
	if (KERNEL_READ_OPTIONAL(output, xps_cpus_map) ||
	    KERNEL_READ_OPTIONAL(output, xps_rxqs_map))
		return TXP_NO_QUEUE;
	if (bpf_core_field_exists(output->xps_maps)) {
		if (KERNEL_READ(output, xps_maps[TXP_XPS_RXQS]))
			return TXP_NO_QUEUE;
		maps = KERNEL_READ(output, xps_maps[TXP_XPS_CPUS]);
	}
	if (!maps) {
		recorded = KERNEL_READ(skb, queue_mapping);
		if (recorded)
			return (recorded - 1) % queues;
		if (!KERNEL_READ_BITS(skb, l4_hash) && !KERNEL_READ_BITS(skb, sw_hash))
			return TXP_NO_QUEUE;			     /* it has no hash yet */
		return (__u64)KERNEL_READ(skb, hash) * queues >> 32; /* reciprocal_scale */
	}
	cpus = KERNEL_READ(maps, nr_ids);
	cpu = KERNEL_READ(skb, sender_cpu) - 1; /* a NAPI's number is above all CPUs */
	if (cpu >= cpus)
		cpu = bpf_get_smp_processor_id();
	if (cpu >= cpus)
		return TXP_NO_QUEUE;
	slot = (const void *)(kernel_address(maps) +
			      bpf_core_field_offset(struct xps_dev_maps, attr_map) +
			      cpu * sizeof(map));
	map = (const void *)KERNEL_READ(slot, first);
	if (map && KERNEL_READ(map, len) == 1)
		bpf_probe_read_kernel(&queue, sizeof(queue), map->queues);
	return queue;
}

/*
 * A packet from a socket of this host, behind a veth, still has it at TC ingress. ip_rcv_core drops
 * the socket, but the device that is redirected to would ask it. netdev_pick_tx takes the queue
 * that the socket had last, on whatever device, and fq has a flow for each socket. Such packets
 * would leave beside those that the kernel forwards, not behind them.
 *
 * Kept as a separate function, with numbers as arguments, so that the verifier checks it once.
 */
__noinline int queue_is_senders(__u64 device, __u64 packet, __u64 socket)
{
	const struct net_device *output = (const void *)device;
	const struct sk_buff *skb = (const void *)packet;
	const struct sock *sk = (const void *)socket;
	__u32 queues = KERNEL_READ(output, real_num_tx_queues);
	__u32 last = KERNEL_READ(sk, __sk_common.skc_tx_queue_mapping);
	__u32 queue = queues == 1 ? 0 : queue_of_kernel(output, skb, queues);
	const struct netdev_queue *tx;
	const struct Qdisc_ops *ops;

	if (queue >= queues || (last < queues && last != queue))
		return true;
	tx = (const void *)(kernel_address(KERNEL_READ(output, _tx)) +
			    queue * bpf_core_type_size(struct netdev_queue));
	ops = KERNEL_READ(tx, qdisc, ops);
	return KERNEL_READ(ops, id[0]) == 'f' && KERNEL_READ(ops, id[1]) == 'q' &&
	       !KERNEL_READ(ops, id[2]);
}

/*
 * The output device, by the address that egress noted. The device cannot have gone: to unregister
 * it flushes its routes, which moves rt_genid.
 */
static __always_inline enum txp_transit guard_output(const struct sk_buff *skb,
						     const struct txp_lease *lease)
{
	const struct net_device *output = (void *)lease->output;
	const struct sock *sk;

	if (KERNEL_READ(output, ifindex) != (int)lease->oif ||
	    !(KERNEL_READ(output, flags) & TXP_IFF_UP))
		return TXP_TRANSIT_OUTPUT_DOWN;
	/* netif_keep_dst: a filter that asks for the route may have come since */
	if (!(KERNEL_READ_BITS(output, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return TXP_TRANSIT_NEEDS_DST;
	if (bpf_core_field_exists(output->nf_hooks_egress) && KERNEL_READ(output, nf_hooks_egress))
		return TXP_TRANSIT_NETDEV_EGRESS;
	sk = KERNEL_READ(skb, sk);
	/* skb_update_prio asks the socket's cgroup if the device has a map (CONFIG_CGROUP_NET_PRIO)
	 */
	if (sk && KERNEL_READ_OPTIONAL(output, priomap))
		return TXP_TRANSIT_SENDER_QUEUE;
	/* netdev_pick_tx notes nothing in a socket that is not connected, and fq asks for the hash
	 */
	if (sk && KERNEL_READ(sk, __sk_common.skc_state) != TXP_TCP_CLOSE &&
	    queue_is_senders(kernel_address(output), kernel_address(skb), kernel_address(sk)))
		return TXP_TRANSIT_SENDER_QUEUE;
	return neighbour_holds(lease) ? TXP_TRANSIT_TAKEN : TXP_TRANSIT_NEIGHBOUR_CHANGED;
}

#endif /* TXPATH_BPF_OFFLOAD_GUARD_H */
