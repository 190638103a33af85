/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A packet from a socket of this host, behind a veth, has it still at TC ingress; ip_rcv_core drops
 * it. The device that is redirected to would ask the socket: netdev_pick_tx takes the queue that it
 * had last, on whatever device, fq has a flow for each socket, and skb_update_prio a priority for
 * its cgroup. Such packets would leave beside those that the kernel forwards, and not behind them.
 */
#ifndef TXPATH_BPF_OFFLOAD_QUEUE_H
#define TXPATH_BPF_OFFLOAD_QUEUE_H

#include "kernel/kernel.bpf.h"

#define TXP_NO_QUEUE 0xffff /* NO_QUEUE_MAPPING */
#define TXP_XPS_CPUS 0
#define TXP_XPS_RXQS 1

/* get_xps_queue without traffic classes; TXP_NO_QUEUE: one of several, or none. */
static __always_inline __u32 queue_of_cpu(const struct xps_dev_maps *maps,
					  const struct sk_buff *skb)
{
	__u32 cpus = KERNEL_READ(maps, nr_ids);
	__u32 cpu = KERNEL_READ(skb, sender_cpu) - 1; /* a NAPI's number is above all CPUs */
	const struct hlist_head *slot; /* a pointer: typed loads stop where attr_map begins */
	const struct xps_map *map;
	__u16 queue = TXP_NO_QUEUE;

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

/* skb_tx_hash without traffic classes; TXP_NO_QUEUE: the packet has no hash yet. */
static __always_inline __u32 queue_of_packet(const struct sk_buff *skb, __u32 queues)
{
	__u32 recorded = KERNEL_READ(skb, queue_mapping);

	if (recorded)
		return (recorded - 1) % queues;
	if (!KERNEL_READ_BITS(skb, l4_hash) && !KERNEL_READ_BITS(skb, sw_hash))
		return TXP_NO_QUEUE;
	return (__u64)KERNEL_READ(skb, hash) * queues >> 32; /* reciprocal_scale */
}

/* netdev_core_pick_tx for a packet that has no socket; TXP_NO_QUEUE: not told here. */
static __always_inline __u32 queue_of_kernel(const struct net_device *output,
					     const struct sk_buff *skb, __u32 queues)
{
	const struct xps_dev_maps *maps;

	if (KERNEL_READ(output, num_tc) || KERNEL_READ(output, netdev_ops, ndo_select_queue))
		return TXP_NO_QUEUE;
	if (KERNEL_READ_OPTIONAL(output, xps_cpus_map) ||
	    KERNEL_READ_OPTIONAL(output, xps_rxqs_map))
		return TXP_NO_QUEUE;
	if (!bpf_core_field_exists(output->xps_maps))
		return queue_of_packet(skb, queues);
	if (KERNEL_READ(output, xps_maps[TXP_XPS_RXQS]))
		return TXP_NO_QUEUE;
	maps = KERNEL_READ(output, xps_maps[TXP_XPS_CPUS]);
	return maps ? queue_of_cpu(maps, skb) : queue_of_packet(skb, queues);
}

static __always_inline bool queue_is_fq(const struct net_device *output, __u32 queue)
{
	const struct netdev_queue *tx =
		(const void *)(kernel_address(KERNEL_READ(output, _tx)) +
			       queue * bpf_core_type_size(struct netdev_queue));
	const struct Qdisc_ops *ops = KERNEL_READ(tx, qdisc, ops);

	return KERNEL_READ(ops, id[0]) == 'f' && KERNEL_READ(ops, id[1]) == 'q' &&
	       !KERNEL_READ(ops, id[2]);
}

/* A function of its own, with numbers for arguments: the verifier looks at it once. */
__noinline int queue_is_senders(__u64 device, __u64 packet, __u64 socket)
{
	const struct net_device *output = (const void *)device;
	const struct sk_buff *skb = (const void *)packet;
	const struct sock *sk = (const void *)socket;
	__u32 queues = KERNEL_READ(output, real_num_tx_queues);
	__u32 last = KERNEL_READ(sk, __sk_common.skc_tx_queue_mapping);
	__u32 queue = queues == 1 ? 0 : queue_of_kernel(output, skb, queues);

	return queue >= queues || (last < queues && last != queue) || queue_is_fq(output, queue);
}

/*
 * netdev_pick_tx notes nothing in a socket that is not connected, and fq asks for the hash; any
 * socket has a cgroup, and the device may have a map (CONFIG_CGROUP_NET_PRIO).
 */
static __always_inline bool sender_has_queue(const struct net_device *output,
					     const struct sk_buff *skb)
{
	const struct sock *sk = KERNEL_READ(skb, sk);

	if (!sk)
		return false;
	if (KERNEL_READ_OPTIONAL(output, priomap))
		return true;
	return KERNEL_READ(sk, __sk_common.skc_state) != TXP_TCP_CLOSE &&
	       queue_is_senders(kernel_address(output), kernel_address(skb), kernel_address(sk));
}

#endif /* TXPATH_BPF_OFFLOAD_QUEUE_H */
