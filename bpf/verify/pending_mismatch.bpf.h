/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Differences that nothing explains, yet. The kernel changes what decides first, and moves the
 * generation after that (fib_table_insert, netif_set_mtu): in between packets still go by their old
 * routes, and rightly so, while a look-up knows the new one. Who makes the change may lose the
 * processor there. So such packets are unknown at first. If the generation still stands after
 * settle-ms, the next packet that this CPU compares turns them into mismatches, with all of the
 * same field and device that came behind the first.
 *
 * Doubts are kept in the CPU's scratch: they are moved in the counters that they were counted in.
 */
#ifndef TXPATH_BPF_VERIFY_PENDING_MISMATCH_H
#define TXPATH_BPF_VERIFY_PENDING_MISMATCH_H

#include "verify/result.bpf.h"
#include "lib/count.bpf.h"

static __always_inline void example_fill(struct txp_example *example, const struct txp_check *chk,
					 __u32 field)
{
	example->time_ns = bpf_ktime_get_ns();
	example->expected = chk->expected[field];
	example->actual = chk->actual[field];
	example->saddr = chk->pkt.ip.saddr;
	example->daddr = chk->pkt.ip.daddr;
	example->protocol = chk->pkt.ip.protocol;
	example->total = chk->pkt.l3_len;
}

static __always_inline void example_write(const struct txp_instance *inst, __u32 ifindex,
					  __u32 field, const struct txp_example *example)
{
	struct txp_example_key key = { .field = field };

	key.device.netns = inst->netns;
	key.device.ifindex = ifindex;
	bpf_map_update_elem(&examples, &key, example, BPF_ANY);
	if (event_is_traced())
		event_mismatch(inst, ifindex, field, example);
}

/* The first of a field gives the example; those of another device meanwhile stay unknown. */
static __always_inline void pending_add(struct txp_check *chk, __u32 field)
{
	struct txp_pending_mismatch *pend = &chk->pending[field % TXP_FIELDS_MAX];

	if (!(chk->pending_fields & 1U << field)) {
		pend->packets = 0;
		pend->genid = chk->genid;
		pend->nexthop_seq = KERNEL_READ(check_net(chk), nexthop.seq);
		pend->ifindex = chk->ifindex;
		example_fill(&pend->first, chk, field % TXP_FIELDS_MAX);
		chk->pending_fields |= 1U << field;
	}
	if (pend->ifindex == chk->ifindex)
		pend->packets++;
}

/* Functions of their own: the verifier looks at them once. */
__noinline int pending_prove(__u32 field)
{
	const struct txp_instance *inst = instance_get();
	const struct txp_check *chk = check_get();
	const struct txp_pending_mismatch *pend;
	struct txp_counters *cnt;

	if (!inst || !chk)
		return 0;
	field %= TXP_FIELDS_MAX; /* for the verifier */
	pend = &chk->pending[field];
	cnt = counters_of(inst->netns, pend->ifindex);
	if (!cnt)
		return 0;
	count_proven(cnt, field, pend->packets);
	example_write(inst, pend->ifindex, field, &pend->first);
	return 0;
}

/* false: the generation may still be owed. */
static __always_inline bool pending_ends(const struct txp_pending_mismatch *pend,
					 const struct txp_check *chk,
					 const struct txp_instance *inst, __u32 field)
{
	if (pend->genid != chk->genid ||
	    pend->nexthop_seq != KERNEL_READ(check_net(chk), nexthop.seq))
		return true;
	if (bpf_ktime_get_ns() - pend->first.time_ns < inst->settle_ns)
		return false;
	pending_prove(field);
	return true;
}

__noinline int pending_settle(void)
{
	const struct txp_instance *inst = instance_get();
	struct txp_check *chk = check_get();

	if (!inst || !chk)
		return 0;
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++) {
		__u32 bit = 1U << field;

		if (chk->pending_fields & bit &&
		    pending_ends(&chk->pending[field], chk, inst, field))
			chk->pending_fields &= ~bit;
	}
	return 0;
}

#endif /* TXPATH_BPF_VERIFY_PENDING_MISMATCH_H */
