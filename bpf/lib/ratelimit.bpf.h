/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many packets are compared: the knob compare-rate, for each CPU. A CPU is given its time as it
 * passes, up to a burst, and each packet that is compared takes its share of a second from it.
 */
#ifndef TXPATH_BPF_LIB_RATELIMIT_H
#define TXPATH_BPF_LIB_RATELIMIT_H

#include "lib/maps.bpf.h"

#define TXP_BURST_NS (500 * 1000 * 1000ULL)

struct txp_ratelimit {
	__u64 time_ns;	  /* when credit_ns was that */
	__u64 credit_ns;  /* not spent yet */
	__u64 noted;	  /* transit has left a note on this CPU, ever */
	__u64 address;	  /* see ratelimit_address */
	__u64 skipped_ns; /* when a probe last noted nothing, for want of credit */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_ratelimit);
} ratelimits SEC(".maps");

static __always_inline struct txp_ratelimit *ratelimit_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&ratelimits, &zero);
}

/* Tracing programs may not ask for the coarse clock. */
static __always_inline __u64 ratelimit_now(const struct txp_instance *inst)
{
	return inst->tick_ns ? bpf_jiffies64() * inst->tick_ns : bpf_ktime_get_ns();
}

/* The burst is at least one packet's. */
static __always_inline __u64 ratelimit_credit(const struct txp_ratelimit *ratelimit, __u64 now,
					      __u64 cost)
{
	__u64 passed = now - ratelimit->time_ns;
	__u64 most = cost > TXP_BURST_NS ? cost : TXP_BURST_NS;
	__u64 credit = ratelimit->credit_ns + passed;

	return passed > most || credit > most ? most : credit;
}

/* May this packet be compared? Softirqs are off: nobody else spends this CPU's. */
static __always_inline bool ratelimit_take(struct txp_ratelimit *ratelimit,
					   const struct txp_instance *inst)
{
	__u64 now, cost = inst->compare_ns;

	if (!cost)
		return true;
	now = ratelimit_now(inst);
	if (now != ratelimit->time_ns) {
		ratelimit->credit_ns = ratelimit_credit(ratelimit, now, cost);
		ratelimit->time_ns = now;
	}
	if (ratelimit->credit_ns < cost)
		return false;
	ratelimit->credit_ns -= cost;
	return true;
}

#define TXP_SKIP_SETTLES (100 * 1000 * 1000ULL) /* ns from a probe to egress, and more */

/* Nothing is taken of it. */
static __always_inline bool ratelimit_is_spent(const struct txp_ratelimit *ratelimit,
					       const struct txp_instance *inst)
{
	__u64 cost = inst->compare_ns;

	return cost && ratelimit_credit(ratelimit, ratelimit_now(inst), cost) < cost;
}

/*
 * Is what a probe would note of a packet not likely to be asked for? Egress asks the budget
 * itself, a moment later, and finds that a probe did not.
 */
static __always_inline bool ratelimit_skips(struct txp_ratelimit *ratelimit,
					    const struct txp_instance *inst)
{
	if (!ratelimit_is_spent(ratelimit, inst))
		return false;
	WRITE_ONCE(ratelimit->skipped_ns, ratelimit_now(inst));
	return true;
}

/* Has a probe noted nothing, of packets that may be on their way? */
static __always_inline bool ratelimit_has_skipped(const struct txp_instance *inst)
{
	const struct txp_ratelimit *ratelimit = ratelimit_get();

	return inst->compare_ns && ratelimit && ratelimit->skipped_ns &&
	       ratelimit_now(inst) - ratelimit->skipped_ns < TXP_SKIP_SETTLES;
}

/*
 * A kernel pointer as a number: what is written to a map is read as one. Softirqs are off: one
 * could write another in between.
 */
static __always_inline __u64 ratelimit_address(struct txp_ratelimit *ratelimit, const void *pointer)
{
	WRITE_ONCE(ratelimit->address, (__u64)pointer);
	return READ_ONCE(ratelimit->address);
}

#endif /* TXPATH_BPF_LIB_RATELIMIT_H */
