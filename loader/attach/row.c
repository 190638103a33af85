// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The row of the instance: what this kernel has, and what the knobs say. */
#include <time.h>

#include "lib/features.h"
#include "attach/transaction.h"

#define NS_PER_S 1000000000U

/* The coarse clock moves with each jiffy. */
static __u64 tick_ns(void)
{
	struct timespec tick;

	if (clock_getres(CLOCK_MONOTONIC_COARSE, &tick) || tick.tv_sec)
		return 0;
	return tick.tv_nsec;
}

/*
 * What transit must know of the kernel, also before it is attached: of a fresh instance the map
 * is not pinned yet, of another one nothing else changes.
 */
int transaction_write_kernel(struct transaction *t)
{
	t->instance.row.abi = TXP_ABI_VERSION;
	t->instance.row.netns = t->instance.netns;
	t->instance.row.tick_ns = tick_ns();
	feature_symbols(&t->instance.row);
	return instance_write(&t->instance, &t->instance.row);
}

static bool is_set(const struct transaction *t, enum txp_knob knob)
{
	return t->fresh || t->request->given & (1U << knob);
}

static void set_knobs(struct transaction *t)
{
	if (is_set(t, TXP_KNOB_LEASE_MS))
		t->row.lease_ns = t->request->lease_ms * 1000000ULL;
	if (is_set(t, TXP_KNOB_MAX_SURPRISES))
		t->row.max_surprises = t->request->max_surprises;
	if (is_set(t, TXP_KNOB_PROMOTE_AFTER))
		t->row.promote_after = t->request->promote_after;
	if (is_set(t, TXP_KNOB_COMPARE_RATE))
		t->row.compare_ns =
			t->request->compare_rate ? NS_PER_S / t->request->compare_rate : 0;
	if (is_set(t, TXP_KNOB_SETTLE_MS))
		t->row.settle_ns = t->request->settle_ms * 1000000ULL;
}

void transaction_set_row(struct transaction *t)
{
	t->row.fib_mark = feature_fib_mark();
	set_knobs(t);
	if (t->request->transit)
		t->row.transit_errno = t->transit.err;
}
