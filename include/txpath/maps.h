/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every map that txpath pins: one list, from which the loader takes what it shares and pins, and
 * scripts/check the rows that docs/ABI.md must have. The definitions are in bpf/lib/maps.bpf.h and
 * bpf/lib/flow_maps.bpf.h; the maps of program calls are beside the programs that make them.
 */
#ifndef TXPATH_MAPS_H
#define TXPATH_MAPS_H

/* TXP_MAP(name, key, value, written by): a row of docs/ABI.md each, in its order. */
#define TXP_SHARED_MAPS(TXP_MAP)                                                                   \
	TXP_MAP(devices, "txp_device_key", "txp_device", "loader, egress")                         \
	TXP_MAP(counters, "txp_device_key", "txp_counters", "all programs")                        \
	TXP_MAP(dev_cache, "ifindex modulo 4096", "txp_dev_cache", "transit, egress, probes")      \
	TXP_MAP(examples, "txp_example_key", "txp_example", "egress")                              \
	TXP_MAP(instance, "0", "txp_instance", "loader")                                           \
	TXP_MAP(leases, "page", "txp_lease_page", "egress, transit")                               \
	TXP_MAP(events, "", "txp_event", "all programs")                                           \
	TXP_MAP(tracing, "0", "txp_tracing", "loader")                                             \
	TXP_MAP(event_ratelimit, "0", "txp_event_ratelimit", "all programs")                       \
	TXP_MAP(moments, "0", "txp_moments", "neigh_update, egress")                               \
	TXP_MAP(mode_epoch, "0", "a number", "loader, egress")                                     \
	TXP_MAP(skb_meta, "by the packet's address", "txp_skb_meta", "probes, transit")            \
	TXP_MAP(ratelimits, "0", "txp_ratelimit", "egress, transit")                               \
	TXP_MAP(skb_slot, "0", "txp_skb_slot", "probes")                                           \
	TXP_MAP(receive_slot, "0", "txp_receive_slot", "probes")                                   \
	TXP_MAP(egress_calls, "call", "a program", "loader")

/* Pinned beside them. Each load of the programs at TC ingress brings its own. */
#define TXP_LOAD_MAPS(TXP_MAP) TXP_MAP(transit_calls, "call", "a program", "loader")

#endif /* TXPATH_MAPS_H */
