// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TC programs that others have on a router's device: drop, assign a socket, redirect, multiply. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u16 port = 0;	 /* of the socket to assign */
const volatile __u32 output = 0; /* device to redirect to */

SEC("tc")
int other_drop(struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) ? TC_ACT_SHOT : TC_ACT_UNSPEC;
}

SEC("tc")
int other_redirect(struct __sk_buff *skb)
{
	return skb->protocol == bpf_htons(ETH_P_IP) ? bpf_redirect(output, 0) : TC_ACT_UNSPEC;
}

#define FLOOD 300

/* All of them within one softirq. */
SEC("tc")
int other_flood(struct __sk_buff *skb)
{
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	for (int i = 0; i < FLOOD; i++)
		bpf_clone_redirect(skb, output, 0);
	return TC_ACT_SHOT;
}

/* What a transparent proxy does. The socket is bound to no address: any destination finds it. */
SEC("tc")
int other_assign(struct __sk_buff *skb)
{
	struct bpf_sock_tuple tuple = { .ipv4.dport = bpf_htons(port) };
	struct bpf_sock *sk;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	sk = bpf_sk_lookup_udp(skb, &tuple, sizeof(tuple.ipv4), BPF_F_CURRENT_NETNS, 0);
	if (!sk)
		return TC_ACT_UNSPEC;
	bpf_sk_assign(skb, sk, 0);
	bpf_sk_release(sk);
	return TC_ACT_UNSPEC;
}
