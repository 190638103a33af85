/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the figures of a watch do not have is counted as well. */
#ifndef TXPATH_SHORTCOMING_BPF_H
#define TXPATH_SHORTCOMING_BPF_H

#include <txpath/watch.h>
#include "kernel.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_shortcomings);
} shortcomings SEC(".maps");

#define shortcoming(name)                                                                          \
	do {                                                                                       \
		__u32 zero = 0;                                                                    \
		struct txp_shortcomings *row = bpf_map_lookup_elem(&shortcomings, &zero);          \
                                                                                                   \
		if (row)                                                                           \
			__sync_fetch_and_add(&row->name, 1);                                       \
	} while (0)

#endif /* TXPATH_SHORTCOMING_BPF_H */
