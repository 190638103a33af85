/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What transit notes of a packet that it leaves to the kernel, for egress to learn from: the
 * lease key, the generations before any decision was made, and the transport header, which
 * must leave as it came.
 */
#ifndef TXPATH_NOTE_BPF_H
#define TXPATH_NOTE_BPF_H

#include "maps.bpf.h"
#include "parse.bpf.h"

#define TXP_TRANSPORT_WORDS 5 /* ports to checksum; TCP's urgent pointer */

struct txp_note {
	struct txp_lease_key key;
	struct txp_stamp stamp;
	__u64 time_ns; /* CLOCK_MONOTONIC_COARSE */
	__u32 transport[TXP_TRANSPORT_WORDS];
	__u32 valid;
};

/* Words that the packet does not have stay zero, whatever pads it. */
static __always_inline void transport_read(struct __sk_buff *ctx, const struct txp_packet *pkt,
					   __u32 *words)
{
	__u32 offset = pkt->l2_len + packet_header_len(pkt);
	__u32 end = pkt->l2_len + pkt->l3_len;

	for (__u32 i = 0; i < TXP_TRANSPORT_WORDS; i++) {
		words[i] = 0;
		if (offset + i * 4 + 4 <= end)
			bpf_skb_load_bytes(ctx, offset + i * 4, &words[i], sizeof(words[i]));
	}
}

static __always_inline bool transport_unchanged(struct __sk_buff *ctx, const struct txp_packet *pkt,
						const struct txp_note *note)
{
	__u32 words[TXP_TRANSPORT_WORDS];
	__u32 changed = 0;

	transport_read(ctx, pkt, words);
	for (__u32 i = 0; i < TXP_TRANSPORT_WORDS; i++)
		changed |= words[i] ^ note->transport[i];
	return !changed;
}

#endif /* TXPATH_NOTE_BPF_H */
