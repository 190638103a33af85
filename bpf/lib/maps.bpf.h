/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps that every program of a namespace shares through their pins, and how a row is found.
 * include/txpath/maps.h lists all pinned maps: who writes each and what it is for. The maps of the
 * packet's path are in flow_maps.bpf.h, so that an object that does not need them has none.
 */
#ifndef TXPATH_BPF_LIB_MAPS_H
#define TXPATH_BPF_LIB_MAPS_H

#include <txpath/abi.h>
#include "kernel/kernel.bpf.h"

#define TXP_EXAMPLES_MAX 1024

/* Only the loader adds and removes rows: no allocation on the packet's path. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TXP_MAX_DEVICES);
	__type(key, struct txp_device_key);
	__type(value, struct txp_device);
} devices SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, TXP_MAX_DEVICES);
	__type(key, struct txp_device_key);
	__type(value, struct txp_counters);
} counters SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TXP_EXAMPLES_MAX);
	__type(key, struct txp_example_key);
	__type(value, struct txp_example);
} examples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_instance);
} instance SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_moments);
} moments SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} mode_epoch SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TXP_DEV_CACHE_SLOTS);
	__type(key, __u32);
	__type(value, struct txp_dev_cache);
} dev_cache SEC(".maps");

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

/* Before 6.2: the packet that is about to come to TC egress. */
struct txp_skb_slot {
	__u64 skb;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_skb_slot);
} skb_slot SEC(".maps");

static __always_inline const struct txp_instance *instance_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&instance, &zero);
}

static __always_inline struct txp_device *device_of(__u64 netns, __u32 ifindex)
{
	struct txp_device_key key = { .netns = netns, .ifindex = ifindex };

	return bpf_map_lookup_elem(&devices, &key);
}

static __always_inline struct txp_moments *moments_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&moments, &zero);
}

static __always_inline __u64 *mode_epoch_get(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&mode_epoch, &zero);
}

static __always_inline struct txp_dev_cache *dev_cache_place(__u32 ifindex)
{
	__u32 place = ifindex % TXP_DEV_CACHE_SLOTS;

	return bpf_map_lookup_elem(&dev_cache, &place);
}

/* The device's row on this CPU; NULL: another device has it, or none. */
static __always_inline struct txp_dev_cache *dev_cache_get(__u32 ifindex)
{
	struct txp_dev_cache *cache = dev_cache_place(ifindex);

	return cache && cache->ifindex == ifindex ? cache : NULL;
}

/* The same, but a free row becomes the device's. Softirqs are off: no other program interferes. */
static __always_inline struct txp_dev_cache *dev_cache_claim(__u32 ifindex)
{
	struct txp_dev_cache *cache = dev_cache_place(ifindex);

	if (!cache || (cache->ifindex && cache->ifindex != ifindex))
		return NULL;
	cache->ifindex = ifindex;
	return cache;
}

static __always_inline bool instance_has_probe(enum txp_probe probe)
{
	const struct txp_instance *inst = instance_get();

	return inst && inst->probes & (1U << probe);
}

/* BPF_FIB_LOOKUP_MARK where the kernel knows it. */
static __always_inline __u32 instance_fib_flags(void)
{
	const struct txp_instance *inst = instance_get();

	return inst ? inst->fib_mark : 0;
}

#endif /* TXPATH_BPF_LIB_MAPS_H */
