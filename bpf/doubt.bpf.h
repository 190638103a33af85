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
#ifndef TXPATH_DOUBT_BPF_H
#define TXPATH_DOUBT_BPF_H

#include "check.bpf.h"
#include "count.bpf.h"
#include "event.bpf.h"

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
static __always_inline void doubt_add(struct txp_check *chk, __u32 field)
{
	struct txp_doubt *doubt = &chk->doubts[field % TXP_FIELDS_MAX];

	if (!(chk->doubted & 1U << field)) {
		doubt->packets = 0;
		doubt->genid = chk->genid;
		doubt->nexthop_seq = KERNEL_READ(check_net(chk), nexthop.seq);
		doubt->ifindex = chk->ifindex;
		example_fill(&doubt->first, chk, field % TXP_FIELDS_MAX);
		chk->doubted |= 1U << field;
	}
	if (doubt->ifindex == chk->ifindex)
		doubt->packets++;
}

/* Functions of their own: the verifier looks at them once. */
__noinline int prove_doubt(__u32 field)
{
	const struct txp_instance *inst = instance_get();
	const struct txp_check *chk = check_get();
	const struct txp_doubt *doubt;
	struct txp_counters *cnt;

	if (!inst || !chk)
		return 0;
	field %= TXP_FIELDS_MAX; /* for the verifier */
	doubt = &chk->doubts[field];
	cnt = counters_of(inst->netns, doubt->ifindex);
	if (!cnt)
		return 0;
	count_proven(cnt, field, doubt->packets);
	example_write(inst, doubt->ifindex, field, &doubt->first);
	return 0;
}

/* false: the generation may still be owed. */
static __always_inline bool doubt_ends(const struct txp_doubt *doubt, const struct txp_check *chk,
				       const struct txp_instance *inst, __u32 field)
{
	if (doubt->genid != chk->genid ||
	    doubt->nexthop_seq != KERNEL_READ(check_net(chk), nexthop.seq))
		return true;
	if (bpf_ktime_get_ns() - doubt->first.time_ns < inst->settle_ns)
		return false;
	prove_doubt(field);
	return true;
}

__noinline int settle_doubts(void)
{
	const struct txp_instance *inst = instance_get();
	struct txp_check *chk = check_get();

	if (!inst || !chk)
		return 0;
	for (__u32 field = 0; field < TXP_FIELD_COUNT; field++) {
		__u32 bit = 1U << field;

		if (chk->doubted & bit && doubt_ends(&chk->doubts[field], chk, inst, field))
			chk->doubted &= ~bit;
	}
	return 0;
}

#endif /* TXPATH_DOUBT_BPF_H */
