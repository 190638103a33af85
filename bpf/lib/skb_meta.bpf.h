/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one probe stores about a packet for a later one, by the packet's address.
 *
 * Per CPU and direct-mapped: it costs 5 ns, allocates nothing, and needs no cleaning up after a
 * packet that is dropped on the way. A packet that changes CPU between two probes is not compared,
 * and counted as lost: its task was moved, or it waited for a neighbour. The kernel uses the
 * address of a freed packet again at once. So an entry is used only if the packet also has
 * the addresses and protocol of the entry, and a fragment its length and offset.
 */
#ifndef TXPATH_BPF_LIB_SKB_META_H
#define TXPATH_BPF_LIB_SKB_META_H

#include "lib/flow_maps.bpf.h"
#include "lib/parse.bpf.h"

static __always_inline struct txp_ratelimit *ratelimit_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ratelimits, &zero);
}

/* Has a probe skipped packets that may still be on their way to egress? */
static __always_inline bool ratelimit_has_skipped(const struct txp_instance *inst)
{
	const struct txp_ratelimit *ratelimit = ratelimit_get();

	return inst->compare_ns && ratelimit && ratelimit->skipped_ns &&
	       ratelimit_now(inst) - ratelimit->skipped_ns < TXP_SKIP_SETTLES;
}

/*
 * A kernel pointer as a number: written to a map and read back. Softirqs must be off, as one could
 * write another number in between.
 */
static __always_inline __u64 ratelimit_address(struct txp_ratelimit *ratelimit, const void *pointer)
{
	WRITE_ONCE(ratelimit->address, (__u64)pointer);
	return READ_ONCE(ratelimit->address);
}

/* A packet about to be forwarded, as it came in: its own header is all that is known. */
static __always_inline void sender_read_header(struct txp_sender *snd, const struct iphdr *ip)
{
	snd->origin = TXP_ORIGIN_FORWARD;
	snd->id_rule = TXP_ID_EXACT;
	snd->saddr = ip->saddr;
	snd->daddr = ip->daddr;
	snd->protocol = ip->protocol;
	snd->ttl = ip->ttl;
	snd->tos = ip->tos;
	snd->id = bpf_ntohs(ip->id);
	snd->df = !!(ip->frag_off & bpf_htons(TXP_IP_DF));
	snd->option_len = ip->ihl * 4 - sizeof(*ip);
	snd->tot_len = ip->tot_len;
	snd->fragment = ip->frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET);
	snd->seen = TXP_SEEN_TOS | TXP_SEEN_OPTIONS;
}

/* Words that the packet does not have stay zero, whatever pads it. */
static __always_inline void transport_read(struct __sk_buff *ctx, const struct txp_packet *pkt,
					   __u32 *words, __u32 bytes)
{
	__u32 offset = pkt->l2_len + packet_header_len(pkt);
	__u64 length = (pkt->l2_len + pkt->l3_len - offset) & ~3;

	__builtin_memset(words, 0, TXP_TRANSPORT_BYTES);
	if (length > bytes)
		length = bytes;
	if (!length)
		return;
	/* it is in bounds, but the verifier has lost sight of it */
	barrier_var(length);
	length = ((length - 1) & (TXP_TRANSPORT_BYTES - 1)) + 1;
	bpf_skb_load_bytes(ctx, offset, words, length);
}

static __always_inline bool transport_unchanged(struct __sk_buff *ctx, const struct txp_packet *pkt,
						const struct txp_learn_ctx *learn_ctx)
{
	__u32 words[TXP_TRANSPORT_WORDS];
	__u32 changed = 0;

	transport_read(ctx, pkt, words, learn_ctx->transport_bytes);
	for (__u32 i = 0; i < TXP_TRANSPORT_WORDS; i++)
		changed |= words[i] ^ learn_ctx->transport[i];
	return !changed;
}

static __always_inline struct txp_skb_meta *skb_meta_of(__u64 skb)
{
	__u32 slot = ((__u32)(skb >> 6) * 2654435761U) >> 24; /* TXP_SKB_META_SLOTS is 1 << 8 */

	return bpf_map_lookup_elem(&skb_meta, &slot);
}

/*
 * A softirq may interrupt the writer and write the same slot for another packet. Then neither
 * entry is kept.
 */
static __always_inline void skb_meta_write_ctx(const struct sk_buff *packet,
					       const struct txp_sender *snd,
					       const struct txp_learn_ctx *learn_ctx)
{
	__u64 skb = kernel_address(packet);
	struct txp_skb_meta *meta = skb_meta_of(skb);

	if (!meta)
		return;
	WRITE_ONCE(meta->skb, 0);
	WRITE_ONCE(meta->writer, skb);
	meta->sender = *snd;
	if (learn_ctx)
		meta->learn_ctx = *learn_ctx;
	else
		meta->learn_ctx.valid = 0;
	barrier();
	WRITE_ONCE(meta->skb, READ_ONCE(meta->writer) == skb ? skb : 0);
}

static __always_inline bool skb_meta_has_ctx_at(__u64 skb)
{
	const struct txp_skb_meta *meta = skb_meta_of(skb);

	return meta && skb && meta->skb == skb && meta->learn_ctx.valid;
}

/* Transit has left a learn context for this packet: a later probe has nothing to add. */
static __always_inline bool skb_meta_has_ctx(const struct sk_buff *packet)
{
	return skb_meta_has_ctx_at(kernel_address(packet));
}

static __always_inline void skb_meta_write(const struct sk_buff *packet,
					   const struct txp_sender *snd)
{
	skb_meta_write_ctx(packet, snd, NULL);
}

/*
 * Nothing is stored of this packet, so the slot must not keep what an earlier packet left at
 * the same address.
 */
static __always_inline void skb_meta_forget(__u64 skb)
{
	struct txp_skb_meta *meta = skb_meta_of(skb);

	if (meta && meta->skb == skb)
		WRITE_ONCE(meta->skb, 0);
}

/* A fragment must be the one that came in, not a piece that ip_do_fragment cut from it. */
static __always_inline bool sender_fits(const struct txp_sender *snd, const struct txp_packet *pkt)
{
	__be16 fragment = pkt->ip.frag_off & bpf_htons(TXP_IP_MF | TXP_IP_OFFSET);

	if (snd->saddr != pkt->ip.saddr || snd->daddr != pkt->ip.daddr ||
	    snd->protocol != pkt->ip.protocol)
		return false;
	if (snd->origin != TXP_ORIGIN_FORWARD)
		return true;
	return snd->fragment == fragment && (!fragment || snd->tot_len == pkt->ip.tot_len);
}

/* Takes the packet's entry out. false: there is none, or it is another packet's. */
static __always_inline bool skb_meta_take(const struct sk_buff *packet,
					  const struct txp_packet *pkt, struct txp_sender *snd)
{
	__u64 skb = kernel_address(packet);
	struct txp_skb_meta *meta = skb_meta_of(skb);

	if (!meta || meta->skb != skb || meta->writer != skb)
		return false;
	meta->skb = 0;
	if (!sender_fits(&meta->sender, pkt))
		return false;
	*snd = meta->sender;
	return true;
}

#endif /* TXPATH_BPF_LIB_SKB_META_H */
