/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* txpath trace: writes a record of a packet at a probe, up to the rate limit of the session. */
#ifndef TXPATH_BPF_TRACE_RECORD_H
#define TXPATH_BPF_TRACE_RECORD_H

#include "trace/config.bpf.h"
#include "trace/pkt_info.bpf.h"
#include "trace/counters.bpf.h"
#include "lib/ratelimit.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TXP_RECORDS_SIZE);
} records SEC(".maps");

/* Time of this CPU's next record, ns. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} record_due SEC(".maps");

static __always_inline bool record_is_due(__u64 now)
{
	__u32 zero = 0;
	__u64 *due = bpf_map_lookup_elem(&record_due, &zero);

	return due && gcra_allow(due, now, txp_trace_config.event_ns);
}

static __always_inline void record_data(struct txp_record *record, const struct sk_buff *skb)
{
	__u64 at = network_header(skb), end = linear_end(skb);
	__u32 size = txp_trace_config.snap;

	if (!(record->info.flags & TXP_PKT_INFO_HEADER) || at >= end)
		return;
	if (end - at < size)
		size = end - at;
	if (size > TXP_SNAP_MAX)
		size = TXP_SNAP_MAX;
	if (!bpf_probe_read_kernel(record->data, size, (const void *)at))
		record->captured = size;
}

/* code and location are those of struct txp_record; skb: NULL if the packet may be freed. */
static __always_inline void record_write(const struct txp_pkt_info *info, const struct sk_buff *skb,
					 __u64 address, const struct net_device *dev,
					 enum txp_probe probe, __u16 code, __u64 location)
{
	__u64 size = txp_trace_config.snap ? sizeof(struct txp_record)
					   : __builtin_offsetof(struct txp_record, data);
	__u64 now = bpf_ktime_get_ns();
	struct txp_record *record;

	if (!record_is_due(now)) {
		loss(limited);
		return;
	}
	record = bpf_ringbuf_reserve(&records, size, 0);
	if (!record) {
		loss(lost);
		return;
	}
	record->time_ns = now;
	record->skb = address;
	record->location = location;
	record->info = *info;
	__builtin_memset(record->dev, 0, sizeof(record->dev));
	if (dev)
		bpf_probe_read_kernel_str(record->dev, sizeof(record->dev), &dev->name);
	record->probe = probe;
	record->code = code;
	record->captured = 0;
	record->protocol = skb ? bpf_ntohs(KERNEL_READ(skb, protocol)) : 0;
	if (skb && txp_trace_config.snap)
		record_data(record, skb);
	bpf_ringbuf_submit(record, 0);
}

#endif /* TXPATH_BPF_TRACE_RECORD_H */
