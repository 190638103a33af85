// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The row of the instance: what this kernel has, and what the knobs say. */
#include <stdbool.h>
#include <time.h>

#include "lib/features.h"
#include "attach/knobs.h"
#include "attach/transaction.h"

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

void transaction_set_row(struct transaction *t)
{
	t->row.fib_mark = feature_fib_mark();
	knobs_to_row(t->request, t->fresh, &t->row);
	if (t->row.lo_forwarding >= 0) /* it stays on, whatever this request says */
		t->row.knob[TXP_KNOB_LO_FORWARDING] = true;
	if (t->request->transit)
		t->row.transit_errno = t->transit.err;
}
