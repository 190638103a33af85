// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Breaks what the kernel decided, between its decision and txpath's check of it. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "mangle.h"

#define IP_OFFSET(member) (ETH_HLEN + offsetof(struct iphdr, member))

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct mangle mangle = {};

static void put16(struct __sk_buff *skb, __u32 offset, __u16 old, __u16 new)
{
	if (!mangle.bad_sum)
		bpf_l3_csum_replace(skb, IP_OFFSET(check), old, new, sizeof(new));
	bpf_skb_store_bytes(skb, offset, &new, sizeof(new), 0);
}

static void flip16(struct __sk_buff *skb, __u32 offset, __u16 bits)
{
	__u16 old;

	if (!bpf_skb_load_bytes(skb, offset, &old, sizeof(old)))
		put16(skb, offset, old, old ^ bpf_htons(bits));
}

static void add16(struct __sk_buff *skb, __u32 offset, __u16 more)
{
	__u16 old;

	if (!bpf_skb_load_bytes(skb, offset, &old, sizeof(old)))
		put16(skb, offset, old, bpf_htons(bpf_ntohs(old) + more));
}

static void flip_mac(struct __sk_buff *skb)
{
	__u32 offset = mangle.mac_offset;
	__u8 byte;

	if (bpf_skb_load_bytes(skb, offset, &byte, sizeof(byte)))
		return;
	byte ^= mangle.mac_flip;
	bpf_skb_store_bytes(skb, offset, &byte, sizeof(byte), 0);
}

static void set_daddr(struct __sk_buff *skb)
{
	__be32 new = bpf_htonl(mangle.daddr);
	__be32 old;

	if (bpf_skb_load_bytes(skb, IP_OFFSET(daddr), &old, sizeof(old)))
		return;
	bpf_l3_csum_replace(skb, IP_OFFSET(check), old, new, sizeof(new));
	bpf_skb_store_bytes(skb, IP_OFFSET(daddr), &new, sizeof(new), 0);
}

static void append(struct __sk_buff *skb)
{
	if (!bpf_skb_change_tail(skb, skb->len + mangle.tail, 0))
		add16(skb, IP_OFFSET(tot_len), mangle.tail);
}

/* The size of the segments stays, so that they outgrow what they were cut for. */
static int push_room(struct __sk_buff *skb, __u32 bytes)
{
	if (bpf_skb_adjust_room(skb, bytes, BPF_ADJ_ROOM_NET, BPF_F_ADJ_ROOM_FIXED_GSO))
		return -1;
	add16(skb, IP_OFFSET(tot_len), bytes);
	return 0;
}

static void add_options(struct __sk_buff *skb)
{
	__u32 noop = 0x01010101;

	if (push_room(skb, sizeof(noop)))
		return;
	add16(skb, ETH_HLEN, 0x0100); /* ihl, one word more */
	bpf_l3_csum_replace(skb, IP_OFFSET(check), 0, noop, sizeof(noop));
	bpf_skb_store_bytes(skb, ETH_HLEN + sizeof(struct iphdr), &noop, sizeof(noop), 0);
}

static void set_tag(struct __sk_buff *skb)
{
	__u32 tci = skb->vlan_tci ^ mangle.vlan_tci;
	__be16 proto = skb->vlan_proto;

	if (skb->vlan_present && !bpf_skb_vlan_pop(skb))
		bpf_skb_vlan_push(skb, proto, tci);
}

SEC("tc")
int mangle_egress(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	if (mangle.ip_flip)
		flip16(skb, ETH_HLEN + mangle.ip_offset, mangle.ip_flip);
	if (mangle.mac_flip)
		flip_mac(skb);
	if (mangle.mark)
		skb->mark ^= mangle.mark;
	if (mangle.priority)
		skb->priority ^= mangle.priority;
	if (mangle.vlan_tci)
		set_tag(skb);
	if (mangle.daddr)
		set_daddr(skb);
	if (mangle.tail)
		append(skb);
	if (mangle.options)
		add_options(skb);
	if (mangle.room)
		push_room(skb, mangle.room);
	return TC_ACT_UNSPEC;
}
