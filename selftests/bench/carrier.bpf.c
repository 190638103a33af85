// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Makes each repetition of BPF_PROG_TEST_RUN a packet that has just come in, and passes it on to
 * the program that is measured.
 *
 * The kernel runs a program on one and the same packet again and again, and a program that forwards
 * leaves it with another Ethernet header and a smaller TTL: after 63 repetitions nothing would
 * be taken over. So the measured program is tail-called from here, where the header is written
 * anew, with the destination of the next flow. Every row of the table, the bare redirect and the
 * empty program too, is measured through this program: what it costs is in all of them alike, and
 * is not in a difference of two.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Written by progrun before each run. */
__u32 flows = 1;
__u32 next_flow = 0;
__u32 base_sum = 0; /* of the header without check and daddr, not folded */
__u8 ethernet[ETH_HLEN] = { 0 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} measured SEC(".maps");

static __always_inline __u16 fold(__u32 sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

SEC("tc")
int carrier(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + ETH_HLEN;
	__u32 i = next_flow;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	next_flow = i + 1 < flows ? i + 1 : 0;
	__builtin_memcpy(data, ethernet, ETH_HLEN);
	ip->ttl = FLOW_TTL;
	ip->daddr = bpf_htonl(flow_address(i));
	ip->check = fold(base_sum + (ip->daddr & 0xffff) + (ip->daddr >> 16));
	bpf_tail_call(ctx, &measured, 0);
	return TC_ACT_SHOT; /* nothing to measure */
}
