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
#include <stddef.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "flow.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Written by progrun before each run. */
__u32 flows = 1;
__u32 next_flow = 0;
__u32 base_sum = 0; /* of the IP header without check and daddr, not folded */
__u8 header[ETH_HLEN + sizeof(struct iphdr)] __attribute__((aligned(8))) = { 0 };

/*
 * Written in the words in which it is read: to read what has just been written in pieces stalls,
 * and nothing like that happens to a packet that comes from a device.
 */
#define AT(type, base, offset) (*(type *)((void *)(base) + (offset)))
#define COPY(type, to, offset) (AT(type, to, offset) = AT(type, header, offset))
#define TTL_TO_CHECK (ETH_HLEN + offsetof(struct iphdr, ttl))
#define ADDRESSES (ETH_HLEN + offsetof(struct iphdr, saddr))

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "where in the words check and daddr are");

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
	__u32 i = next_flow;
	__u64 check, daddr;

	if (data + sizeof(header) > (void *)(long)ctx->data_end)
		return TC_ACT_SHOT;
	next_flow = i + 1 < flows ? i + 1 : 0;
	daddr = bpf_htonl(flow_address(i));
	check = fold(base_sum + (daddr & 0xffff) + (daddr >> 16));
	COPY(__u32, data, 0);
	COPY(__u32, data, 4);
	COPY(__u32, data, 8);
	AT(__u32, data, TTL_TO_CHECK) = AT(__u16, header, TTL_TO_CHECK) | check << 16;
	AT(__u64, data, ADDRESSES) = AT(__u32, header, ADDRESSES) | daddr << 32;
	bpf_tail_call(ctx, &measured, 0);
	return TC_ACT_SHOT; /* nothing to measure */
}
