/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fields of a leaving IPv4 packet that txpath compares, one line each.
 *
 * TXP_FIELD(ID, name, kind, rule)
 *   ID     suffix of enum txp_field and member order in struct txp_field_counts
 *   name   as printed, JSON value of "field", member name in map dumps
 *   kind   EXACT     predicted from the kernel's own inputs, must be equal
 *          OBSERVED  seen, and checked for what must hold, but never predicted
 *   rule   the kernel's rule in a few words (man page, parity -v)
 */
#ifndef TXPATH_FIELDS_H
#define TXPATH_FIELDS_H

#define TXP_FIELDS(TXP_FIELD)                                                                      \
	TXP_FIELD(ROUTE, route, EXACT, "output device: bpf_fib_lookup")                            \
	TXP_FIELD(NEXT_HOP, next_hop, EXACT, "rt_gw4, else the destination: bpf_fib_lookup")       \
	TXP_FIELD(DMAC, dmac, EXACT, "the next hop's neighbour: bpf_fib_lookup")                   \
	TXP_FIELD(SMAC, smac, EXACT, "the output device's address: bpf_fib_lookup")                \
	TXP_FIELD(TTL, ttl, EXACT, "ip_select_ttl, cork, or one less than received")               \
	TXP_FIELD(TOS, tos, EXACT, "inet_sk tos, cork, or as received")                            \
	TXP_FIELD(DF, df, EXACT, "ip_dont_fragment, or as received")                               \
	TXP_FIELD(ID, id, EXACT, "inet_id of TCP, 0 with DF, or as received")                      \
	TXP_FIELD(ID_SHARED, id_shared, OBSERVED, "inet_id shared by senders, or the generator")   \
	TXP_FIELD(TOT_LEN, tot_len, EXACT, "skb->len, 0 above 65535")                              \
	TXP_FIELD(CHECKSUM, checksum, EXACT, "ip_send_check, ip_decrease_ttl")                     \
	TXP_FIELD(OPTIONS, options, EXACT, "header length: the socket's options, or as received")  \
	TXP_FIELD(PRIORITY, priority, EXACT, "sk_priority, cork, ip_tos2prio; netprio map")        \
	TXP_FIELD(VLAN_PCP, vlan_pcp, EXACT, "the VLAN device's egress map, by the priority")      \
	TXP_FIELD(MARK, mark, EXACT, "sk_mark, cork, or as received")                              \
	TXP_FIELD(MTU, mtu, EXACT, "not above ip_skb_dst_mtu")                                     \
	TXP_FIELD(GSO, gso, EXACT, "each segment not above ip_skb_dst_mtu")                        \
	TXP_FIELD(TX_QUEUE, tx_queue, EXACT, "0 with one queue, else observed")                    \
	TXP_FIELD(HEADROOM, headroom, EXACT, "at least LL_RESERVED_SPACE")

/*
 * TXP_VERDICT(ID, name, meaning): the result of one field of one packet. A compared packet gets
 * exactly one verdict for each field that applies to it.
 */
#define TXP_VERDICTS(TXP_VERDICT)                                                                  \
	TXP_VERDICT(MATCH, match, "predicted, and equal")                                          \
	TXP_VERDICT(MISMATCH, mismatch, "predicted, and different without a known cause")          \
	TXP_VERDICT(UNKNOWN, unknown, "different, but an input changed, or may be changing")       \
	TXP_VERDICT(LOST, lost, "what an earlier probe kept of the packet was gone")               \
	TXP_VERDICT(OBSERVED, observed, "seen, but its inputs are not visible here")               \
	TXP_VERDICT(DECLINED, declined, "outside the rule: options, other policy, no neighbour")

enum txp_field_kind {
	TXP_FIELD_KIND_EXACT,
	TXP_FIELD_KIND_OBSERVED,
};

enum txp_field {
#define TXP_FIELD_ENUM(id, name, kind, rule) TXP_FIELD_##id,
	TXP_FIELDS(TXP_FIELD_ENUM)
#undef TXP_FIELD_ENUM
		TXP_FIELD_COUNT,
};

enum txp_verdict {
#define TXP_VERDICT_ENUM(id, name, meaning) TXP_VERDICT_##id,
	TXP_VERDICTS(TXP_VERDICT_ENUM)
#undef TXP_VERDICT_ENUM
		TXP_VERDICT_COUNT,
};

#endif /* TXPATH_FIELDS_H */
