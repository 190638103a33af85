/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds the first rule that matches. For each field that rules use, the packet's value leads to a
 * row: a bitmap of the rules that allow this value. The rules that are in all rows match. So 1,000
 * rules cost about as much as 10: a few more steps of a binary search.
 */
#ifndef TXPATH_BPF_CLASSIFY_MATCH_H
#define TXPATH_BPF_CLASSIFY_MATCH_H

#include "classify/fields.bpf.h"

#define TXP_SEARCH_MAX 19 /* halvings of 2 * TXP_CLASS_PREFIXES + 1 steps */

_Static_assert(2 * TXP_CLASS_PREFIXES + 1 <= 1 << TXP_SEARCH_MAX, "a search ends too early");

/* The loader sets the sizes of these maps to what the file needs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_rule_bitmap);
} rule_bitmaps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_rule_interval);
} rule_intervals SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_rule_interval6);
} rule_intervals6 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_tables);
} class_tables SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct txp_class_value_key);
	__type(value, __u32);
} class_values SEC(".maps");

/*
 * Hides the value from the compiler. It then makes no branch of a comparison, whose outcomes the
 * verifier would all follow, and it keeps a mask that looks needless.
 */
#define no_branch(value) asm volatile("" : "+r"(value))

/* 1 if a < b, else 0 */
static __always_inline __u64 is_less(__u64 a, __u64 b)
{
	__u64 borrow = (~a & b) | ((~a | b) & (a - b));

	no_branch(borrow);
	return borrow >> 63;
}

/* 1 if a == b, else 0 */
static __always_inline __u64 is_equal(__u64 a, __u64 b)
{
	__u64 differ = a ^ b;

	differ |= -differ;
	no_branch(differ);
	return (differ >> 63) ^ 1;
}

/* The row of the interval that has the value. */
static __always_inline __u32 search(const volatile struct txp_class_span *span, __u32 value)
{
	__u32 at = span->at, count = span->count;
	const struct txp_rule_interval *step;

	for (int i = 0; i < TXP_SEARCH_MAX && count > 1; i++) {
		__u32 half = count / 2, index = at + half;

		step = bpf_map_lookup_elem(&rule_intervals, &index);
		if (!step)
			return 0;
		at += half * (1 - is_less(value, step->first));
		count -= half;
	}
	step = bpf_map_lookup_elem(&rule_intervals, &at);
	return step ? step->bitmap : 0;
}

static __always_inline __u32 search6(const volatile struct txp_class_span *span, __u64 high,
				     __u64 low)
{
	__u32 at = span->at, count = span->count;
	const struct txp_rule_interval6 *step;

	for (int i = 0; i < TXP_SEARCH_MAX && count > 1; i++) {
		__u32 half = count / 2, index = at + half;
		__u64 less;

		step = bpf_map_lookup_elem(&rule_intervals6, &index);
		if (!step)
			return 0;
		less = is_less(high, step->high) |
		       (is_equal(high, step->high) & is_less(low, step->low));
		at += half * (1 - less);
		count -= half;
	}
	step = bpf_map_lookup_elem(&rule_intervals6, &at);
	return step ? step->bitmap : 0;
}

static __always_inline __u64 half_of_address(const __be32 *words)
{
	return (__u64)bpf_ntohl(words[0]) << 32 | bpf_ntohl(words[1]);
}

static __always_inline __u32 row_of_address(enum txp_class_ask ask,
					    const struct txp_class_fields *fields,
					    const __be32 *address)
{
	if (fields->family == TXP_CLASS_IPV4)
		return search(&plan.span[ask], bpf_ntohl(address[0]));
	return search6(&plan.span6[ask - TXP_ASK_SOURCE], half_of_address(address),
		       half_of_address(address + 2));
}

static __always_inline __u32 row_of_value(enum txp_class_ask ask, __u32 which, __u64 value)
{
	const struct txp_class_value_key key = { .ask = which, .value = value };
	const __u32 *row = bpf_map_lookup_elem(&class_values, &key);

	return row ? *row : plan.other[ask];
}

static __always_inline __u32 row_of_port(enum txp_class_ask ask,
					 const struct txp_class_fields *fields, const __u16 *table,
					 enum txp_dimension dimension)
{
	__u32 port = fields->number[dimension];

	no_branch(port); /* else the mask goes: up to 6.12 swapped bytes may be any number */
	return fields->has_ports ? table[port & 0xffff] : plan.other[ask];
}

/*
 * First all indexes, then all pointers: the verifier merges states that differ only in unknown
 * numbers, and not those with different pointers.
 */
struct txp_match {
	__u32 index[TXP_ASK_COUNT];
	const struct txp_rule_bitmap *row[TXP_ASK_COUNT];
};

#define ASK(ask, value)                                                                            \
	do {                                                                                       \
		if (plan_asks(ask))                                                                \
			match->index[ask] = (value);                                               \
	} while (0)

/* Index in the table of kinds. The verifier of 6.1 does not know the bounds of an OR. */
static __always_inline __u32 kind_of(const struct txp_class_fields *fields)
{
	__u32 kind = (fields->direction & 1) << 9 | (fields->family & 1) << 8 |
		     (fields->number[TXP_DIMENSION_PROTO] & 0xff);

	no_branch(kind);
	return kind & 0x3ff;
}

static __always_inline bool ask_tables(struct txp_match *match,
				       const struct txp_class_fields *fields)
{
	__u32 zero = 0, dscp = fields->number[TXP_DIMENSION_DSCP];
	const struct txp_class_tables *tables;

	tables = bpf_map_lookup_elem(&class_tables, &zero);
	if (!tables)
		return false;
	ASK(TXP_ASK_KIND, tables->kind[kind_of(fields)]);
	ASK(TXP_ASK_SPORT, row_of_port(TXP_ASK_SPORT, fields, tables->sport, TXP_DIMENSION_SPORT));
	ASK(TXP_ASK_DPORT, row_of_port(TXP_ASK_DPORT, fields, tables->dport, TXP_DIMENSION_DPORT));
	no_branch(dscp);
	ASK(TXP_ASK_DSCP, tables->dscp[dscp & 63]);
	return true;
}

static __always_inline void ask_searches(struct txp_match *match,
					 const struct txp_class_fields *fields)
{
	const __u32 *number = fields->number;

	ASK(TXP_ASK_DEV, search(&plan.span[TXP_ASK_DEV], number[TXP_DIMENSION_DEV]));
	ASK(TXP_ASK_PRIORITY, search(&plan.span[TXP_ASK_PRIORITY], number[TXP_DIMENSION_PRIORITY]));
	ASK(TXP_ASK_LEN, search(&plan.span[TXP_ASK_LEN], number[TXP_DIMENSION_LEN]));
	ASK(TXP_ASK_UID, fields->has_user
				 ? search(&plan.span[TXP_ASK_UID], number[TXP_DIMENSION_UID])
				 : plan.other[TXP_ASK_UID]);
	ASK(TXP_ASK_SOURCE, row_of_address(TXP_ASK_SOURCE, fields, fields->source));
	ASK(TXP_ASK_DESTINATION, row_of_address(TXP_ASK_DESTINATION, fields, fields->destination));
}

static __always_inline void ask_values(struct txp_match *match,
				       const struct txp_class_fields *fields)
{
#pragma unroll
	for (__u32 i = 0; i < TXP_CLASS_MARKS; i++)
		ASK(TXP_ASK_MARK + i,
		    row_of_value(TXP_ASK_MARK + i, i, fields->mark & plan.marks[i]));
#pragma unroll
	for (__u32 i = 0; i < TXP_CLASS_LEVELS; i++)
		ASK(TXP_ASK_CGROUP + i,
		    row_of_value(TXP_ASK_CGROUP + i, TXP_CLASS_MARKS + i, fields->cgroup[i]));
}

/* false: a row is missing, which cannot happen. */
static __always_inline bool find_rows(struct txp_match *match)
{
#pragma unroll
	for (__u32 ask = 0; ask < TXP_ASK_COUNT; ask++) {
		if (!plan_asks(ask))
			continue;
		match->row[ask] = bpf_map_lookup_elem(&rule_bitmaps, &match->index[ask]);
		if (!match->row[ask])
			return false;
	}
	return true;
}

static __always_inline __u64 common_summary(const struct txp_match *match)
{
	__u64 summary = ~0ULL;

#pragma unroll
	for (__u32 ask = 0; ask < TXP_ASK_COUNT; ask++) {
		if (plan_asks(ask))
			summary &= match->row[ask]->summary;
	}
	return summary;
}

static __always_inline __u64 common_word(const struct txp_match *match, __u32 place)
{
	__u64 word = ~0ULL;

#pragma unroll
	for (__u32 ask = 0; ask < TXP_ASK_COUNT; ask++) {
		if (plan_asks(ask))
			word &= match->row[ask]->words[place];
	}
	return word;
}

/* Number of the lowest bit that is set. (clang 14 cannot compile __builtin_ctzll for BPF.) */
static __always_inline __u32 lowest_bit(__u64 bits)
{
	__u64 count = (bits & -bits) - 1;

	count -= count >> 1 & 0x5555555555555555;
	count = (count & 0x3333333333333333) + (count >> 2 & 0x3333333333333333);
	no_branch(count); /* clang would make a __builtin_popcountll of it, and cannot compile that
			     either */
	count = (count + (count >> 4)) & 0x0f0f0f0f0f0f0f0f;
	return (count * 0x0101010101010101) >> 56 & 63;
}

/* Returns the place of the rule in the file; plan.rules: none matches. */
static __always_inline __u32 match(const struct txp_class_fields *fields)
{
	struct txp_match match = {};
	__u64 summary, word;

	if (!ask_tables(&match, fields))
		return plan.rules;
	ask_searches(&match, fields);
	ask_values(&match, fields);
	if (!find_rows(&match))
		return plan.rules;
	summary = common_summary(&match);
	for (__u32 i = 0; i < TXP_CLASS_WORDS && summary; i++) {
		__u32 place = lowest_bit(summary) & (TXP_CLASS_WORDS - 1);

		word = common_word(&match, place);
		if (word)
			return place * 64 + lowest_bit(word);
		summary &= summary - 1;
	}
	return plan.rules;
}

#endif /* TXPATH_BPF_CLASSIFY_MATCH_H */
