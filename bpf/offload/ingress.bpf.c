// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC ingress of an attached device. A packet whose flow has a lease is sent by the lease; every
 * other packet stays on the kernel's path, untouched. The way of a packet:
 *
 *   txpath_transit     a hit (hit_find): counted, then txpath_rewrite
 *     |
 *   txpath_slow_path   rate limit reached: miss_fast, counted, the kernel's
 *     |                else the surroundings of the device (surroundings_at_hook)
 *   transit            decide (slow.bpf.h): a lease that holds, or the reason why not
 *     |- taken         and the device is in offload: take_by_lease, then txpath_rewrite
 *     `- else          a learn context for egress, counted, the kernel's; egress may learn a lease
 *
 *   txpath_rewrite     Ethernet addresses, TTL, checksum, priority; bpf_redirect to the output
 *
 * Everything that can fail is done before the first byte is written. Writing is a program of its
 * own, because a program that writes has a prologue that unclones a cloned packet or drops it:
 * only packets that are taken over may pay for that.
 */
#include "lib/context.bpf.h"
#include "offload/hit.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_rx);
} rx_scratch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_surroundings);
} surroundings SEC(".maps");

int txpath_rewrite(struct __sk_buff *ctx);
int txpath_slow_path(struct __sk_buff *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TXP_CALL_COUNT);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} transit_calls SEC(".maps") = {
	.values = {
		[TXP_CALL_REWRITE] = (void *)&txpath_rewrite,
		[TXP_CALL_SLOW_PATH] = (void *)&txpath_slow_path,
	},
};

/* Words for txpath_rewrite: the 16 bytes of Ethernet addresses and output, and the priority. */
static __always_inline void hand_on(struct __sk_buff *ctx, const struct txp_lease *lease,
				    __u32 priority)
{
	const __u64 *from = (const __u64 *)lease->ethernet; /* and oif */
	__u64 *to = (__u64 *)&ctx->cb[TXP_REWRITE_ETHERNET];

	to[0] = from[0];
	to[1] = from[1];
	ctx->cb[TXP_REWRITE_PRIORITY] = priority;
}

/* ip_forward: rt_tos2priority, unless the sysctl says to leave the priority. */
static __always_inline __u32 forwarded_priority(const struct __sk_buff *ctx, bool by_tos, __u8 tos)
{
	return by_tos ? tos_to_priority(tos) : ctx->priority;
}

/* Takes the packet over; returns only if it stays with the kernel. epoch: see cache_validate. */
static __always_inline void take_by_lease(struct __sk_buff *ctx, const struct sk_buff *skb,
					  const struct txp_instance *inst, struct txp_counters *cnt,
					  struct txp_rx *rx, const struct txp_surroundings *around,
					  __u64 epoch)
{
	struct txp_lease *lease = lease_place(&rx->learn_ctx.key);
	__u8 tos = rx->pkt.ip.tos;
	__u32 length = ctx->len;

	if (!lease)
		return;
	if (bpf_cast_to_kern_ctx)
		cache_validate(skb, inst, around, dev_cache_claim(ctx->ifindex), lease,
			       rx->learn_ctx.time_ns, epoch, tos);
	/* pskb_trim_rcsum in ip_rcv_core; a packet that cannot be trimmed is as it was */
	if (rx->trim && bpf_skb_change_tail(ctx, rx->trim, 0)) {
		rx->verdict = TXP_TRANSIT_PADDED;
		return;
	}
	/* counted first: the call does not return, unless it fails */
	count_transit(cnt, TXP_TRANSIT_TAKEN, length);
	hand_on(ctx, lease, forwarded_priority(ctx, around->tos_priority, tos));
	bpf_tail_call(ctx, &transit_calls, TXP_CALL_REWRITE);
	count_back(&cnt->transits.taken, length);
}

/*
 * Does egress learn from this packet? The lease of a flow that has one is always renewed, and such
 * flows are no more than the table has places. Others, where the kernel does what a lease would:
 * as many as the rate limit allows, since egress compares each packet that has a learn context.
 */
static __always_inline bool learns(enum txp_transit verdict, struct txp_ratelimit *ratelimit,
				   const struct txp_instance *inst)
{
	bool changed = verdict >= TXP_TRANSIT_EXPIRED && verdict <= TXP_TRANSIT_SETTINGS_CHANGED;

	if (changed && verdict != TXP_TRANSIT_HASH_CHANGED)
		return true;
	if (verdict != TXP_TRANSIT_TAKEN && verdict != TXP_TRANSIT_NO_NEIGHBOUR &&
	    (verdict < TXP_TRANSIT_MISS || verdict > TXP_TRANSIT_SETTINGS_CHANGED))
		return false;
	return ratelimit_take(ratelimit, inst);
}

/* The packet is the kernel's. Egress finds how it came in, and learns from what the kernel did. */
static __always_inline void leave_learn_ctx(struct __sk_buff *ctx, const struct sk_buff *skb,
					    struct txp_rx *rx, bool with_options)
{
	struct txp_sender snd = {};

	sender_read_header(&snd, &rx->pkt.ip);
	snd.mark = ctx->mark;
	snd.priority = ctx->priority;
	snd.seen |= TXP_SEEN_MARK | TXP_SEEN_PRIORITY;
	/*
	 * Leased netfilter may rewrite a TCP option, which does not show in the checksum of a
	 * packet whose sum is yet to be made (CHECKSUM_PARTIAL).
	 */
	rx->learn_ctx.transport_bytes = TXP_TRANSPORT_BYTES_PLAIN;
	if (with_options && rx->pkt.l4_len > TXP_TRANSPORT_BYTES_PLAIN)
		rx->learn_ctx.transport_bytes = rx->pkt.l4_len;
	transport_read(ctx, &rx->pkt, rx->learn_ctx.transport, rx->learn_ctx.transport_bytes);
	rx->learn_ctx.valid = 1;
	skb_meta_write_ctx(skb, &snd, &rx->learn_ctx);
}

/* Returns only if the packet is the kernel's. skb NULL: the kernel's packet was not found. */
static __always_inline void transit(struct __sk_buff *ctx, const struct sk_buff *skb,
				    const struct txp_instance *inst,
				    const struct txp_surroundings *around,
				    const struct txp_device *dev, __u64 epoch)
{
	struct txp_counters *cnt = counters_of(inst->netns, ctx->ifindex);
	__u32 zero = 0;
	struct txp_rx *rx = bpf_map_lookup_elem(&rx_scratch, &zero);
	struct txp_ratelimit *ratelimit = ratelimit_get();
	struct txp_lease *place;

	if (!cnt || !rx || !ratelimit)
		return;
	rx->verdict = skb ? decide(ctx, skb, inst, rx, around) : TXP_TRANSIT_UNSEEN;
	if (rx->verdict == TXP_TRANSIT_TAKEN && dev->mode == TXP_MODE_OFFLOAD &&
	    dev->demotions == dev->promoted_at && dev->agreements >= inst->promote_after)
		take_by_lease(ctx, skb, inst, cnt, rx, around, epoch);
	/*
	 * A hit behind this packet must not overtake it: a hit has a clock of its own and may be
	 * valid for a tick longer. If this packet got no key, the key is the last packet's, whose
	 * flow then goes through the slow path once more.
	 */
	place = lease_place(&rx->learn_ctx.key);
	if (place && lease_key_equal(&place->key, &rx->learn_ctx.key))
		place->mode_epoch = 0;
	if (skb && learns(rx->verdict, ratelimit, inst)) {
		leave_learn_ctx(ctx, skb, rx, around->connections);
		ratelimit->noted = 1;
	} else if (skb) {
		skb_meta_forget(ratelimit_address(ratelimit, skb));
	}
	if (skb && bpf_cast_to_kern_ctx)
		miss_fast_validate(skb, inst, around, dev_cache_claim(ctx->ifindex), rx, epoch);
	if (rx->verdict == TXP_TRANSIT_TAKEN)
		rx->verdict = TXP_TRANSIT_WOULD_TAKE;
	count_transit(cnt, rx->verdict, ctx->len);
	if (skb && rx->verdict != TXP_TRANSIT_WOULD_TAKE && event_is_traced())
		event_decline(inst, ctx->ifindex, &rx->pkt, ctx->mark, rx->verdict);
}

/* A program of its own: hits would pay for its registers. */
SEC("tc")
int txpath_slow_path(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	struct txp_surroundings *around;
	struct txp_receive_slot *slot;
	const struct txp_device *dev;
	const struct sk_buff *skb;
	const __u64 *now;
	__u32 zero = 0;
	__u64 epoch;

	around = bpf_map_lookup_elem(&surroundings, &zero);
	if (!inst || !around || (bpf_cast_to_kern_ctx && miss_fast(ctx, inst)))
		return TXP_TC_ACT_UNSPEC;
	if (bpf_cast_to_kern_ctx) {
		/* before the device's mode is read */
		now = mode_epoch_get();
		epoch = now ? READ_ONCE(*now) : 0;
		/* a TCX link goes with its device into another namespace */
		skb = bpf_cast_to_kern_ctx(ctx);
		if (skb->dev->nd_net.net->net_cookie != inst->netns)
			return TXP_TC_ACT_UNSPEC;
		dev = device_of(inst->netns, ctx->ifindex);
		if (!dev)
			return TXP_TC_ACT_UNSPEC;
		surroundings_at_hook(around, inst, skb->dev, dev->netfilter);
		transit(ctx, skb, inst, around, dev, epoch);
	} else { /* before 6.2: receive_tp has read the surroundings */
		slot = receive_slot_get();
		if (!slot || slot->foreign)
			return TXP_TC_ACT_UNSPEC;
		dev = device_of(inst->netns, ctx->ifindex);
		if (!dev)
			return TXP_TC_ACT_UNSPEC;
		skb = slot->ifindex == ctx->ifindex ? context_verify(ctx, slot->skb) : NULL;
		slot->skb = 0;
		transit(ctx, skb, inst, &slot->around, dev, 0);
	}
	return TXP_TC_ACT_UNSPEC;
}

SEC("tc")
int txpath_transit(struct __sk_buff *ctx)
{
	struct txp_hit hit;

	if (KERNEL_HAS(bpf_cast_to_kern_ctx) && hit_find(ctx, &hit)) {
		/* counted first: the call does not return, unless it fails */
		count_tally(&hit.cache->taken, ctx->len);
		hand_on(ctx, hit.lease, hit.lease->priority);
		bpf_tail_call(ctx, &transit_calls, TXP_CALL_REWRITE);
		count_back(&hit.cache->taken, ctx->len);
	}
	bpf_tail_call(ctx, &transit_calls, TXP_CALL_SLOW_PATH);
	return TXP_TC_ACT_UNSPEC;
}

/* The source and destination that the neighbour's output has written, as words. */
static __always_inline void write_ethernet(struct __sk_buff *ctx, void *to)
{
	*(__u64 *)to = *(const __u64 *)&ctx->cb[TXP_REWRITE_ETHERNET];
	*(__u32 *)(to + 8) = ctx->cb[TXP_REWRITE_ETHERNET + 2];
	*(__be16 *)(to + 12) = bpf_htons(ETH_P_IP);
}

/* ip_decrease_ttl */
static __always_inline void decrease_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

/*
 * ip_forward and the neighbour's output, on a packet that has passed every check: addresses,
 * ip_decrease_ttl, priority. From here on nothing fails.
 */
SEC("tc")
int txpath_rewrite(struct __sk_buff *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct iphdr *ip = data + ETH_HLEN;

	if ((void *)(ip + 1) > end)
		return TXP_TC_ACT_UNSPEC;
	write_ethernet(ctx, data);
	decrease_ttl(ip);
	ctx->priority = ctx->cb[TXP_REWRITE_PRIORITY];
	ctx->cb[TXP_REWRITE_MARK] = TXP_REWRITE_MAGIC;
	ctx->tstamp = 0;
	return bpf_redirect(ctx->cb[TXP_REWRITE_OIF], 0);
}

/*
 * For the loader, which runs this on a made packet: what is in the way of packets of the device
 * ctx->ifindex, if it were attached with the enum txp_netfilter in cb[0]. TXP_TRANSIT_COUNT: this
 * kernel cannot tell.
 */
SEC("tc")
int txpath_check(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	__u32 zero = 0, netfilter = ctx->cb[0];
	struct txp_surroundings *around = bpf_map_lookup_elem(&surroundings, &zero);
	const struct sk_buff *skb;

	if (!inst || !around || !bpf_cast_to_kern_ctx)
		return TXP_TRANSIT_COUNT;
	skb = bpf_cast_to_kern_ctx(ctx);
	surroundings_read(around, skb->dev, netfilter);
	return around->verdict;
}

/*
 * For the loader, which runs this on a made packet and on a copy of the leases: what
 * txpath_slow_path decides about it on the device ctx->ifindex, with the enum txp_netfilter in
 * cb[0]. TXP_TRANSIT_TAKEN: cb has the words that txpath_rewrite would get.
 */
SEC("tc")
int txpath_explain(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	__u32 zero = 0, netfilter = ctx->cb[0];
	struct txp_surroundings *around = bpf_map_lookup_elem(&surroundings, &zero);
	struct txp_rx *rx = bpf_map_lookup_elem(&rx_scratch, &zero);
	const struct txp_lease *lease;
	const struct sk_buff *skb;

	if (!inst || !around || !rx || !bpf_cast_to_kern_ctx)
		return TXP_TRANSIT_COUNT;
	skb = bpf_cast_to_kern_ctx(ctx);
	surroundings_at_hook(around, inst, skb->dev, netfilter);
	rx->verdict = decide(ctx, skb, inst, rx, around);
	lease = lease_place(&rx->learn_ctx.key);
	if (rx->verdict == TXP_TRANSIT_TAKEN && lease)
		hand_on(ctx, lease, forwarded_priority(ctx, around->tos_priority, rx->pkt.ip.tos));
	return rx->verdict;
}
