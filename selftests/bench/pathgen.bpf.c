// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Both ends of the path harness: makes frames on a sender's device, counts and drops them on
 * the receiver's.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "pathgen.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define SCATTER 0x9e3779b1u /* odd: a different flow for each number below the mask */
#define FLOW_MASK ((1u << PATHGEN_FLOW_BITS) - 1)

const volatile __u64 headers[PATHGEN_HEADERS / sizeof(__u64)] = {}; /* all but the addresses */
const volatile __u32 header_sum = 0; /* of the IP header without the addresses */
const volatile __u32 saddr = 0;	     /* of the first flow */
const volatile __u32 daddr = 0;
const volatile __u32 flows = 1; /* 0: addresses at random */
const volatile __u32 source_mask = 0;
const volatile __u32 destination_shift = 0;
const volatile __be16 port = 0;

struct pathgen_place places[PATHGEN_CPUS];

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} delivered SEC(".maps");

/* Flows that follow each other are far apart, so that no cache knows the next. */
static __always_inline __u32 next_flow(void)
{
	struct pathgen_place *place = &places[bpf_get_smp_processor_id() & (PATHGEN_CPUS - 1)];
	__u64 number = place->next;

	place->sent++;
	if (!flows)
		return bpf_get_prandom_u32();
	place->next = number + 1 < flows ? number + 1 : 0;
	return (place->first + number) * SCATTER & FLOW_MASK;
}

static __always_inline __sum16 header_check(__be32 source, __be32 destination)
{
	__u64 sum = (__u64)header_sum + source + destination;

	sum = (sum >> 32) + (sum & 0xffffffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return ~sum;
}

/*
 * The frame's page has been through the path before, and who received it wrote to it: all of the
 * headers are written anew. XDP_TX sends on the device that the frame is said to come from.
 */
SEC("xdp")
int pathgen_send(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	struct iphdr *ip = data + ETH_HLEN;
	__u64 *word = data;
	__u32 flow;

	if (data + PATHGEN_HEADERS > (void *)(long)ctx->data_end)
		return XDP_ABORTED;
	for (__u32 i = 0; i < PATHGEN_HEADERS / sizeof(*word); i++)
		word[i] = headers[i];
	flow = next_flow();
	/* a random number has bits that the destination does not use */
	ip->saddr = bpf_htonl(saddr + ((flows ? flow : flow >> 12) & source_mask));
	ip->daddr = bpf_htonl(daddr + ((flow & FLOW_MASK) << destination_shift));
	ip->check = header_check(ip->saddr, ip->daddr);
	return XDP_TX;
}

SEC("tc")
int pathgen_sink(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data;
	struct iphdr *ip = data + ETH_HLEN;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 zero = 0;
	__u64 *count;

	if (skb->protocol != bpf_htons(ETH_P_IP) || (void *)(udp + 1) > (void *)(long)skb->data_end)
		return TC_ACT_UNSPEC;
	if (ip->protocol != IPPROTO_UDP || udp->dest != port)
		return TC_ACT_UNSPEC;
	count = bpf_map_lookup_elem(&delivered, &zero);
	if (count)
		(*count)++;
	return TC_ACT_SHOT;
}
