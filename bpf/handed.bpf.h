/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What was handed to the driver: when it answers, the packet may be gone. A device above another
 * hands on the same packet before it answers.
 */
#ifndef TXPATH_HANDED_BPF_H
#define TXPATH_HANDED_BPF_H

#include "asked.bpf.h"

#define TXP_HANDED 8 /* per CPU; devices above each other */

struct txp_handed {
	__u64 skb;
	__u64 dev;
	struct txp_sight sight;
};

struct txp_handed_stack {
	__u32 next; /* place of the next one, modulo TXP_HANDED */
	__u32 reserved;
	struct txp_handed place[TXP_HANDED];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_handed_stack);
} handed SEC(".maps");

static __always_inline struct txp_handed_stack *handed_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&handed, &zero);
}

/* Only a record has more of it than its row of counters. */
static __always_inline void handed_note(struct txp_sight *note, const struct txp_sight *sight)
{
	if (asks_for(TXP_WATCH_TRACE)) {
		*note = *sight;
		return;
	}
	note->netns = sight->netns;
	note->ifindex = sight->ifindex;
	note->len = sight->len;
}

static __always_inline void hand_over(const struct txp_sight *sight, const struct sk_buff *skb,
				      const struct net_device *dev)
{
	struct txp_handed_stack *stack = handed_get();
	struct txp_handed *place;

	if (!stack)
		return;
	place = &stack->place[stack->next++ % TXP_HANDED];
	place->skb = (__u64)skb;
	place->dev = (__u64)dev;
	handed_note(&place->sight, sight);
}

/* The last one handed over is the first that is answered. NULL: it was not seen, or not asked for.
 */
static __always_inline struct txp_handed *handed_take(const struct sk_buff *skb,
						      const struct net_device *dev)
{
	struct txp_handed_stack *stack = handed_get();

	if (!stack)
		return NULL;
	for (__u32 i = 1; i <= TXP_HANDED; i++) {
		struct txp_handed *place = &stack->place[(stack->next - i) % TXP_HANDED];

		if (place->skb != (__u64)skb || place->dev != (__u64)dev)
			continue;
		place->skb = 0;
		stack->next -= i == 1;
		return place;
	}
	return NULL;
}

#endif /* TXPATH_HANDED_BPF_H */
