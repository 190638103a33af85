/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one writer of events. What finds no room is not written: the counters have it all. */
#ifndef TXPATH_BPF_LIB_EVENT_H
#define TXPATH_BPF_LIB_EVENT_H

#include "lib/maps.bpf.h"
#include "lib/gcra.bpf.h"
#include "lib/parse.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TXP_EVENTS_SIZE);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_tracing);
} tracing SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_event_ratelimit);
} event_ratelimit SEC(".maps");

/* With nothing but its head; NULL: no room. */
static __always_inline struct txp_event *
event_new(const struct txp_instance *inst, enum txp_event_kind kind, __u32 ifindex, __u32 code)
{
	struct txp_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event)
		return NULL;
	__builtin_memset(event, 0, sizeof(*event));
	event->time_ns = bpf_ktime_get_ns();
	event->device.netns = inst->netns;
	event->device.ifindex = ifindex;
	event->kind = kind;
	event->code = code;
	return event;
}

/* before and after may be NULL. */
static __always_inline void event_write(const struct txp_instance *inst, enum txp_event_kind kind,
					__u32 ifindex, const struct txp_lease *before,
					const struct txp_lease *after)
{
	struct txp_event *event = event_new(inst, kind, ifindex, 0);

	if (!event)
		return;
	if (before)
		event->before = *before;
	if (after)
		event->after = *after;
	bpf_ringbuf_submit(event, 0);
}

/* Does somebody trace? */
static __always_inline bool event_is_traced(void)
{
	__u32 zero = 0;
	const struct txp_tracing *row = bpf_map_lookup_elem(&tracing, &zero);

	return row && row->until_ns && (__s64)(row->until_ns - bpf_ktime_get_ns()) > 0;
}

/* A new event of the frequent kinds, but for flow or field; NULL: over the rate, or no room. */
static __always_inline struct txp_event *
event_begin(const struct txp_instance *inst, enum txp_event_kind kind, __u32 ifindex, __u32 code)
{
	__u32 zero = 0;
	const struct txp_tracing *row = bpf_map_lookup_elem(&tracing, &zero);
	struct txp_event_ratelimit *clock = bpf_map_lookup_elem(&event_ratelimit, &zero);
	struct txp_event *event;

	if (!row || !clock)
		return NULL;
	if (!gcra_allow(&clock->due_ns, bpf_ktime_get_ns(), row->event_ns)) {
		clock->limited++;
		return NULL;
	}
	event = event_new(inst, kind, ifindex, code);
	if (!event)
		clock->lost++;
	return event;
}

static __always_inline void event_decline(const struct txp_instance *inst, __u32 ifindex,
					  const struct txp_packet *pkt, __u32 mark, __u32 verdict)
{
	struct txp_event *event = event_begin(inst, TXP_EVENT_DECLINE, ifindex, verdict);

	if (!event)
		return;
	event->before.key.saddr = pkt->ip.saddr;
	event->before.key.daddr = pkt->ip.daddr;
	event->before.key.protocol = pkt->ip.protocol;
	event->before.key.dscp = pkt->ip.tos & ~3;
	event->before.key.sport = pkt->ports.source;
	event->before.key.dport = pkt->ports.dest;
	event->before.key.mark = mark;
	event->before.key.iif = ifindex;
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void event_mismatch(const struct txp_instance *inst, __u32 ifindex,
					   __u32 field, const struct txp_example *example)
{
	struct txp_event *event = event_begin(inst, TXP_EVENT_MISMATCH, ifindex, field);

	if (!event)
		return;
	event->example = *example;
	bpf_ringbuf_submit(event, 0);
}

#endif /* TXPATH_BPF_LIB_EVENT_H */
