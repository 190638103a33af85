/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The check of one packet: what is known of the packet, and the result for each field.
 *
 * A rule calls check_field for a field that it can predict, and check_settle with the reason for
 * one that it cannot. Nothing is counted yet. When all rules have run, find_cause (cause.bpf.h)
 * looks once for the cause of all differences, and settle_differences gives them their verdicts.
 */
#ifndef TXPATH_BPF_VERIFY_RESULT_H
#define TXPATH_BPF_VERIFY_RESULT_H

#include "lib/maps.bpf.h"
#include "lib/parse.bpf.h"
#include "lib/route.bpf.h"
#include "lib/sender.bpf.h"

#define TXP_FIELDS_MAX 32 /* bits of a mask of fields */

_Static_assert(TXP_FIELD_COUNT <= TXP_FIELDS_MAX, "a mask has no room for every field");

#define TXP_BIT(field) (1U << TXP_FIELD_##field)
#define TXP_FIELDS_ROUTE (TXP_BIT(ROUTE) | TXP_BIT(NEXT_HOP) | TXP_BIT(DMAC) | TXP_BIT(SMAC))
/* Fields predicted from a look-up or from the device's MTU, not from the packet's own route. */
#define TXP_FIELDS_LOOKED_UP (TXP_FIELDS_ROUTE | TXP_BIT(DF) | TXP_BIT(MTU) | TXP_BIT(GSO))
#define TXP_FIELDS_SENDER                                                                          \
	(TXP_BIT(TTL) | TXP_BIT(TOS) | TXP_BIT(DF) | TXP_BIT(ID) | TXP_BIT(OPTIONS) |              \
	 TXP_BIT(PRIORITY) | TXP_BIT(MARK))
/* No route change and no netfilter hook explains a difference in these. */
#define TXP_FIELDS_ALWAYS (TXP_BIT(CHECKSUM) | TXP_BIT(TOT_LEN) | TXP_BIT(VLAN_PCP))

/* Packets of one device that differ in one field without a cause so far: see cause.bpf.h. */
struct txp_pending_mismatch {
	__u64 packets;
	__u32 genid; /* generations under which they differ */
	__u32 nexthop_seq;
	__u32 ifindex;
	__u32 reserved;
	struct txp_example first;
};

/*
 * Copy skb, sk and net to local variables for KERNEL_READ: it would relocate the member of chk too,
 * and no kernel has a struct txp_check.
 */
struct txp_check {
	struct sk_buff *skb; /* NULL: not visible */
	struct sock *sk;     /* of the packet; NULL: none */
	struct net *net;
	struct txp_packet pkt;
	struct txp_route route;
	struct txp_sender sender;
	struct bpf_fib_lookup fib;
	struct {
		__u32 ifindex;
		__be32 next_hop;
	} several;			/* has_several_paths: where the previous look-up led */
	__u64 expected[TXP_FIELDS_MAX]; /* of the fields in differs */
	__u64 actual[TXP_FIELDS_MAX];
	__u32 differs;			   /* bit per enum txp_field */
	__u32 settled;			   /* bit per enum txp_field that has a verdict */
	__u8 verdict[TXP_FIELD_COUNT + 1]; /* enum txp_verdict of the fields in settled */
	__u32 unknown;	/* bit per enum txp_field: a difference may come from a change */
	__u32 declined; /* bit per enum txp_field: a difference has a cause we cannot predict */
	__u32 reason;	/* enum txp_reason */
	__u32 genid;	/* net's route generation before the first look-up */
	__u32 ifindex;
	__u32 iif; /* 0: from this host */
	__u32 mark;
	__u32 priority;
	__u32 gso_size; /* 0: one packet */
	__u32 gso_segs;
	__u8 no_sender; /* enum txp_verdict of the sender's fields when the sender is not known */
	/* these two outlast the packet */
	__u32 pending_fields; /* bit per enum txp_field that has a pending mismatch */
	struct txp_pending_mismatch pending[TXP_FIELDS_MAX];
};

/* Too large for the stack. TC egress runs with softirqs off: nobody else uses this CPU's. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_check);
} scratch SEC(".maps");

static __always_inline struct txp_check *check_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

static __always_inline void check_settle(struct txp_check *chk, enum txp_field field,
					 enum txp_verdict verdict)
{
	chk->settled |= 1U << field;
	chk->verdict[field] = verdict;
}

static __always_inline void check_differs(struct txp_check *chk, enum txp_field field,
					  __u64 expected, __u64 actual)
{
	chk->differs |= 1U << field;
	chk->expected[field] = expected;
	chk->actual[field] = actual;
}

static __always_inline void check_field(struct txp_check *chk, enum txp_field field, __u64 expected,
					__u64 actual)
{
	if (expected == actual)
		check_settle(chk, field, TXP_VERDICT_MATCH);
	else
		check_differs(chk, field, expected, actual);
}

/* The field matches if it is not above the limit. */
static __always_inline void check_limit(struct txp_check *chk, enum txp_field field, __u64 limit,
					__u64 actual)
{
	if (actual <= limit)
		check_settle(chk, field, TXP_VERDICT_MATCH);
	else
		check_differs(chk, field, limit, actual);
}

static __always_inline __u64 mac_value(const __u8 *mac)
{
	__u64 value = 0;

	__builtin_memcpy(&value, mac, ETH_ALEN);
	return value;
}

#endif /* TXPATH_BPF_VERIFY_RESULT_H */
