/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the figures of a watch do not have is counted as well. */
#ifndef TXPATH_BPF_TRACE_LOSS_STATS_H
#define TXPATH_BPF_TRACE_LOSS_STATS_H

#include <txpath/trace.h>
#include "kernel/kernel.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_loss_stats);
} loss_stats SEC(".maps");

#define loss(name)                                                                                 \
	do {                                                                                       \
		__u32 zero = 0;                                                                    \
		struct txp_loss_stats *row = bpf_map_lookup_elem(&loss_stats, &zero);              \
                                                                                                   \
		if (row)                                                                           \
			__sync_fetch_and_add(&row->name, 1);                                       \
	} while (0)

#endif /* TXPATH_BPF_TRACE_LOSS_STATS_H */
