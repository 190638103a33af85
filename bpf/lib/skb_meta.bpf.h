/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one probe notes about a packet for a later one, by the packet's address.
 *
 * Per CPU and direct-mapped: 5 ns, no allocation, nothing to clean up after a packet that
 * dies on the way. The price: a packet that changes CPU between two probes (its task was
 * moved, or it waited for a neighbour) is lost to the comparison, and counted so. The address
 * of a freed packet is used again at once, so a dossier is believed only if the packet also
 * carries the addresses and protocol that were noted, and a fragment its length and offset.
 */
#ifndef TXPATH_BPF_LIB_SKB_META_H
#define TXPATH_BPF_LIB_SKB_META_H

#include "lib/maps.bpf.h"
#include "lib/learn_ctx.bpf.h"
#include "lib/parse.bpf.h"
#include "lib/sender.bpf.h"

struct txp_skb_meta {
	__u64 skb;    /* address; 0: empty or being written */
	__u64 writer; /* address of the packet written last */
	struct txp_sender sender;
	struct txp_learn_ctx learn_ctx; /* of transit's */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_SKB_META_SLOTS);
	__type(key, __u32);
	__type(value, struct txp_skb_meta);
} skb_meta SEC(".maps");

static __always_inline struct txp_skb_meta *skb_meta_of(__u64 skb)
{
	__u32 slot = ((__u32)(skb >> 6) * 2654435761U) >> 24; /* TXP_SKB_META_SLOTS is 1 << 8 */

	return bpf_map_lookup_elem(&skb_meta, &slot);
}

/*
 * A softirq may interrupt the writer and write the same slot for another packet; then
 * neither is kept.
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

/* Transit has left its note for this packet: it says all that a later probe could. */
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
 * Nothing is noted of this packet: what was noted of one that has died at its address might be
 * taken for its own.
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

/* Takes the packet's dossier out. false: there is none, or it is another packet's. */
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
