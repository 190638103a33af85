/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps between the programs on a packet's path: what one notes of a packet or a flow for a
 * later one. Apart from maps.bpf.h, because the leases take 2 MiB of each CPU.
 */
#ifndef TXPATH_BPF_LIB_FLOW_MAPS_H
#define TXPATH_BPF_LIB_FLOW_MAPS_H

#include "lib/maps.bpf.h"
#include "lib/ratelimit.bpf.h"
#include "lib/sender.bpf.h"

#define TXP_SKB_META_SLOTS 256 /* per CPU; packets between two probes at one moment */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_LEASE_PAGES);
	__type(key, __u32);
	__type(value, struct txp_lease_page);
} leases SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_ratelimit);
} ratelimits SEC(".maps");

#define TXP_TRANSPORT_BYTES 64	     /* TCP with all its options has 60 */
#define TXP_TRANSPORT_BYTES_PLAIN 20 /* ports to checksum; TCP's urgent pointer */
#define TXP_TRANSPORT_WORDS (TXP_TRANSPORT_BYTES / 4)

struct txp_learn_ctx {
	struct txp_lease_key key;
	struct txp_genid_snapshot genids;
	__u64 time_ns; /* CLOCK_MONOTONIC_COARSE */
	__u32 transport[TXP_TRANSPORT_WORDS];
	__u32 transport_bytes; /* of these, that egress compares */
	__u32 valid;
	__u32 reserved;
};

struct txp_skb_meta {
	__u64 skb;    /* address; 0: empty or being written */
	__u64 writer; /* address of the packet written last */
	struct txp_sender sender;
	struct txp_learn_ctx learn_ctx; /* of transit's */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_SKB_META_SLOTS);
	__type(key, __u32);
	__type(value, struct txp_skb_meta);
} skb_meta SEC(".maps");

/* What the slow path reads of namespace and device, for each packet. */
struct txp_surroundings {
	struct txp_genid_snapshot genids;
	__u32 verdict;	   /* enum txp_transit; TAKEN: nothing is in the way */
	__u8 key_ports;	   /* the ports decide: rules, multipath hash */
	__u8 tos_priority; /* sysctl_ip_fwd_update_priority */
	__u8 tcp_state;	   /* leased or bypassed netfilter: see tcp_segment_continues */
	__u8 rp_filter;	   /* 1: strict, 2: loose */
	__u8 hash_policy;  /* sysctl_fib_multipath_hash_policy */
	__u8 connections;  /* leased netfilter: the key is one connection's */
	__u8 reserved[6];
	__u64 hooks; /* list that is being walked */
};

/* Before 6.2: what receive_tp read for the packet that is about to come to TC ingress. */
struct txp_receive_slot {
	__u64 skb;     /* 0: nothing, or not of this namespace */
	__u32 foreign; /* the latter */
	__u32 ifindex; /* where it came in: a VLAN device's hook comes later */
	struct txp_surroundings around;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_receive_slot);
} receive_slot SEC(".maps");

#endif /* TXPATH_BPF_LIB_FLOW_MAPS_H */
