/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads the fields of a packet that rules match. The fields that no rule of the loaded file uses
 * are not read: the plan is in .rodata, and the verifier removes that code.
 */
#ifndef TXPATH_BPF_CLASSIFY_FIELDS_H
#define TXPATH_BPF_CLASSIFY_FIELDS_H

#include <txpath/classify.h>
#include "lib/maps.bpf.h"
#include "lib/parse.bpf.h"

#define TXP_EXTENSIONS_MAX 6 /* headers between IPv6's and the transport's */
#define TXP_IP6_OFFSET 0xfff8

const volatile struct txp_class_plan plan;

static __always_inline bool plan_asks(enum txp_class_ask ask)
{
	return plan.asks & (1U << ask);
}

/* Length of the link-layer header, by a look-up of the device: for rare packets. */
static __always_inline __u32 link_len(const struct __sk_buff *ctx)
{
	const struct txp_device *dev = device_of(plan.netns, ctx->ifindex);

	return dev ? dev->l2_len : 0;
}

/* Kept as a separate function so that the verifier checks it once, and not for each read. */
static __noinline long load_paged(struct __sk_buff *ctx, __u32 offset, void *to, __u32 len)
{
	if (len > sizeof(struct ipv6hdr))
		return -1;
	return bpf_skb_load_bytes(ctx, link_len(ctx) + offset, to, len);
}

/*
 * Reads from the IP header on, whatever tags are before it. Bytes outside the linear part of the
 * packet need the other helper, which finds them in any part. Returns 0 or a negative errno.
 */
static __always_inline long load_ip(struct __sk_buff *ctx, __u32 offset, void *to, __u32 len)
{
	if (!bpf_skb_load_bytes_relative(ctx, offset, to, len, BPF_HDR_START_NET))
		return 0;
	return load_paged(ctx, offset, to, len);
}

/* all: a trace wants the ports too, although no rule uses them. */
static __always_inline void fields_ports(struct __sk_buff *ctx, __u32 offset, bool all,
					 struct txp_class_fields *fields)
{
	struct txp_ports ports;

	if (!all && !plan_asks(TXP_ASK_SPORT) && !plan_asks(TXP_ASK_DPORT))
		return;
	if (!transport_len(fields->number[TXP_DIMENSION_PROTO]) ||
	    load_ip(ctx, offset, &ports, sizeof(ports)))
		return;
	fields->number[TXP_DIMENSION_SPORT] = bpf_ntohs(ports.source);
	fields->number[TXP_DIMENSION_DPORT] = bpf_ntohs(ports.dest);
	fields->has_ports = 1;
}

static __always_inline bool fields_ipv4(struct __sk_buff *ctx, bool all,
					struct txp_class_fields *fields)
{
	struct iphdr ip;

	if (load_ip(ctx, 0, &ip, sizeof(ip)) || ip.version != 4 || ip.ihl < 5)
		return false;
	fields->family = TXP_CLASS_IPV4;
	fields->source[0] = ip.saddr;
	fields->destination[0] = ip.daddr;
	fields->number[TXP_DIMENSION_PROTO] = ip.protocol;
	fields->number[TXP_DIMENSION_DSCP] = ip.tos >> 2;
	fields->number[TXP_DIMENSION_LEN] = bpf_ntohs(ip.tot_len);
	if (!(ip.frag_off & bpf_htons(TXP_IP_OFFSET)))
		fields_ports(ctx, ip.ihl * 4, all, fields);
	return true;
}

/* Length of an extension header in bytes; 0: the protocol is none. */
static __always_inline __u32 extension_len(__u8 protocol, __u8 length)
{
	switch (protocol) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
		return (length + 1) * 8;
	case IPPROTO_AH:
		return (length + 2) * 4;
	case IPPROTO_FRAGMENT:
		return 8;
	}
	return 0;
}

/*
 * Skips one extension header. false: there is none, or what follows it is not in this fragment. By
 * way of memory: the verifier would follow each sequence of headers through all that comes.
 */
static __always_inline bool skip_extension(struct __sk_buff *ctx, struct txp_class_fields *fields)
{
	__u8 protocol = READ_ONCE(fields->number[TXP_DIMENSION_PROTO]);
	__u32 offset = READ_ONCE(fields->transport);
	__u8 head[4]; /* next header, length, and of a fragment its offset */

	if (!extension_len(protocol, 0))
		return false;
	if (load_ip(ctx, offset, head, sizeof(head))) {
		WRITE_ONCE(fields->transport, 0);
		return false;
	}
	WRITE_ONCE(fields->number[TXP_DIMENSION_PROTO], head[0]);
	if (protocol == IPPROTO_FRAGMENT && (head[2] << 8 | head[3]) & TXP_IP6_OFFSET) {
		WRITE_ONCE(fields->transport, 0);
		return false;
	}
	WRITE_ONCE(fields->transport, offset + extension_len(protocol, head[1]));
	return true;
}

/* ipv6_skip_exthdr: finds the transport header behind up to TXP_EXTENSIONS_MAX headers. */
static __always_inline void skip_extensions(struct __sk_buff *ctx, struct txp_class_fields *fields)
{
	for (__u32 i = 0; i < TXP_EXTENSIONS_MAX; i++) {
		if (!skip_extension(ctx, fields))
			return;
	}
	if (extension_len(READ_ONCE(fields->number[TXP_DIMENSION_PROTO]), 0))
		WRITE_ONCE(fields->transport, 0);
}

static __always_inline bool fields_ipv6(struct __sk_buff *ctx, bool all,
					struct txp_class_fields *fields)
{
	struct ipv6hdr ip;

	if (load_ip(ctx, 0, &ip, sizeof(ip)) || ip.version != 6)
		return false;
	fields->family = TXP_CLASS_IPV6;
	__builtin_memcpy(fields->source, &ip.saddr, sizeof(fields->source));
	__builtin_memcpy(fields->destination, &ip.daddr, sizeof(fields->destination));
	fields->number[TXP_DIMENSION_DSCP] = ip.priority << 2 | ip.flow_lbl[0] >> 6;
	if (ip.payload_len || !ctx->gso_size)
		fields->number[TXP_DIMENSION_LEN] = bpf_ntohs(ip.payload_len) + sizeof(ip);
	fields->number[TXP_DIMENSION_PROTO] = ip.nexthdr;
	fields->transport = sizeof(ip);
	skip_extensions(ctx, fields);
	if (READ_ONCE(fields->transport))
		fields_ports(ctx, READ_ONCE(fields->transport), all, fields);
	return true;
}

/* A forwarded packet may still hold a socket, which is not its sender's. */
static __always_inline void fields_socket(struct __sk_buff *ctx, struct txp_class_fields *fields)
{
	struct bpf_sock *sk;

	if (fields->direction != TXP_DIRECTION_LOCAL)
		return;
	for (__u32 i = 0; i < TXP_CLASS_LEVELS; i++) {
		if (plan_asks(TXP_ASK_CGROUP + i))
			fields->cgroup[i] = bpf_skb_ancestor_cgroup_id(ctx, plan.levels[i]);
	}
	if (!plan_asks(TXP_ASK_UID))
		return;
	sk = ctx->sk;
	/* the helpers take the listener for a SYN-ACK */
	if (!sk || (sk->state != BPF_TCP_NEW_SYN_RECV && !bpf_sk_fullsock(sk)))
		return;
	fields->number[TXP_DIMENSION_UID] = bpf_get_socket_uid(ctx);
	fields->has_user = 1;
}

/* false: the packet is not IP, or its header is cut. all: see fields_ports. */
static __always_inline bool fields_read(struct __sk_buff *ctx, bool all,
					struct txp_class_fields *fields)
{
	bool good = false;

	if (ctx->protocol == bpf_htons(ETH_P_IP))
		good = fields_ipv4(ctx, all, fields);
	else if (ctx->protocol == bpf_htons(ETH_P_IPV6))
		good = fields_ipv6(ctx, all, fields);
	if (!good)
		return false;
	fields->direction = ctx->ingress_ifindex ? TXP_DIRECTION_FORWARDED : TXP_DIRECTION_LOCAL;
	fields->number[TXP_DIMENSION_DEV] = ctx->ifindex;
	fields->number[TXP_DIMENSION_PRIORITY] = ctx->priority;
	fields->mark = ctx->mark;
	if (!fields->number[TXP_DIMENSION_LEN]) /* BIG TCP has no length: iph_totlen */
		fields->number[TXP_DIMENSION_LEN] = ctx->len - link_len(ctx);
	fields_socket(ctx, fields);
	return true;
}

#endif /* TXPATH_BPF_CLASSIFY_FIELDS_H */
