/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one station notes about a packet for a later one, by the packet's address.
 *
 * Per CPU and direct-mapped: 5 ns, no allocation, nothing to clean up after a packet that
 * dies on the way. The price: a packet that changes CPU between two stations (its task was
 * moved, or it waited for a neighbour) is lost to the comparison, and counted so. The address
 * of a freed packet is used again at once, so a dossier is believed only if the packet also
 * carries the addresses and protocol that were noted, and a fragment its length and offset.
 */
#ifndef TXPATH_DOSSIER_BPF_H
#define TXPATH_DOSSIER_BPF_H

#include "maps.bpf.h"
#include "note.bpf.h"
#include "parse.bpf.h"
#include "sender.bpf.h"

struct txp_dossier {
	__u64 skb;    /* address; 0: empty or being written */
	__u64 writer; /* address of the packet written last */
	struct txp_sender sender;
	struct txp_note note; /* of transit's */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_DOSSIERS);
	__type(key, __u32);
	__type(value, struct txp_dossier);
} dossiers SEC(".maps");

static __always_inline struct txp_dossier *dossier_of(__u64 skb)
{
	__u32 slot = ((__u32)(skb >> 6) * 2654435761U) >> 24; /* TXP_DOSSIERS is 1 << 8 */

	return bpf_map_lookup_elem(&dossiers, &slot);
}

/*
 * A softirq may interrupt the writer and write the same slot for another packet; then
 * neither is kept.
 */
static __always_inline void dossier_write_note(const struct sk_buff *packet,
					       const struct txp_sender *snd,
					       const struct txp_note *note)
{
	__u64 skb = kernel_address(packet);
	struct txp_dossier *dossier = dossier_of(skb);

	if (!dossier)
		return;
	WRITE_ONCE(dossier->skb, 0);
	WRITE_ONCE(dossier->writer, skb);
	dossier->sender = *snd;
	if (note)
		dossier->note = *note;
	else
		dossier->note.valid = 0;
	barrier();
	WRITE_ONCE(dossier->skb, READ_ONCE(dossier->writer) == skb ? skb : 0);
}

static __always_inline bool dossier_has_note_at(__u64 skb)
{
	const struct txp_dossier *dossier = dossier_of(skb);

	return dossier && skb && dossier->skb == skb && dossier->note.valid;
}

/* Transit has left its note for this packet: it says all that a later station could. */
static __always_inline bool dossier_has_note(const struct sk_buff *packet)
{
	return dossier_has_note_at(kernel_address(packet));
}

static __always_inline void dossier_write(const struct sk_buff *packet,
					  const struct txp_sender *snd)
{
	dossier_write_note(packet, snd, NULL);
}

/*
 * Nothing is noted of this packet: what was noted of one that has died at its address might be
 * taken for its own.
 */
static __always_inline void dossier_forget(__u64 skb)
{
	struct txp_dossier *dossier = dossier_of(skb);

	if (dossier && dossier->skb == skb)
		WRITE_ONCE(dossier->skb, 0);
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
static __always_inline bool dossier_take(const struct sk_buff *packet, const struct txp_packet *pkt,
					 struct txp_sender *snd)
{
	__u64 skb = kernel_address(packet);
	struct txp_dossier *dossier = dossier_of(skb);

	if (!dossier || dossier->skb != skb || dossier->writer != skb)
		return false;
	dossier->skb = 0;
	if (!sender_fits(&dossier->sender, pkt))
		return false;
	*snd = dossier->sender;
	return true;
}

#endif /* TXPATH_DOSSIER_BPF_H */
