/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The tag that a VLAN device has put on a packet, seen at egress of the device below it: its PCP is
 * what the VLAN device's egress map has for the packet's priority. The route is of no use here, a
 * VLAN device drops it with the device below (IFF_XMIT_DST_RELEASE).
 */
#ifndef TXPATH_BPF_VERIFY_VLAN_H
#define TXPATH_BPF_VERIFY_VLAN_H

#include "verify/result.bpf.h"
#include "verify/netprio.bpf.h"

#define TXP_VLAN_VID_MASK 0x0fff
#define TXP_VLAN_PRIO_SHIFT 13
#define TXP_VLAN_PARTS 8     /* VLAN_GROUP_ARRAY_SPLIT_PARTS */
#define TXP_VLAN_PART 512    /* VLAN_GROUP_ARRAY_PART_LEN */
#define TXP_VLAN_MAPPINGS 16 /* looked at, of those in one place of the map */
#define TXP_NETDEV_ALIGN 32

/* netdev_priv */
static __always_inline __u64 netdev_private(const struct net_device *dev)
{
	__u32 size = bpf_core_type_size(struct net_device);

	if (bpf_core_field_exists(dev->priv))
		return kernel_address(dev) + bpf_core_field_offset(dev->priv);
	return kernel_address(dev) + ((size + TXP_NETDEV_ALIGN - 1) & ~(TXP_NETDEV_ALIGN - 1));
}

/* vlan_group_get_device; NULL: this device has none for the tag. */
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

/* Others may tag too: what is bridged, or a device that shares the one below. */
static __always_inline bool vlan_is_sender(const struct txp_check *chk,
					   const struct net_device *vlan,
					   const struct net_device *dev)
{
	__u64 address = kernel_address(KERNEL_READ(vlan, dev_addr));
	__u64 source = 0;

	__builtin_memcpy(&source, chk->pkt.eth.h_source, ETH_ALEN);
	return !KERNEL_READ(dev, rx_handler) &&
	       mac_equal(kernel_word(address), (const __u8 *)&source);
}

/* vlan_dev_get_egress_qos_mask; -1: not found in time */
static __always_inline __s32 vlan_map(const struct net_device *vlan, __u32 priority)
{
	__u64 place = netdev_private(vlan) +
		      bpf_core_field_offset(struct vlan_dev_priv, egress_priority_map) +
		      (priority & 0xf) * sizeof(void *);
	const struct vlan_priority_tci_mapping *mapping = (const void *)kernel_word(place);

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
 * vlan_dev_hard_start_xmit. After it skb_update_prio may give the packet its first priority, by the
 * map of the device below.
 */
static __always_inline void rule_vlan_pcp(struct txp_check *chk, const struct net_device *vlan,
					  __u32 pcp)
{
	__s32 expected = vlan_map(vlan, chk->priority);

	if (expected < 0 || (chk->priority && chk->priority == netprio()))
		check_settle(chk, TXP_FIELD_VLAN_PCP, TXP_VERDICT_OBSERVED);
	else
		check_field(chk, TXP_FIELD_VLAN_PCP, expected, pcp);
}

/*
 * What becomes of a packet with a tag, which is all that is judged of it: enum txp_reason. A
 * function of its own: the verifier looks at it once.
 */
__noinline int vlan_verify(__u32 tci, __u32 proto)
{
	struct txp_check *chk = check_get();
	const struct net_device *dev, *vlan;

	if (!chk || !chk->skb)
		return TXP_REASON_NOT_IPV4;
	dev = KERNEL_READ(check_skb(chk), dev);
	vlan = vlan_above(dev, tci, proto);
	if (!vlan)
		return TXP_REASON_NOT_IPV4;
	if (vlan_is_sender(chk, vlan, dev))
		rule_vlan_pcp(chk, vlan, tci >> TXP_VLAN_PRIO_SHIFT);
	else
		check_settle(chk, TXP_FIELD_VLAN_PCP, TXP_VERDICT_OBSERVED);
	return TXP_REASON_OTHER_DEVICE;
}

#endif /* TXPATH_BPF_VERIFY_VLAN_H */
