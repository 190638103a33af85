/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* No more of something than so many a second (the generic cell rate algorithm). */
#ifndef TXPATH_BPF_LIB_GCRA_H
#define TXPATH_BPF_LIB_GCRA_H

#include "kernel/kernel.bpf.h"

/* A fifth of what a second gives may come at once. */
#define TXP_GCRA_BURST_NS (200ULL * 1000 * 1000)

/* *due: when the next one is to come, begins with 0; each takes each_ns of a second. */
static __always_inline bool gcra_allow(__u64 *due, __u64 now, __u64 each_ns)
{
	if (*due > now + TXP_GCRA_BURST_NS)
		return false;
	*due = (*due > now ? *due : now) + each_ns;
	return true;
}

#endif /* TXPATH_BPF_LIB_GCRA_H */
