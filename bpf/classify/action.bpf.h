/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a class does to a packet. Bytes are written by helpers: if there is no memory to copy a
 * cloned packet, the packet stays as it was. With a direct write the kernel would drop it.
 */
#ifndef TXPATH_BPF_CLASSIFY_ACTION_H
#define TXPATH_BPF_CLASSIFY_ACTION_H

#include "lib/count.bpf.h"
#include "classify/fields.bpf.h"

#define NS_PER_S 1000000000ULL

/*
 * A class this far behind, in time or in packets, is over its rate. Its next packets get a time
 * beyond fq's horizon (10 s), and fq drops them or caps the time (tc-fq(8)). The clock stops, so
 * that the class does not pay for dropped packets. The limit in packets is below fq's flow_limit of
 * 100, above which fq would drop packets that the class has paid for.
 */
#define TXP_EDT_HORIZON_NS (2 * NS_PER_S)
#define TXP_EDT_PACKETS 96
#define TXP_EDT_BEYOND_NS (60 * NS_PER_S)

#define TXP_EDT_AVERAGE 16 /* weight of a packet in the average: 1 / this */

struct txp_edt_clock {
	struct bpf_spin_lock lock;
	__u32 reserved;
	__u64 next_ns; /* CLOCK_MONOTONIC, as fq's: the next packet of the class leaves then */
	__u64 cost_ns; /* average time of a packet at the class's rate */
};

_Static_assert(sizeof(struct txp_edt_clock) == TXP_EDT_CLOCK_SIZE,
	       "the loader makes maps of this size");

/* The only map that is kept when a file is loaded again: a class keeps its row and its clock. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TXP_EDT_CLOCKS);
	__type(key, __u32);
	__type(value, struct txp_edt_clock);
} edt_clocks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class);
} class_actions SEC(".maps");

/* The first bytes of a header, up to its checksum. */
struct txp_ipv4_start {
	__u8 version_ihl;
	__u8 tos;
	__be16 middle[4];
	__sum16 check;
};

/* ipv4_change_dsfield: updates the checksum by RFC 1624, and keeps ECN. */
static __always_inline void change_dscp(struct txp_ipv4_start *ip, __u8 dscp)
{
	__u8 tos = dscp << 2 | (ip->tos & 3);
	__u32 sum = (__u16)~ip->check;

	sum += (__u16)~bpf_htons(ip->version_ihl << 8 | ip->tos);
	sum += bpf_htons(ip->version_ihl << 8 | tos);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = ~sum;
	ip->tos = tos;
}

static __always_inline void write_dscp4(struct __sk_buff *ctx, __u32 offset, __u8 dscp)
{
	struct txp_ipv4_start ip;

	if (bpf_skb_load_bytes(ctx, offset, &ip, sizeof(ip)) || ip.version_ihl >> 4 != 4)
		return;
	change_dscp(&ip, dscp);
	bpf_skb_store_bytes(ctx, offset, &ip, sizeof(ip),
			    0); /* the sum over the header does not change */
}

/* ipv6_change_dsfield */
static __always_inline void write_dscp6(struct __sk_buff *ctx, __u32 offset, __u8 dscp)
{
	__u8 start[2];

	if (bpf_skb_load_bytes(ctx, offset, start, sizeof(start)) || start[0] >> 4 != 6)
		return;
	start[0] = 0x60 | dscp >> 2;
	start[1] = (dscp & 3) << 6 | (start[1] & 0x3f);
	bpf_skb_store_bytes(ctx, offset, start, sizeof(start), BPF_F_RECOMPUTE_CSUM);
}

static __always_inline void write_dscp(struct __sk_buff *ctx, const struct txp_class_fields *fields,
				       __u8 dscp)
{
	if (fields->family == TXP_CLASS_IPV4)
		write_dscp4(ctx, link_len(ctx), dscp);
	else
		write_dscp6(ctx, link_len(ctx), dscp);
}

static __always_inline void edt_average(struct txp_edt_clock *clock, __u64 cost)
{
	if (!clock->cost_ns)
		clock->cost_ns = cost;
	clock->cost_ns += cost / TXP_EDT_AVERAGE;
	clock->cost_ns -= clock->cost_ns / (TXP_EDT_AVERAGE + 1);
}

/* How far the class may be behind, ns. */
static __always_inline __u64 edt_room(const struct txp_edt_clock *clock)
{
	__u64 room = clock->cost_ns * TXP_EDT_PACKETS;

	return room < TXP_EDT_HORIZON_NS ? room : TXP_EDT_HORIZON_NS;
}

/* Departure of this packet. The next one of the class is later by the time of this one. */
static __always_inline __u64 edt_departure(struct txp_edt_clock *clock, __u64 now, __u64 cost)
{
	__u64 departure;

	bpf_spin_lock(&clock->lock);
	edt_average(clock, cost);
	departure = clock->next_ns > now ? clock->next_ns : now;
	if (departure - now <= edt_room(clock))
		clock->next_ns = departure + cost;
	else
		departure = now + TXP_EDT_BEYOND_NS;
	bpf_spin_unlock(&clock->lock);
	return departure;
}

/* fq takes skb->tstamp as the earliest departure. */
static __always_inline void set_departure(struct __sk_buff *ctx, __u64 departure)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_skb_set_tstamp))
		bpf_skb_set_tstamp(ctx, departure, BPF_SKB_TSTAMP_DELIVERY_MONO);
	else
		ctx->tstamp = departure;
}

static __always_inline void give_time(struct __sk_buff *ctx, const struct txp_class *class)
{
	__u32 place = class->clock;
	struct txp_edt_clock *clock = bpf_map_lookup_elem(&edt_clocks, &place);
	__u64 now = bpf_ktime_get_ns(), own = ctx->tstamp, departure;

	if (!clock || !class->rate)
		return;
	departure = edt_departure(clock, now, ctx->wire_len * NS_PER_S / class->rate);
	if (own > departure &&
	    own - now <= TXP_EDT_BEYOND_NS) /* set by SO_TXTIME, or by TCP's pacing */
		departure = own;
	set_departure(ctx, departure);
}

static __always_inline void action_apply(struct __sk_buff *ctx,
					 const struct txp_class_fields *fields,
					 const struct txp_class *class)
{
	if (class->sets & TXP_CLASS_SETS_PRIORITY)
		ctx->priority = class->priority;
	if (class->sets & TXP_CLASS_SETS_MARK)
		ctx->mark = (ctx->mark & ~class->mark_mask) | class->mark;
	if (plan.writes && class->sets & TXP_CLASS_SETS_DSCP &&
	    fields->number[TXP_DIMENSION_DSCP] != class->dscp)
		write_dscp(ctx, fields, class->dscp);
	if (plan.edt_clocks && class->sets & TXP_CLASS_SETS_TIME)
		give_time(ctx, class);
}

#endif /* TXPATH_BPF_CLASSIFY_ACTION_H */
