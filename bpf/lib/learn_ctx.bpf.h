/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What transit notes of a packet that it leaves to the kernel, for egress to learn from: the
 * lease key, the generations before any decision was made, and the transport header, which
 * must leave as it came.
 */
#ifndef TXPATH_BPF_LIB_LEARN_CTX_H
#define TXPATH_BPF_LIB_LEARN_CTX_H

#include "lib/maps.bpf.h"
#include "lib/parse.bpf.h"

#define TXP_TRANSPORT_BYTES 64	     /* TCP with all its options has 60 */
#define TXP_TRANSPORT_BYTES_PLAIN 20 /* ports to checksum; TCP's urgent pointer */
#define TXP_TRANSPORT_WORDS (TXP_TRANSPORT_BYTES / 4)

struct txp_learn_ctx {
	struct txp_lease_key key;
	struct txp_genid_snapshot genids;
	__u64 time_ns; /* CLOCK_MONOTONIC_COARSE */
	__u32 transport[TXP_TRANSPORT_WORDS];
	__u32 transport_bytes; /* that are noted, and looked at by egress */
	__u32 valid;
	__u32 reserved;
};

/*
 * Leased netfilter may rewrite an option, which does not show in the checksum of a packet whose sum
 * is yet to be made (CHECKSUM_PARTIAL).
 */
static __always_inline __u32 transport_bytes(const struct txp_packet *pkt, bool with_options)
{
	return with_options && pkt->l4_len > TXP_TRANSPORT_BYTES_PLAIN ? pkt->l4_len
								       : TXP_TRANSPORT_BYTES_PLAIN;
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

#endif /* TXPATH_BPF_LIB_LEARN_CTX_H */
