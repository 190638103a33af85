// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * TC ingress of an attached device: a packet whose flow has a lease is sent by it, everything
 * else is the kernel's, untouched. All that can fail is done before the first byte is written,
 * and the writing is in a program of its own: a program that writes has a prologue that
 * unclones a cloned packet or drops it, and only packets to be taken over may pay for that.
 */
#include "offload/cache_validate.bpf.h"
#include "lib/ratelimit.bpf.h"
#include "lib/context.bpf.h"
#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"
#include "offload/hit.bpf.h"
#include "offload/slow.bpf.h"
#include "offload/miss_fast.bpf.h"
#include "offload/rewrite.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_rx);
} arrivals SEC(".maps");

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

/* Leave the packet to the kernel, and a note for egress to learn from. */
static __always_inline void leave_learn_ctx(struct __sk_buff *ctx, const struct sk_buff *skb,
					    struct txp_rx *rx, bool with_options)
{
	struct txp_sender snd = {};

	sender_read_header(&snd, &rx->pkt.ip);
	snd.mark = ctx->mark;
	snd.priority = ctx->priority;
	snd.seen |= TXP_SEEN_MARK | TXP_SEEN_PRIORITY;
	rx->learn_ctx.transport_bytes = transport_bytes(&rx->pkt, with_options);
	transport_read(ctx, &rx->pkt, rx->learn_ctx.transport, rx->learn_ctx.transport_bytes);
	rx->learn_ctx.valid = 1;
	skb_meta_write_ctx(skb, &snd, &rx->learn_ctx);
}

/* The kernel does now and soon has done what egress learns from: leave a note. */
static __always_inline bool is_miss(enum txp_transit verdict)
{
	return (verdict >= TXP_TRANSIT_MISS && verdict <= TXP_TRANSIT_SETTINGS_CHANGED) ||
	       verdict == TXP_TRANSIT_NO_NEIGHBOUR;
}

/* The flow has a lease to be renewed, of which there are no more than the table has places. */
static __always_inline bool is_renewal(enum txp_transit verdict)
{
	return verdict >= TXP_TRANSIT_EXPIRED && verdict <= TXP_TRANSIT_SETTINGS_CHANGED &&
	       verdict != TXP_TRANSIT_HASH_CHANGED;
}

/* What egress finds a note of it compares: the budget is asked here. */
static __always_inline bool may_leave_learn_ctx(enum txp_transit verdict,
						struct txp_ratelimit *ratelimit,
						const struct txp_instance *inst)
{
	if (is_renewal(verdict))
		return true;
	return (verdict == TXP_TRANSIT_TAKEN || is_miss(verdict)) &&
	       ratelimit_take(ratelimit, inst);
}

/* Returns only if that program cannot be called. The packet has been counted before. */
static __always_inline void take_over(struct __sk_buff *ctx, const struct txp_lease *lease,
				      __u32 priority)
{
	hand_on(ctx, lease, priority);
	bpf_tail_call(ctx, &transit_calls, TXP_CALL_REWRITE);
}

/* pskb_trim_rcsum in ip_rcv_core. false: the packet is as it was. */
static __always_inline bool trim_padding(struct __sk_buff *ctx, __u32 length)
{
	return !length || !bpf_skb_change_tail(ctx, length, 0);
}

static __always_inline bool device_offloads(const struct txp_instance *inst,
					    const struct txp_device *dev)
{
	return dev->mode == TXP_MODE_OFFLOAD && dev->demotions == dev->promoted_at &&
	       dev->agreements >= inst->promote_after;
}

/* By the lease that the packet has been judged by. armed: as for arm. */
static __always_inline void take_judged(struct __sk_buff *ctx, const struct sk_buff *skb,
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
	if (!trim_padding(ctx, rx->trim)) {
		rx->verdict = TXP_TRANSIT_PADDED;
		return;
	}
	count_transit(cnt, TXP_TRANSIT_TAKEN, length);
	take_over(ctx, lease, forwarded_priority(ctx, around->tos_priority, tos));
	count_back(&cnt->transits.taken, length);
}

/*
 * What is left to the kernel must not be overtaken by a hit behind it: a hit has a clock of its
 * own, and may be valid for a tick longer than what was judged. A packet that came to no key has
 * the last one's: that flow is judged once more.
 */
static __always_inline void not_overtaken(const struct txp_lease_key *key)
{
	struct txp_lease *place = lease_place(key);

	if (place)
		lease_invalidate(place, key);
}

/* Returns only if the packet is the kernel's. */
static __always_inline void transit(struct __sk_buff *ctx, const struct sk_buff *skb,
				    const struct txp_instance *inst,
				    const struct txp_surroundings *around,
				    const struct txp_device *dev, __u64 epoch)
{
	struct txp_counters *cnt = counters_of(inst->netns, ctx->ifindex);
	__u32 zero = 0;
	struct txp_rx *rx = bpf_map_lookup_elem(&arrivals, &zero);
	struct txp_ratelimit *ratelimit = ratelimit_get();

	if (!cnt || !rx || !ratelimit)
		return;
	if (skb)
		rx->verdict = decide(ctx, skb, inst, rx, around);
	else
		rx->verdict = TXP_TRANSIT_UNSEEN;
	if (rx->verdict == TXP_TRANSIT_TAKEN && device_offloads(inst, dev))
		take_judged(ctx, skb, inst, cnt, rx, around, epoch);
	not_overtaken(&rx->learn_ctx.key);
	if (skb && may_leave_learn_ctx(rx->verdict, ratelimit, inst)) {
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

/* Since 6.2: everything is asked here. */
static __always_inline void transit_by_context(struct __sk_buff *ctx,
					       const struct txp_instance *inst,
					       struct txp_surroundings *around)
{
	const struct sk_buff *skb = bpf_cast_to_kern_ctx(ctx);
	const __u64 *now = mode_epoch_get();
	/* before the device's mode is read */
	__u64 epoch = now ? READ_ONCE(*now) : 0;
	const struct txp_device *dev;

	if (skb->dev->nd_net.net->net_cookie != inst->netns)
		return;
	dev = device_of(inst->netns, ctx->ifindex);
	if (!dev)
		return;
	surroundings_at_hook(around, inst, skb->dev, dev->netfilter);
	transit(ctx, skb, inst, around, dev, epoch);
}

/* Before: receive_tp has asked. */
static __always_inline void transit_by_slot(struct __sk_buff *ctx, const struct txp_instance *inst)
{
	struct txp_receive_slot *slot = receive_slot_get();
	const struct txp_device *dev;
	const struct sk_buff *skb;

	if (!slot || slot->foreign)
		return;
	dev = device_of(inst->netns, ctx->ifindex);
	if (!dev)
		return;
	skb = slot->ifindex == ctx->ifindex ? context_verify(ctx, slot->skb) : NULL;
	slot->skb = 0;
	transit(ctx, skb, inst, &slot->around, dev, 0);
}

static __always_inline void take_hit(struct __sk_buff *ctx)
{
	struct txp_hit hit;

	if (!hit_find(ctx, &hit))
		return;
	count_tally(&hit.cache->taken, ctx->len);
	take_over(ctx, hit.lease, hit.lease->priority);
	count_back(&hit.cache->taken, ctx->len);
}

/* Apart from hits: what is not on their road would still cost them registers. */
SEC("tc")
int txpath_slow_path(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	struct txp_surroundings *around;
	__u32 zero = 0;

	around = bpf_map_lookup_elem(&surroundings, &zero);
	if (!inst || !around || (bpf_cast_to_kern_ctx && miss_fast_counted(ctx, inst)))
		return TXP_TC_ACT_UNSPEC;
	if (bpf_cast_to_kern_ctx)
		transit_by_context(ctx, inst, around);
	else
		transit_by_slot(ctx, inst);
	return TXP_TC_ACT_UNSPEC;
}

SEC("tc")
int txpath_transit(struct __sk_buff *ctx)
{
	if (KERNEL_HAS(bpf_cast_to_kern_ctx))
		take_hit(ctx);
	bpf_tail_call(ctx, &transit_calls, TXP_CALL_SLOW_PATH);
	return TXP_TC_ACT_UNSPEC;
}

/*
 * For the loader, which runs it on a made packet: what stands in the way of packets of the device
 * ctx->ifindex, were it attached with the enum txp_netfilter in cb[0]. TXP_TRANSIT_COUNT: that
 * cannot be told here.
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
	surroundings_read(around, inst, skb->dev, netfilter);
	return around->verdict;
}

/*
 * For the loader, which runs it on a packet of its own making and on a copy of the leases: what
 * txpath_slow_path says of it on the device ctx->ifindex, with the enum txp_netfilter in cb[0].
 * TXP_TRANSIT_TAKEN: what it would be sent by is in cb, as txpath_rewrite gets it.
 */
SEC("tc")
int txpath_explain(struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	__u32 zero = 0, netfilter = ctx->cb[0];
	struct txp_surroundings *around = bpf_map_lookup_elem(&surroundings, &zero);
	struct txp_rx *rx = bpf_map_lookup_elem(&arrivals, &zero);
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

/* ip_forward and the neighbour's output, on a packet that has passed every check. */
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
