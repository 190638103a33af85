// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC ingress of an attached device: a packet whose flow has a lease is sent by it, everything
 * else is the kernel's, untouched. All that can fail is done before the first byte is written,
 * and the writing is in a program of its own: a program that writes has a prologue that
 * unclones a cloned packet or drops it, and only packets to be taken over may pay for that.
 */
#include "arrival.bpf.h"
#include "context.bpf.h"
#include "count.bpf.h"
#include "dossier.bpf.h"
#include "guard.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* From the program that decides to the one that writes. */
struct txp_takeover {
	struct txp_device_key device;
	__u8 ethernet[ETH_HLEN];
	__u8 reserved[2];
	__u32 oif;
	__u32 priority;
	__u32 reserved_end;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_takeover);
} takeovers SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_arrival);
} arrivals SEC(".maps");

int txpath_takeover(struct __sk_buff *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} takeover_program SEC(".maps") = {
	.values = { [0] = (void *)&txpath_takeover },
};

static __always_inline void count_transit(struct txp_counters *cnt, __u32 verdict, __u64 bytes)
{
	struct txp_tally *tally = (struct txp_tally *)&cnt->transits;

	if (verdict >= TXP_TRANSIT_COUNT)
		return;
	tally[verdict].packets++;
	tally[verdict].bytes += bytes;
}

/* Leave the packet to the kernel, and a note for egress to learn from. */
static __always_inline void leave_note(struct __sk_buff *ctx, const struct sk_buff *skb,
				       struct txp_arrival *arrival)
{
	struct txp_sender snd = {};

	sender_read_header(&snd, &arrival->pkt.ip);
	snd.mark = skb->mark;
	snd.priority = skb->priority;
	snd.seen |= TXP_SEEN_MARK | TXP_SEEN_PRIORITY;
	transport_read(ctx, &arrival->pkt, arrival->note.transport);
	arrival->note.valid = 1;
	dossier_write_note(skb, &snd, &arrival->note);
}

/* ip_forward: rt_tos2priority, unless the sysctl says to leave it */
static __always_inline __u32 forward_priority(const struct __sk_buff *ctx, const struct net *net,
					      const struct txp_packet *pkt)
{
	return net->ipv4.sysctl_ip_fwd_update_priority ? tos_to_priority(pkt->ip.tos)
						       : ctx->priority;
}

/* The program that writes can only write what is in the packet's linear part. */
static __always_inline bool header_is_linear(const struct __sk_buff *ctx)
{
	return (void *)(long)ctx->data + ETH_HLEN + sizeof(struct iphdr) <=
	       (void *)(long)ctx->data_end;
}

/* ip_forward: ip_exceeds_mtu */
static __always_inline enum txp_transit check_size(const struct __sk_buff *ctx,
						   const struct txp_packet *pkt, __u32 mtu)
{
	__u32 gso_size = ctx->gso_size;

	if (!gso_size)
		return pkt->l3_len <= mtu ? TXP_TRANSIT_TAKEN : TXP_TRANSIT_TOO_BIG;
	if (gso_size == TXP_GSO_BY_FRAGS || !pkt->l4_len)
		return TXP_TRANSIT_GSO_KIND;
	return sizeof(struct iphdr) + pkt->l4_len + gso_size <= mtu ? TXP_TRANSIT_TAKEN
								    : TXP_TRANSIT_TOO_BIG;
}

static __always_inline bool is_miss(enum txp_transit verdict)
{
	return verdict >= TXP_TRANSIT_COLD && verdict <= TXP_TRANSIT_SETTINGS_MOVED;
}

static __always_inline enum txp_transit find_lease(struct __sk_buff *ctx,
						   const struct txp_instance *inst,
						   const struct txp_arrival *arrival,
						   struct txp_takeover *takeover)
{
	const struct txp_lease *lease = lease_place(&arrival->note.key);
	enum txp_transit verdict;

	if (!header_is_linear(ctx))
		return TXP_TRANSIT_SPLIT_HEADER;
	if (!lease || !lease->oif)
		return TXP_TRANSIT_COLD;
	if (!lease_key_equal(&lease->key, &arrival->note.key))
		return TXP_TRANSIT_COLLISION;
	verdict = lease_check(lease, &arrival->note.stamp, arrival->note.time_ns, inst->lease_ns);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	if (lease->transit != TXP_TRANSIT_TAKEN)
		return lease->transit;
	verdict = guard_output(lease);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	__builtin_memcpy(takeover->ethernet, lease->ethernet, ETH_HLEN);
	takeover->oif = lease->oif;
	return check_size(ctx, &arrival->pkt, lease->mtu);
}

static __always_inline enum txp_transit judge(struct __sk_buff *ctx, const struct sk_buff *skb,
					      const struct txp_instance *inst,
					      struct txp_arrival *arrival,
					      struct txp_takeover *takeover)
{
	const struct net *net = skb->dev->nd_net.net;
	enum txp_transit verdict = arrival_parse(ctx, &arrival->pkt);

	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	verdict = guard(inst, skb);
	if (verdict != TXP_TRANSIT_TAKEN)
		return verdict;
	arrival_key(&arrival->note.key, &arrival->pkt, net, ctx->ifindex, ctx->mark);
	stamp_read(&arrival->note.stamp, net, skb->dev);
	takeover->priority = forward_priority(ctx, net, &arrival->pkt);
	arrival->note.time_ns = bpf_ktime_get_coarse_ns();
	return find_lease(ctx, inst, arrival, takeover);
}

static __always_inline bool device_offloads(const struct txp_device *dev)
{
	return dev->mode == TXP_MODE_OFFLOAD && dev->demotions == dev->promoted_at;
}

/* Returns only if the packet is the kernel's. */
static __always_inline void transit(struct __sk_buff *ctx)
{
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	const struct txp_instance *inst = instance_get();
	struct txp_takeover *takeover;
	const struct txp_device *dev;
	struct txp_arrival *arrival;
	struct txp_counters *cnt;
	__u32 zero = 0;

	takeover = bpf_map_lookup_elem(&takeovers, &zero);
	arrival = bpf_map_lookup_elem(&arrivals, &zero);
	if (!inst || !takeover || !arrival || skb->dev->nd_net.net->net_cookie != inst->netns)
		return;
	takeover->device.netns = inst->netns;
	takeover->device.ifindex = ctx->ifindex;
	dev = bpf_map_lookup_elem(&devices, &takeover->device);
	cnt = bpf_map_lookup_elem(&counters, &takeover->device);
	if (!dev || !cnt)
		return;
	arrival->verdict = judge(ctx, skb, inst, arrival, takeover);
	if (arrival->verdict == TXP_TRANSIT_TAKEN && device_offloads(dev))
		bpf_tail_call(ctx, &takeover_program, 0); /* counts by itself */
	if (arrival->verdict == TXP_TRANSIT_TAKEN || is_miss(arrival->verdict))
		leave_note(ctx, skb, arrival);
	if (arrival->verdict == TXP_TRANSIT_TAKEN)
		arrival->verdict = TXP_TRANSIT_WOULD_TAKE;
	count_transit(cnt, arrival->verdict, ctx->len);
}

SEC("tc")
int txpath_transit(struct __sk_buff *ctx)
{
	transit(ctx);
	return TXP_TC_ACT_UNSPEC;
}

/* ip_decrease_ttl */
static __always_inline void decrease_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/* ip_forward and the neighbour's output, on a packet that has passed every check. */
static __always_inline int takeover_send(struct __sk_buff *ctx, const struct txp_takeover *takeover)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > end)
		return TXP_TC_ACT_UNSPEC;
	__builtin_memcpy(data, takeover->ethernet, ETH_HLEN);
	decrease_ttl(ip);
	ctx->priority = takeover->priority;
	ctx->tstamp = 0;
	return bpf_redirect(takeover->oif, 0);
}

SEC("tc")
int txpath_takeover(struct __sk_buff *ctx)
{
	__u32 zero = 0;
	const struct txp_takeover *takeover = bpf_map_lookup_elem(&takeovers, &zero);
	struct txp_counters *cnt;

	if (!takeover)
		return TXP_TC_ACT_UNSPEC;
	cnt = bpf_map_lookup_elem(&counters, &takeover->device);
	if (cnt)
		count_transit(cnt, TXP_TRANSIT_TAKEN, ctx->len);
	return takeover_send(ctx, takeover);
}
