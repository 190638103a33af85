/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rate limits. The knob compare-rate limits how many packets each CPU compares in a second: the CPU
 * earns credit as time passes, up to a burst, and each compared packet takes its share of a second.
 * Events have the generic cell rate algorithm.
 */
#ifndef TXPATH_BPF_LIB_RATELIMIT_H
#define TXPATH_BPF_LIB_RATELIMIT_H

#include <txpath/abi.h>
#include "kernel/kernel.bpf.h"

#define TXP_BURST_NS (500 * 1000 * 1000ULL)

struct txp_ratelimit {
	__u64 time_ns;	  /* when credit_ns was that */
	__u64 credit_ns;  /* not spent yet */
	__u64 noted;	  /* transit has left a learn context on this CPU, ever */
	__u64 address;	  /* see ratelimit_address */
	__u64 skipped_ns; /* when a probe last skipped a packet for lack of credit */
};

/* Jiffies, because tracing programs may not call bpf_ktime_get_coarse_ns. */
static __always_inline __u64 ratelimit_now(const struct txp_instance *inst)
{
	return inst->tick_ns ? bpf_jiffies64() * inst->tick_ns : bpf_ktime_get_ns();
}

/* The burst is at least what one packet costs. */
static __always_inline __u64 ratelimit_credit(const struct txp_ratelimit *ratelimit, __u64 now,
					      __u64 cost)
{
	__u64 passed = now - ratelimit->time_ns;
	__u64 most = cost > TXP_BURST_NS ? cost : TXP_BURST_NS;
	__u64 credit = ratelimit->credit_ns + passed;

	return passed > most || credit > most ? most : credit;
}

/* May this packet be compared? Softirqs are off: no other program spends this CPU's credit. */
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

/* Is there no credit for a packet? Takes none. */
static __always_inline bool ratelimit_is_spent(const struct txp_ratelimit *ratelimit,
					       const struct txp_instance *inst)
{
	__u64 cost = inst->compare_ns;

	return cost && ratelimit_credit(ratelimit, ratelimit_now(inst), cost) < cost;
}

/*
 * Should a probe skip a packet because egress will not compare it? Egress decides by itself a
 * moment later. If it compares after all, skipped_ns tells it that the probe has noted nothing.
 */
static __always_inline bool ratelimit_skips(struct txp_ratelimit *ratelimit,
					    const struct txp_instance *inst)
{
	if (!ratelimit_is_spent(ratelimit, inst))
		return false;
	WRITE_ONCE(ratelimit->skipped_ns, ratelimit_now(inst));
	return true;
}

/* A fifth of a second's number may come at once. */
#define TXP_GCRA_BURST_NS (200ULL * 1000 * 1000)

/* *due: when the next one is due, at first 0. Each takes each_ns of a second. */
static __always_inline bool gcra_allow(__u64 *due, __u64 now, __u64 each_ns)
{
	if (*due > now + TXP_GCRA_BURST_NS)
		return false;
	*due = (*due > now ? *due : now) + each_ns;
	return true;
}

#endif /* TXPATH_BPF_LIB_RATELIMIT_H */
