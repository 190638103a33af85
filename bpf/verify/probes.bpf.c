// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The probes before and after TC egress, one program for each hook that TXP_PROBE_HOOKS
 * (include/txpath/probes.h) has for VERIFY. They count packets. Those where the kernel builds a
 * header also keep its inputs, the sender, in the skb_meta map, for the comparison at TC egress.
 *
 * The kernel skips a tracing program that is already running on this CPU, and a softirq can send a
 * packet while one runs. So a short program misses fewer packets. What every packet needs is read
 * through the typed arguments: that costs a load, and not a helper call.
 */
#include "lib/ratelimit.bpf.h"
#include "lib/context.bpf.h"
#include "lib/count.bpf.h"
#include "lib/skb_meta.bpf.h"
#include "offload/guard.bpf.h"
#include "lib/sender.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/*
 * The loader attaches a new set of programs beside the old one and then writes this number
 * into instance.epoch: that one store switches from one set to the other.
 */
const volatile __u32 txp_epoch;

/* The namespace of this instance. Packets of others are rejected by a load and a compare. */
const volatile __u64 txp_netns;

#define TXP_NF_ACCEPT 1

static __always_inline const struct txp_instance *instance_of(const struct net *net)
{
	const struct txp_instance *inst;

	if ((kernel_has_netns_cookie() ? net->net_cookie : net->ns.inum) != txp_netns)
		return NULL;
	inst = instance_get();
	return inst && inst->epoch == txp_epoch && inst->netns == txp_netns ? inst : NULL;
}

static __always_inline void probe_passed(const struct txp_instance *inst, enum txp_probe probe,
					 __u32 ifindex, __u32 bytes)
{
	struct txp_dev_cache *cache = dev_cache_get(ifindex);
	struct txp_counters *cnt;

	if (cache && dev_cache_probe(cache, probe)) {
		count_interrupted(dev_cache_probe(cache, probe), bytes);
		return;
	}
	cnt = counters_of(inst->netns, ifindex);
	if (cnt)
		count_probe(cnt, probe, bytes);
}

/* May the packet be compared, so that its sender is kept? false: the rate limit is used up. */
static __always_inline bool is_sender_kept(const struct txp_instance *inst,
					   const struct sk_buff *skb)
{
	struct txp_ratelimit *ratelimit = ratelimit_get();

	if (!ratelimit || !ratelimit_skips(ratelimit, inst))
		return true;
	skb_meta_forget(kernel_address(skb));
	return false;
}

/* The same, where softirqs are off. */
static __always_inline bool is_sender_kept_fast(const struct txp_instance *inst,
						const struct sk_buff *skb)
{
	struct txp_ratelimit *ratelimit = ratelimit_get();

	if (!ratelimit || !ratelimit_skips(ratelimit, inst))
		return true;
	skb_meta_forget(ratelimit_address(ratelimit, skb));
	return false;
}

/* The output device of a route; 0: no route. */
static __always_inline __u32 dst_ifindex(const struct dst_entry *dst)
{
	return dst ? KERNEL_READ(dst, dev, ifindex) : 0;
}

static __always_inline __u32 skb_dst_ifindex(const struct sk_buff *skb)
{
	return dst_ifindex((void *)(skb->_skb_refdst & TXP_SKB_DST_PTRMASK));
}

static __always_inline void keep_stream(const struct sock *sk, const struct sk_buff *skb, __u8 tos)
{
	struct txp_sender snd = {};

	sender_read_stream(&snd, sk, skb);
	if (sk->sk_protocol == IPPROTO_TCP)
		snd.id = kernel_inet_id(sk);
	else /* SCTP, L2TP */
		sender_read_id(&snd, sk, 1);
	snd.tos = tos;
	skb_meta_write(skb, &snd);
}

SEC("fentry/__ip_queue_xmit")
int BPF_PROG(ip_queue_xmit_fentry, struct sock *sk, struct sk_buff *skb, struct flowi *fl, __u8 tos)
{
	const struct txp_instance *inst = instance_of(sk->__sk_common.skc_net.net);

	if (!inst)
		return 0;
	if (is_sender_kept(inst, skb))
		keep_stream(sk, skb, tos);
	probe_passed(inst, TXP_PROBE_IP_QUEUE_XMIT, dst_ifindex(sk->sk_dst_cache), skb->len);
	return 0;
}

SEC("fentry/ip_build_and_send_pkt")
int BPF_PROG(ip_build_fentry, struct sk_buff *skb, const struct sock *sk, __be32 saddr,
	     __be32 daddr, struct ip_options_rcu *opt, __u8 tos)
{
	const struct txp_instance *inst = instance_of(sk->__sk_common.skc_net.net);
	struct txp_sender snd = {};

	if (!inst)
		return 0;
	sender_read_synack(&snd, sk);
	snd.saddr = saddr;
	snd.daddr = daddr;
	snd.tos = tos;
	snd.mark = skb->mark ?: snd.mark;
	snd.option_len = options_len(opt);
	snd.seen |= TXP_SEEN_OPTIONS;
	skb_meta_write(skb, &snd);
	probe_passed(inst, TXP_PROBE_IP_BUILD_AND_SEND_PKT, skb_dst_ifindex(skb), skb->len);
	return 0;
}

SEC("fentry/__ip_make_skb")
int BPF_PROG(ip_make_skb_fentry, struct sock *sk, struct flowi4 *fl4, struct sk_buff_head *queue,
	     struct inet_cork *cork)
{
	const struct txp_instance *inst = instance_of(sk->__sk_common.skc_net.net);
	const struct sk_buff *skb = queue->next;
	struct txp_sender snd = {};

	if (!inst || skb == (void *)queue) /* nothing was queued */
		return 0;
	if (is_sender_kept(inst, skb)) {
		sender_read_cork(&snd, sk, fl4, cork);
		skb_meta_write(skb, &snd);
	}
	probe_passed(inst, TXP_PROBE_IP_MAKE_SKB, dst_ifindex(cork->dst), skb->len);
	return 0;
}

static __always_inline bool header_read(struct iphdr *ip, const void *at)
{
	return !bpf_probe_read_kernel(ip, sizeof(*ip), at) && ip->version == 4 && ip->ihl >= 5;
}

SEC("fentry/ip_forward")
int BPF_PROG(ip_forward_fentry, struct sk_buff *skb)
{
	const struct txp_instance *inst = instance_of(skb->dev->nd_net.net);
	const void *header = skb->head + skb->network_header;
	struct txp_sender snd = {};
	struct iphdr ip;

	if (!inst)
		return 0;
	if (!skb_meta_has_ctx(skb) && is_sender_kept(inst, skb) && header_read(&ip, header)) {
		sender_read_header(&snd, &ip);
		snd.mark = skb->mark;
		snd.priority = skb->priority;
		snd.seen |= TXP_SEEN_MARK | TXP_SEEN_PRIORITY;
		skb_meta_write(skb, &snd);
	}
	probe_passed(inst, TXP_PROBE_IP_FORWARD, skb_dst_ifindex(skb), skb->len);
	return 0;
}

static __always_inline void keep_received(const struct sk_buff *skb)
{
	struct txp_sender snd = {};
	struct iphdr ip;

	if (!header_read(&ip, skb->data))
		return;
	sender_read_header(&snd, &ip);
	skb_meta_write(skb, &snd);
}

/*
 * The fallback for ip_forward, before TC ingress. Mark and priority may still change on the way, so
 * they are not kept. It is not known yet whether the packet will be forwarded, so it is not
 * counted.
 */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(ip_forward_receive, struct sk_buff *skb)
{
	const struct txp_instance *inst = instance_of(skb->dev->nd_net.net);

	if (inst && skb->protocol == bpf_htons(ETH_P_IP) &&
	    BPF_CORE_READ_BITFIELD(skb, pkt_type) == TXP_PACKET_HOST &&
	    is_sender_kept_fast(inst, skb))
		keep_received(skb);
	return 0;
}

SEC("fentry/ip_output")
int BPF_PROG(ip_output_fentry, struct net *net, struct sock *sk, struct sk_buff *skb)
{
	const struct txp_instance *inst = instance_of(net);

	if (inst)
		probe_passed(inst, TXP_PROBE_IP_OUTPUT, skb_dst_ifindex(skb), skb->len);
	return 0;
}

/* The fallback where fentry is refused: all packets of ip_output pass POST_ROUTING. */
SEC("netfilter")
int ip_output_netfilter(struct bpf_nf_ctx *ctx)
{
	const struct nf_hook_state *state = ctx->state;
	const struct txp_instance *inst = instance_of(state->net);

	if (inst && state->out)
		probe_passed(inst, TXP_PROBE_IP_OUTPUT, state->out->ifindex, ctx->skb->len);
	return TXP_NF_ACCEPT;
}

static __always_inline void device_passed(const struct sk_buff *skb, enum txp_probe probe)
{
	const struct txp_instance *inst = instance_of(skb->dev->nd_net.net);

	if (inst)
		probe_passed(inst, probe, skb->dev->ifindex, skb->len);
}

SEC("fentry/__dev_queue_xmit")
int BPF_PROG(dev_queue_xmit_fentry, struct sk_buff *skb)
{
	skb_slot_fill(skb);
	device_passed(skb, TXP_PROBE_DEV_QUEUE_XMIT);
	return 0;
}

/* netdev_core_pick_tx has chosen the queue. Of several queues the driver may choose. */
static __always_inline enum txp_verdict queue_verdict(const struct sk_buff *skb)
{
	if (skb->dev->real_num_tx_queues != 1)
		return TXP_VERDICT_OBSERVED;
	return skb->queue_mapping ? TXP_VERDICT_MISMATCH : TXP_VERDICT_MATCH;
}

static __always_inline void count_queued(const struct txp_instance *inst, const struct sk_buff *skb,
					 bool is_entry)
{
	struct txp_counters *cnt = counters_of(inst->netns, skb->dev->ifindex);

	if (!cnt)
		return;
	count_probe(cnt, TXP_PROBE_NET_DEV_QUEUE, skb->len);
	if (is_entry)
		count_probe(cnt, TXP_PROBE_DEV_QUEUE_XMIT, skb->len);
	if (skb->protocol == bpf_htons(ETH_P_IP))
		count_verdict(cnt, TXP_FIELD_TX_QUEUE, queue_verdict(skb));
}

/* false: a rare verdict has no member there. Softirqs are off from __dev_queue_xmit on. */
static __always_inline bool dev_cache_count_queued(struct txp_dev_cache *cache,
						   const struct sk_buff *skb, bool is_entry)
{
	bool ipv4 = skb->protocol == bpf_htons(ETH_P_IP);
	enum txp_verdict verdict = queue_verdict(skb);

	if (ipv4 && verdict == TXP_VERDICT_MISMATCH)
		return false;
	count_tally(&cache->net_dev_queue, skb->len);
	if (is_entry)
		count_tally(&cache->dev_queue_xmit, skb->len);
	if (ipv4 && verdict == TXP_VERDICT_MATCH)
		cache->queue_match++;
	else if (ipv4)
		cache->queue_observed++;
	return true;
}

/* Also the fallback for __dev_queue_xmit: it sees the packets that TC egress has passed. */
SEC("tp_btf/net_dev_queue")
int BPF_PROG(net_dev_queue_tp, struct sk_buff *skb)
{
	const struct txp_instance *inst = instance_of(skb->dev->nd_net.net);
	struct txp_dev_cache *cache;
	bool is_entry;

	if (!inst)
		return 0;
	is_entry = inst->probe_hook[TXP_PROBE_DEV_QUEUE_XMIT] == TXP_HOOK_TP_BTF;
	cache = dev_cache_get(skb->dev->ifindex);
	if (!cache || !dev_cache_count_queued(cache, skb, is_entry))
		count_queued(inst, skb, is_entry);
	return 0;
}

/* Neighbours have no generation: keeps the time when one of this namespace last changed. */
SEC("tp_btf/neigh_update")
int BPF_PROG(neigh_update_tp, struct neighbour *neigh)
{
	const struct txp_instance *inst = instance_of(neigh->dev->nd_net.net);
	struct txp_moments *moved = moments_get();

	if (!inst || !moved)
		return 0;
	moved->neighbour_ns = bpf_ktime_get_ns();
	probe_passed(inst, TXP_PROBE_NEIGH_UPDATE, neigh->dev->ifindex, 0);
	return 0;
}

/*
 * Before 6.2 a TC program cannot get the kernel's packet. What transit needs of the packet's
 * surroundings is read here, just before TC ingress, and left in a slot.
 */
SEC("tp_btf/netif_receive_skb")
int BPF_PROG(receive_tp, struct sk_buff *skb)
{
	const struct txp_instance *inst = instance_get();
	struct txp_receive_slot *slot = receive_slot_get();
	struct txp_device_key key = { .ifindex = skb->dev->ifindex };
	const struct txp_device *dev;

	/* while two sets of programs are attached, only the one in use writes the slot */
	if (!slot || !inst || inst->epoch != txp_epoch)
		return 0;
	inst = instance_of(skb->dev->nd_net.net);
	slot->skb = 0;
	slot->foreign = !inst;
	slot->ifindex = key.ifindex;
	if (!inst)
		return 0;
	key.netns = inst->netns;
	dev = bpf_map_lookup_elem(&devices, &key);
	if (!dev)
		return 0;
	surroundings_at_hook(&slot->around, inst, skb->dev, dev->netfilter);
	slot->skb = (__u64)skb;
	probe_passed(inst, TXP_PROBE_RECEIVE, skb->dev->ifindex, skb->len);
	return 0;
}
