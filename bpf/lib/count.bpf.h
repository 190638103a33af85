/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one writer of counters and of events. The counters have what the events have no room for. */
#ifndef TXPATH_BPF_LIB_COUNT_H
#define TXPATH_BPF_LIB_COUNT_H

#include "lib/maps.bpf.h"
#include "lib/parse.bpf.h"
#include "lib/ratelimit.bpf.h"

static __always_inline struct txp_counters *counters_of(__u64 netns, __u32 ifindex)
{
	struct txp_device_key key = { .netns = netns, .ifindex = ifindex };

	return bpf_map_lookup_elem(&counters, &key);
}

static __always_inline void count_tally(struct txp_tally *tally, __u64 bytes)
{
	tally->packets++;
	tally->bytes += bytes;
}

static __always_inline void count_back(struct txp_tally *tally, __u64 bytes)
{
	tally->packets--;
	tally->bytes -= bytes;
}

/* Not atomic: at TC egress softirqs are off, so no other program writes this CPU's row. */
static __always_inline void count_reason(struct txp_counters *cnt, enum txp_reason reason,
					 __u64 bytes)
{
	struct txp_tally *tally = (struct txp_tally *)&cnt->reasons;

	if (reason < TXP_REASON_COUNT)
		count_tally(&tally[reason], bytes);
}

static __always_inline void count_verdict(struct txp_counters *cnt, enum txp_field field,
					  enum txp_verdict verdict)
{
	struct txp_verdict_counts *counts = (struct txp_verdict_counts *)&cnt->fields;
	__u64 *count = (__u64 *)&counts[field];

	if (verdict >= TXP_VERDICT_COUNT)
		return;
	count[verdict]++;
}

/* Mismatches that were counted as unknown until they were proven; on the same CPU. */
static __always_inline void count_proven(struct txp_counters *cnt, __u32 field, __u64 packets)
{
	struct txp_verdict_counts *counts = (struct txp_verdict_counts *)&cnt->fields;

	if (field >= TXP_FIELD_COUNT)
		return;
	counts[field].unknown -= packets;
	counts[field].mismatch += packets;
}

/* Not atomic: at TC ingress softirqs are off too. */
static __always_inline void count_transit(struct txp_counters *cnt, __u32 verdict, __u64 bytes)
{
	struct txp_tally *tally = (struct txp_tally *)&cnt->transits;

	if (verdict < TXP_TRANSIT_COUNT)
		count_tally(&tally[verdict], bytes);
}

static __always_inline void count_learned(struct txp_counters *cnt, enum txp_basis basis)
{
	__u64 *learned = (__u64 *)&cnt->learned;

	if (basis < TXP_BASIS_COUNT)
		learned[basis]++;
}

/* Atomic: a softirq can interrupt a probe in process context and run the same probe. */
static __always_inline void count_interrupted(struct txp_tally *tally, __u64 bytes)
{
	__sync_fetch_and_add(&tally->packets, 1);
	if (bytes) /* the compiler turns adding 0 into an OR that 5.10 does not have */
		__sync_fetch_and_add(&tally->bytes, bytes);
}

static __always_inline void count_probe(struct txp_counters *cnt, enum txp_probe probe, __u64 bytes)
{
	struct txp_tally *tally = (struct txp_tally *)&cnt->probes;

	count_interrupted(&tally[probe], bytes);
}

/* The probe's tally in dev_cache; NULL: dev_cache has none for it. */
static __always_inline struct txp_tally *dev_cache_probe(struct txp_dev_cache *cache,
							 enum txp_probe probe)
{
	switch (probe) {
	case TXP_PROBE_IP_FORWARD:
		return &cache->ip_forward;
	case TXP_PROBE_IP_OUTPUT:
		return &cache->ip_output;
	case TXP_PROBE_DEV_QUEUE_XMIT:
		return &cache->dev_queue_xmit;
	default:
		return NULL;
	}
}

/* A new event with its head filled in; NULL: the buffer is full. */
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

/* Is a txpath trace running? */
static __always_inline bool event_is_traced(void)
{
	__u32 zero = 0;
	const struct txp_tracing *row = bpf_map_lookup_elem(&tracing, &zero);

	return row && row->until_ns && (__s64)(row->until_ns - bpf_ktime_get_ns()) > 0;
}

/* A new event of the frequent kinds; NULL: over the rate, or the buffer is full. */
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

#endif /* TXPATH_BPF_LIB_COUNT_H */
