/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The road of a packet from the socket to the driver, station by station, as txpath stages, latency
 * and trace watch it while they run. (Those that attach keeps its own hooks at, because comparisons
 * need what is seen there, are in stages.h.)
 *
 * TXP_STATION(ID, name, traits, what)
 *   name    as printed and in JSON
 *   traits  enum txp_station_trait
 *   what    of the packet has just been decided, or is about to be
 *
 * TXP_WATCH(STATION, KIND, target, program, limit)
 *   Hooks of a station, the best kind first: those of the first kind of which one attaches are
 *   used, all of them.
 *   KIND     FENTRY, TP_BTF, NETFILTER or NETFILTER6 (with netns=), TC (with dev=)
 *   target   kernel function, tracepoint, netfilter hook or side of a device
 *   program  in bpf/watch.bpf.c
 *   limit    what passes the station unseen by this hook, "" if nothing does
 *
 * What a driver is given and what it answers is counted with the answer alone, if nothing of the
 * packet is asked but its place: xmit_one has a pair of tracepoints, and each call costs.
 *
 * There is no rung for raw_tp: it fires where tp_btf does and its packet has no type. What it could
 * spare us, BTF of the kernel, all programs here need, for the places of members.
 */
#ifndef TXPATH_STATIONS_H
#define TXPATH_STATIONS_H

#include <linux/types.h>

#define TXP_STATIONS(TXP_STATION)                                                                  \
	TXP_STATION(IP_QUEUE_XMIT, ip_queue_xmit, TXP_INET | TXP_ENTRY,                            \
		    "a segment of TCP, SCTP or L2TP has no header")                                \
	TXP_STATION(IP_BUILD_AND_SEND_PKT, ip_build_and_send_pkt, TXP_INET | TXP_ENTRY,            \
		    "a SYN-ACK has no header")                                                     \
	TXP_STATION(IP_MAKE_SKB, ip_make_skb, TXP_INET | TXP_ENTRY,                                \
		    "a datagram is complete but for its header")                                   \
	TXP_STATION(IP_LOCAL_OUT, ip_local_out, TXP_INET | TXP_BEFORE_NETFILTER,                   \
		    "it has a header; its length and checksum, OUTPUT")                            \
	TXP_STATION(IP_FORWARD, ip_forward, TXP_INET | TXP_ENTRY,                                  \
		    "another host's packet, before its TTL is less")                               \
	TXP_STATION(IP_OUTPUT, ip_output, TXP_INET | TXP_BEFORE_NETFILTER, "before POST_ROUTING")  \
	TXP_STATION(IP_MC_OUTPUT, ip_mc_output, TXP_INET | TXP_BEFORE_NETFILTER,                   \
		    "what this host is to have as well: broadcast, joined multicast")              \
	TXP_STATION(IP_FINISH_OUTPUT, ip_finish_output, TXP_INET,                                  \
		    "past netfilter; MTU and fragments")                                           \
	TXP_STATION(IP_DO_FRAGMENT, ip_do_fragment, TXP_INET,                                      \
		    "longer than the MTU, and may be cut")                                         \
	TXP_STATION(IP_FINISH_OUTPUT2, ip_finish_output2, TXP_INET, "next hop and neighbour")      \
	TXP_STATION(IP6_XMIT, ip6_xmit, TXP_INET6 | TXP_ENTRY, "IPv6: a segment has no header")    \
	TXP_STATION(IP6_MAKE_SKB, ip6_make_skb, TXP_INET6 | TXP_ENTRY,                             \
		    "IPv6: a datagram is complete but for its header")                             \
	TXP_STATION(IP6_LOCAL_OUT, ip6_local_out, TXP_INET6 | TXP_BEFORE_NETFILTER,                \
		    "IPv6: it has a header; its length, OUTPUT")                                   \
	TXP_STATION(IP6_FORWARD, ip6_forward, TXP_INET6 | TXP_ENTRY,                               \
		    "IPv6: another host's packet")                                                 \
	TXP_STATION(IP6_OUTPUT, ip6_output, TXP_INET6 | TXP_BEFORE_NETFILTER,                      \
		    "IPv6: before POST_ROUTING")                                                   \
	TXP_STATION(IP6_FINISH_OUTPUT, ip6_finish_output, TXP_INET6, "IPv6: past netfilter")       \
	TXP_STATION(IP6_FRAGMENT, ip6_fragment, TXP_INET6,                                         \
		    "IPv6: longer than the MTU, and may be cut")                                   \
	TXP_STATION(IP6_FINISH_OUTPUT2, ip6_finish_output2, TXP_INET6,                             \
		    "IPv6: next hop and neighbour")                                                \
	TXP_STATION(NEIGH_OUTPUT, neigh_output, TXP_ANY, "the neighbour has no cached header")     \
	TXP_STATION(DEV_QUEUE_XMIT, dev_queue_xmit, TXP_ANY,                                       \
		    "the device layer's entry, before TC egress")                                  \
	TXP_STATION(PICK_TX, pick_tx, TXP_ANY, "past TC egress; a transmit queue is chosen")       \
	TXP_STATION(NET_DEV_QUEUE, net_dev_queue, TXP_ANY,                                         \
		    "its queue is known, the qdisc is next")                                       \
	TXP_STATION(QDISC_ENQUEUE, qdisc_enqueue, TXP_ANY, "it has to wait in the qdisc")          \
	TXP_STATION(QDISC_DEQUEUE, qdisc_dequeue, TXP_ANY, "its turn has come")                    \
	TXP_STATION(NET_DEV_START_XMIT, net_dev_start_xmit, TXP_ANY,                               \
		    "segmented, handed to the driver")                                             \
	TXP_STATION(NET_DEV_XMIT, net_dev_xmit, TXP_ANY, "what the driver said")                   \
	TXP_STATION(DROP, drop, TXP_ANY, "freed, and not because it was done with")

#define TXP_WATCHES(TXP_WATCH)                                                                     \
	TXP_WATCH(IP_QUEUE_XMIT, FENTRY, "__ip_queue_xmit", watch_ip_queue_xmit, "")               \
	TXP_WATCH(IP_BUILD_AND_SEND_PKT, FENTRY, "ip_build_and_send_pkt", watch_ip_build, "")      \
	TXP_WATCH(IP_MAKE_SKB, FENTRY, "__ip_make_skb", watch_ip_make_skb, "")                     \
	TXP_WATCH(IP_LOCAL_OUT, FENTRY, "__ip_local_out", watch_ip_local_out, "")                  \
	TXP_WATCH(IP_LOCAL_OUT, NETFILTER, "OUTPUT", watch_nf_local_out, "")                       \
	TXP_WATCH(IP_FORWARD, FENTRY, "ip_forward", watch_ip_forward, "")                          \
	TXP_WATCH(IP_FORWARD, NETFILTER, "FORWARD", watch_nf_forward,                              \
		  "what ip_forward drops, as for its TTL")                                         \
	TXP_WATCH(IP_OUTPUT, FENTRY, "ip_output", watch_ip_output, "")                             \
	TXP_WATCH(IP_OUTPUT, NETFILTER, "POST_ROUTING", watch_nf_output, "")                       \
	TXP_WATCH(IP_MC_OUTPUT, FENTRY, "ip_mc_output", watch_ip_mc_output, "")                    \
	TXP_WATCH(IP_MC_OUTPUT, NETFILTER, "POST_ROUTING", watch_nf_output,                        \
		  "what is looped back to this host passes it once more")                          \
	TXP_WATCH(IP_FINISH_OUTPUT, FENTRY, "ip_finish_output", watch_ip_finish_output, "")        \
	TXP_WATCH(IP_DO_FRAGMENT, FENTRY, "ip_do_fragment", watch_ip_do_fragment, "")              \
	TXP_WATCH(IP_FINISH_OUTPUT2, FENTRY, "ip_finish_output2", watch_ip_finish_output2, "")     \
	TXP_WATCH(IP6_XMIT, FENTRY, "ip6_xmit", watch_ip6_xmit, "")                                \
	TXP_WATCH(IP6_MAKE_SKB, FENTRY, "__ip6_make_skb", watch_ip6_make_skb, "")                  \
	TXP_WATCH(IP6_LOCAL_OUT, FENTRY, "__ip6_local_out", watch_ip6_local_out,                   \
		  "segments: ip6_xmit calls netfilter and ip6_output itself")                      \
	TXP_WATCH(IP6_LOCAL_OUT, NETFILTER6, "OUTPUT", watch_nf6_local_out, "")                    \
	TXP_WATCH(IP6_FORWARD, FENTRY, "ip6_forward", watch_ip6_forward, "")                       \
	TXP_WATCH(IP6_FORWARD, NETFILTER6, "FORWARD", watch_nf6_forward,                           \
		  "what ip6_forward drops, as for its hop limit")                                  \
	TXP_WATCH(IP6_OUTPUT, FENTRY, "ip6_output", watch_ip6_output, "")                          \
	TXP_WATCH(IP6_OUTPUT, NETFILTER6, "POST_ROUTING", watch_nf6_output, "")                    \
	TXP_WATCH(IP6_FINISH_OUTPUT, FENTRY, "ip6_finish_output", watch_ip6_finish_output, "")     \
	TXP_WATCH(IP6_FRAGMENT, FENTRY, "ip6_fragment", watch_ip6_fragment, "")                    \
	TXP_WATCH(IP6_FINISH_OUTPUT2, FENTRY, "ip6_finish_output2", watch_ip6_finish_output2, "")  \
	TXP_WATCH(NEIGH_OUTPUT, FENTRY, "neigh_resolve_output", watch_neigh_resolve,               \
		  "packets for which the neighbour has a header ready: neigh_hh_output")           \
	TXP_WATCH(NEIGH_OUTPUT, FENTRY, "neigh_connected_output", watch_neigh_connected,           \
		  "packets for which the neighbour has a header ready: neigh_hh_output")           \
	TXP_WATCH(DEV_QUEUE_XMIT, FENTRY, "__dev_queue_xmit", watch_dev_queue_xmit, "")            \
	TXP_WATCH(DEV_QUEUE_XMIT, TC, "egress", watch_tc_egress,                                   \
		  "devices other than dev=; what a netdev egress chain of netfilter drops")        \
	TXP_WATCH(PICK_TX, FENTRY, "netdev_core_pick_tx", watch_pick_tx, "")                       \
	TXP_WATCH(NET_DEV_QUEUE, TP_BTF, "net_dev_queue", watch_net_dev_queue, "")                 \
	TXP_WATCH(QDISC_ENQUEUE, TP_BTF, "qdisc_enqueue", watch_qdisc_enqueue,                     \
		  "packets that find the qdisc empty and may pass it by (TCQ_F_CAN_BYPASS)")       \
	TXP_WATCH(QDISC_DEQUEUE, TP_BTF, "qdisc_dequeue", watch_qdisc_dequeue,                     \
		  "packets that find the qdisc empty and may pass it by (TCQ_F_CAN_BYPASS)")       \
	TXP_WATCH(NET_DEV_START_XMIT, TP_BTF, "net_dev_start_xmit", watch_start_xmit, "")          \
	TXP_WATCH(NET_DEV_START_XMIT, TP_BTF, "net_dev_xmit", watch_net_dev_xmit, "")              \
	TXP_WATCH(NET_DEV_XMIT, TP_BTF, "net_dev_xmit", watch_net_dev_xmit, "")                    \
	TXP_WATCH(DROP, TP_BTF, "kfree_skb", watch_drop, "")

enum txp_station_trait {
	TXP_ANY = 0,
	TXP_INET = 1 << 0,  /* only IPv4 passes it */
	TXP_INET6 = 1 << 1, /* only IPv6 passes it */
	TXP_ENTRY = 1 << 2, /* a packet's road begins there */
	TXP_BEFORE_NETFILTER =
		1 << 3, /* a hook of netfilter comes next: it may translate addresses */
};

enum txp_station {
#define TXP_STATION_ENUM(id, name, traits, what) TXP_STATION_##id,
	TXP_STATIONS(TXP_STATION_ENUM)
#undef TXP_STATION_ENUM
		TXP_STATION_COUNT,
};

/* A bit for each station that has the trait. */
#define TXP_STATION_BIT(station) (1U << (station))

static inline __u32 txp_stations_with(enum txp_station_trait trait)
{
#define TXP_STATION_WITH(id, name, traits, what)                                                   \
	| ((traits)&trait ? TXP_STATION_BIT(TXP_STATION_##id) : 0)
	return 0 TXP_STATIONS(TXP_STATION_WITH);
#undef TXP_STATION_WITH
}

_Static_assert(TXP_STATION_COUNT <= 32, "a bit for each station");

enum txp_watch_kind {
	TXP_WATCH_NONE,
	TXP_WATCH_FENTRY,
	TXP_WATCH_TP_BTF,
	TXP_WATCH_NETFILTER,
	TXP_WATCH_NETFILTER6,
	TXP_WATCH_TC,
};

#endif /* TXPATH_STATIONS_H */
