/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many packets are compared: the knob compare-rate, for each CPU. A CPU is given its time as it
 * passes, up to a burst, and each packet that is compared takes its share of a second from it.
 */
#ifndef TXPATH_BUDGET_BPF_H
#define TXPATH_BUDGET_BPF_H

#include "maps.bpf.h"

#define TXP_BURST_NS (500 * 1000 * 1000ULL)

struct txp_budget {
	__u64 time_ns;	  /* when credit_ns was that */
	__u64 credit_ns;  /* not spent yet */
	__u64 noted;	  /* transit has left a note on this CPU, ever */
	__u64 address;	  /* see budget_address */
	__u64 skipped_ns; /* when a station last noted nothing, for want of credit */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_budget);
} budgets SEC(".maps");

static __always_inline struct txp_budget *budget_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&budgets, &zero);
}

/* Tracing programs may not ask for the coarse clock. */
static __always_inline __u64 budget_now(const struct txp_instance *inst)
{
	return inst->tick_ns ? bpf_jiffies64() * inst->tick_ns : bpf_ktime_get_ns();
}

/* The burst is at least one packet's. */
static __always_inline __u64 budget_credit(const struct txp_budget *budget, __u64 now, __u64 cost)
{
	__u64 passed = now - budget->time_ns;
	__u64 most = cost > TXP_BURST_NS ? cost : TXP_BURST_NS;
	__u64 credit = budget->credit_ns + passed;

	return passed > most || credit > most ? most : credit;
}

/* May this packet be compared? Softirqs are off: nobody else spends this CPU's. */
static __always_inline bool budget_take(struct txp_budget *budget, const struct txp_instance *inst)
{
	__u64 now, cost = inst->compare_ns;

	if (!cost)
		return true;
	now = budget_now(inst);
	if (now != budget->time_ns) {
		budget->credit_ns = budget_credit(budget, now, cost);
		budget->time_ns = now;
	}
	if (budget->credit_ns < cost)
		return false;
	budget->credit_ns -= cost;
	return true;
}

#define TXP_SKIP_SETTLES (100 * 1000 * 1000ULL) /* ns from a station to egress, and more */

/* Nothing is taken of it. */
static __always_inline bool budget_is_spent(const struct txp_budget *budget,
					    const struct txp_instance *inst)
{
	__u64 cost = inst->compare_ns;

	return cost && budget_credit(budget, budget_now(inst), cost) < cost;
}

/*
 * Is what a station would note of a packet not likely to be asked for? Egress asks the budget
 * itself, a moment later, and finds that a station did not.
 */
static __always_inline bool budget_skips(struct txp_budget *budget, const struct txp_instance *inst)
{
	if (!budget_is_spent(budget, inst))
		return false;
	WRITE_ONCE(budget->skipped_ns, budget_now(inst));
	return true;
}

/* Has a station noted nothing, of packets that may be on their way? */
static __always_inline bool budget_has_skipped(const struct txp_instance *inst)
{
	const struct txp_budget *budget = budget_get();

	return inst->compare_ns && budget && budget->skipped_ns &&
	       budget_now(inst) - budget->skipped_ns < TXP_SKIP_SETTLES;
}

/*
 * A kernel pointer as a number: what is written to a map is read as one. Softirqs are off: one
 * could write another in between.
 */
static __always_inline __u64 budget_address(struct txp_budget *budget, const void *pointer)
{
	WRITE_ONCE(budget->address, (__u64)pointer);
	return READ_ONCE(budget->address);
}

#endif /* TXPATH_BUDGET_BPF_H */
