// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What txpath is measured beside, as TC ingress programs of a router's device. `progrun load` sets
 * the constants and pins one of them.
 *
 *   bench_empty    nothing
 *   bare_redirect  nothing but bpf_redirect: the limit of a program
 *   bare_rewrite   a constant Ethernet header and bpf_redirect: the least that delivers
 *   fib_lookup     one bpf_fib_lookup for each packet, header rewritten with direct writes and
 *                  redirect: what forwarders at XDP and TC do (samples/bpf/xdp_fwd_kern.c)
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define AF_INET 2

const volatile __u32 output = 0; /* ifindex */
const volatile __u8 ethernet[ETH_HLEN] __attribute__((aligned(4))) = { 0 };

#define COPY(type, to, from, offset)                                                               \
	(*(type *)((void *)(to) + (offset)) =                                                      \
		 *(const volatile type *)((const void *)(from) + (offset)))

SEC("tc")
int bench_empty(struct __sk_buff *ctx)
{
	return TC_ACT_UNSPEC;
}

SEC("tc")
int bare_redirect(struct __sk_buff *ctx)
{
	return bpf_redirect(output, 0);
}

SEC("tc")
int bare_rewrite(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;

	if (ctx->protocol != bpf_htons(ETH_P_IP) || data + ETH_HLEN > (void *)(long)ctx->data_end)
		return TC_ACT_UNSPEC;
	COPY(__u32, data, ethernet, 0);
	COPY(__u32, data, ethernet, 4);
	COPY(__u32, data, ethernet, 8);
	COPY(__u16, data, ethernet, 12);
	return bpf_redirect(output, 0);
}

/* ip_decrease_ttl */
static __always_inline void decrease_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

static __always_inline void fib_ask(struct bpf_fib_lookup *fib, const struct iphdr *ip,
				    __u32 ifindex)
{
	__builtin_memset(fib, 0, sizeof(*fib));
	fib->family = AF_INET;
	fib->tos = ip->tos;
	fib->l4_protocol = ip->protocol;
	fib->tot_len = bpf_ntohs(ip->tot_len);
	fib->ipv4_src = ip->saddr;
	fib->ipv4_dst = ip->daddr;
	fib->ifindex = ifindex;
}

SEC("tc")
int fib_lookup(struct __sk_buff *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(eth + 1);
	struct bpf_fib_lookup fib;

	if ((void *)(ip + 1) > (void *)(long)ctx->data_end || eth->h_proto != bpf_htons(ETH_P_IP) ||
	    ip->ihl != 5 || ip->ttl <= 1)
		return TC_ACT_UNSPEC;
	fib_ask(&fib, ip, ctx->ifindex);
	if (bpf_fib_lookup(ctx, &fib, sizeof(fib), 0) != BPF_FIB_LKUP_RET_SUCCESS)
		return TC_ACT_UNSPEC;
	decrease_ttl(ip);
	COPY(__u16, eth->h_dest, fib.dmac, 0); /* no more than so much aligned on the stack */
	COPY(__u16, eth->h_dest, fib.dmac, 2);
	COPY(__u16, eth->h_dest, fib.dmac, 4);
	COPY(__u32, eth->h_source, fib.smac, 0);
	COPY(__u16, eth->h_source, fib.smac, 4);
	return bpf_redirect(fib.ifindex, 0);
}
