/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one writer of counters. */
#ifndef TXPATH_BPF_LIB_COUNT_H
#define TXPATH_BPF_LIB_COUNT_H

#include "lib/maps.bpf.h"

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

/* At TC egress softirqs are off: nobody else writes this CPU's row. */
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

/* They were unknown; on the CPU that counted them so. */
static __always_inline void count_proven(struct txp_counters *cnt, __u32 field, __u64 packets)
{
	struct txp_verdict_counts *counts = (struct txp_verdict_counts *)&cnt->fields;

	if (field >= TXP_FIELD_COUNT)
		return;
	counts[field].unknown -= packets;
	counts[field].mismatch += packets;
}

/* At TC ingress softirqs are off too. */
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

/* A probe in process context can be interrupted by the same probe in a softirq. */
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

/* Where the view counts for the probe, NULL: it does not. */
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

#endif /* TXPATH_BPF_LIB_COUNT_H */
