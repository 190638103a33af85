/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What devices decide by the priority of a packet: the netprio map (CONFIG_CGROUP_NET_PRIO) gives
 * a packet its first priority, and a VLAN device's egress map makes the PCP of the tag from it.
 */
#ifndef TXPATH_BPF_VERIFY_L2_H
#define TXPATH_BPF_VERIFY_L2_H

#include "verify/result.bpf.h"

#define TXP_PRIOIDX_ROOT 1
#define TXP_VLAN_VID_MASK 0x0fff
#define TXP_VLAN_PRIO_SHIFT 13
#define TXP_VLAN_PARTS 8     /* VLAN_GROUP_ARRAY_SPLIT_PARTS */
#define TXP_VLAN_PART 512    /* VLAN_GROUP_ARRAY_PART_LEN */
#define TXP_VLAN_MAPPINGS 16 /* entries that are read of one list of the map */
#define TXP_NETDEV_ALIGN 32

/*
 * skb_update_prio: the priority that __dev_queue_xmit gives a packet of priority 0, by the cgroup
 * of its socket. Kept as a separate function so that the verifier checks it once.
 */
__noinline __u32 netprio(void)
{
	const struct txp_check *chk = check_get();
	const struct sock___shared *shared;
	const struct netprio_map *map;
	const struct net_device *dev;
	const struct sk_buff *skb;
	const struct sock *sk;
	__u32 index;
	__u8 state;

	if (!chk)
		return 0;
	skb = chk->skb;
	dev = KERNEL_READ(skb, dev);
	map = KERNEL_READ_OPTIONAL(dev, priomap);
	sk = chk->sk;
	if (!map || !sk)
		return 0;
	/* sk_to_full_sk: a timewait socket has no cgroup */
	state = KERNEL_READ(sk, __sk_common.skc_state);
	if (state == TXP_TCP_TIME_WAIT)
		return 0;
	if (state == TXP_TCP_NEW_SYN_RECV)
		sk = KERNEL_READ(sk, __sk_common.skc_listener);
	if (!sk)
		return 0;
	/* sock_cgroup_prioidx: it used to share its place with the address of a version 2 cgroup */
	index = TXP_PRIOIDX_ROOT;
	shared = (const void *)sk;
	if (!bpf_core_field_exists(shared->sk_cgrp_data.is_data) ||
	    KERNEL_READ_BITS(shared, sk_cgrp_data.is_data) & 1)
		index = KERNEL_READ(sk, sk_cgrp_data.prioidx);
	if (index >= KERNEL_READ(map, priomap_len))
		return 0;
	return kernel_int(kernel_address(map) + bpf_core_field_offset(map->priomap) +
			  index * sizeof(__u32));
}

/* vlan_group_get_device; NULL: no VLAN device has this tag. */
static __always_inline const struct net_device *vlan_above(const struct net_device *dev, __u32 tci,
							   __u32 proto)
{
	const struct vlan_info *info = KERNEL_READ_OPTIONAL(dev, vlan_info);
	__u32 vid = tci & TXP_VLAN_VID_MASK;
	__u32 part = vid / TXP_VLAN_PART;
	__u64 devices;

	if (!info)
		return NULL;
	if (proto == bpf_htons(ETH_P_8021AD))
		part += TXP_VLAN_PARTS;
	devices = kernel_word(kernel_address(info) +
			      bpf_core_field_offset(info->grp.vlan_devices_arrays) +
			      part * sizeof(void *));
	if (!devices)
		return NULL;
	return (const void *)kernel_word(devices + vid % TXP_VLAN_PART * sizeof(void *));
}

/* A bridge, or another device above the same one, may have written the tag instead. */
static __always_inline bool vlan_is_sender(const struct txp_check *chk,
					   const struct net_device *vlan,
					   const struct net_device *dev)
{
	__u64 address = kernel_word(kernel_address(KERNEL_READ(vlan, dev_addr)));

	return !KERNEL_READ(dev, rx_handler) &&
	       mac_value((const __u8 *)&address) == mac_value(chk->pkt.eth.h_source);
}

/* vlan_dev_get_egress_qos_mask; -1: the list is longer than we read */
static __always_inline __s32 vlan_map(const struct net_device *vlan, __u32 priority)
{
	const struct vlan_priority_tci_mapping *mapping;
	__u64 priv = kernel_address(vlan); /* netdev_priv */

	if (bpf_core_field_exists(vlan->priv))
		priv += bpf_core_field_offset(vlan->priv);
	else
		priv += (bpf_core_type_size(struct net_device) + TXP_NETDEV_ALIGN - 1) &
			~(TXP_NETDEV_ALIGN - 1);
	mapping = (const void *)kernel_word(
		priv + bpf_core_field_offset(struct vlan_dev_priv, egress_priority_map) +
		(priority & 0xf) * sizeof(void *));
	for (__u32 i = 0; i < TXP_VLAN_MAPPINGS; i++) {
		if (!mapping)
			return 0;
		if (KERNEL_READ(mapping, priority) == priority)
			return KERNEL_READ(mapping, vlan_qos) >> TXP_VLAN_PRIO_SHIFT;
		mapping = KERNEL_READ(mapping, next);
	}
	return -1;
}

/*
 * vlan_dev_hard_start_xmit: compares the PCP of a tagged packet, and nothing else of it. A VLAN
 * device drops the route (IFF_XMIT_DST_RELEASE), so the device below has none to compare with.
 * Returns the packet's enum txp_reason. Kept as a separate function so that the verifier checks it
 * once.
 */
__noinline int vlan_verify(__u32 tci, __u32 proto)
{
	struct txp_check *chk = check_get();
	const struct net_device *dev, *vlan;
	const struct sk_buff *skb;
	__s32 expected;

	if (!chk || !chk->skb)
		return TXP_REASON_NOT_IPV4;
	skb = chk->skb;
	dev = KERNEL_READ(skb, dev);
	vlan = vlan_above(dev, tci, proto);
	if (!vlan)
		return TXP_REASON_NOT_IPV4;
	if (vlan_is_sender(chk, vlan, dev)) {
		expected = vlan_map(vlan, chk->priority);
		/* the device below may have given the packet its first priority after the tag */
		if (expected >= 0 && !(chk->priority && chk->priority == netprio())) {
			check_field(chk, TXP_FIELD_VLAN_PCP, expected, tci >> TXP_VLAN_PRIO_SHIFT);
			return TXP_REASON_OTHER_DEVICE;
		}
	}
	check_settle(chk, TXP_FIELD_VLAN_PCP, TXP_VERDICT_OBSERVED);
	return TXP_REASON_OTHER_DEVICE;
}

#endif /* TXPATH_BPF_VERIFY_L2_H */
