/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A device: what it is, what it has of IP, of queues, and of VLAN devices above it. */
#ifndef TXPATH_BPF_KERNEL_DEVICE_H
#define TXPATH_BPF_KERNEL_DEVICE_H

#include "kernel/netns.bpf.h"
#include "kernel/tc.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct in_ifaddr {
	struct in_ifaddr *ifa_next;
	__be32 ifa_local;
};

struct in_device {
	struct in_ifaddr *ifa_list;
	struct ipv4_devconf cnf;
	struct neigh_parms *arp_parms;
};

struct inet6_dev {
	struct neigh_parms *nd_parms;
};

struct netprio_map {
	__u32 priomap_len;
	__u32 priomap[1]; /* by sock_prioidx */
};

struct net_device_ops {
	void *ndo_select_queue;
};

struct xps_map {
	unsigned int len;
	__u16 queues[1];
};

struct xps_dev_maps {
	unsigned int nr_ids;	     /* 5.12 */
	struct xps_map *attr_map[1]; /* by CPU */
};

/* The VLAN devices above a device: eight parts for 802.1Q, eight for 802.1ad, by the VID. */
struct vlan_group {
	struct net_device **vlan_devices_arrays[16];
};

struct vlan_info {
	struct vlan_group grp;
};

struct header_ops;

struct net_device {
	char name[16];
	int ifindex;
	struct hlist_node index_hlist;
	unsigned int mtu;
	unsigned short hard_header_len;
	unsigned short needed_headroom;
	unsigned int real_num_tx_queues;
	const struct header_ops *header_ops;
	const struct net_device_ops *netdev_ops;
	struct netdev_queue *_tx;
	__s16 num_tc;
	struct xps_dev_maps *xps_maps[2];  /* 5.12: by CPU, by receive queue */
	struct xps_dev_maps *xps_cpus_map; /* before, each by itself */
	struct xps_dev_maps *xps_rxqs_map;
	struct netprio_map *priomap;
	unsigned int priv_flags; /* a bit field since 6.12 */
	possible_net_t nd_net;
	unsigned int flags;
	struct in_device *ip_ptr;
	struct inet6_dev *ip6_ptr;
	void *rx_handler;
	struct nf_hook_entries *nf_hooks_ingress;
	struct nf_hook_entries *nf_hooks_egress; /* 5.16 */
	struct bpf_mprog_entry *tcx_ingress;	 /* 6.6 */
	struct mini_Qdisc *miniq_ingress;	 /* before */
	struct vlan_info *vlan_info;
	const unsigned char *dev_addr;
	unsigned char priv[1]; /* 6.11; before, behind the struct */
};

struct vlan_priority_tci_mapping {
	__u32 priority;
	__u16 vlan_qos; /* where it stands in the tag */
	struct vlan_priority_tci_mapping *next;
};

struct vlan_dev_priv {
	struct vlan_priority_tci_mapping *egress_priority_map[16]; /* by the priority's last bits */
};

#pragma clang attribute pop

#define TXP_LOOPBACK_IFINDEX 1
#define TXP_IFF_UP 1
#define TXP_IFF_XMIT_DST_RELEASE (1 << 5)
#define TXP_IFF_L3MDEV_MASTER (1 << 18)
#define TXP_IFF_L3MDEV_SLAVE (1 << 21)

#endif /* TXPATH_BPF_KERNEL_DEVICE_H */
