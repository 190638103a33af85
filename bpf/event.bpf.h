/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one writer of events. What finds no room is not written: the counters have it all. */
#ifndef TXPATH_EVENT_BPF_H
#define TXPATH_EVENT_BPF_H

#include "maps.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TXP_EVENTS_SIZE);
} events SEC(".maps");

/* before and after may be NULL. */
static __always_inline void event_write(const struct txp_instance *inst, enum txp_event_kind kind,
					__u32 ifindex, const struct txp_lease *before,
					const struct txp_lease *after)
{
	struct txp_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->device.netns = inst->netns;
	event->device.ifindex = ifindex;
	event->kind = kind;
	if (before)
		event->before = *before;
	if (after)
		event->after = *after;
	bpf_ringbuf_submit(event, 0);
}

#endif /* TXPATH_EVENT_BPF_H */
