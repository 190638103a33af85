/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The probes: points of the transmit path at which txpath can see a packet, in the order in which a
 * packet passes them. Attached devices use some of them for good (TXP_VERIFY_PROBES), because
 * comparisons need what is seen there. The commands probes, latency and trace use those without
 * TXP_VERIFY_ONLY, for as long as they run.
 *
 * TXP_PROBE(ID, name, traits, what)
 *   name    as printed, in JSON, as a pin and as a member in map dumps
 *   traits  enum txp_probe_trait
 *   what    of the packet has just been decided, or is about to be
 *
 * TXP_VERIFY_PROBE(ID, name, without)
 *   without  what comparisons cannot see when no hook of the probe attaches
 *
 * TXP_PROBE_HOOK(USER, PROBE, KIND, target, program, limit)
 *   The hooks of a probe, the best kind first. The loader tries them in this order by loading and
 *   attaching them, and uses the first kind that the kernel takes: the others are its fallbacks. A
 *   VERIFY probe has one hook; a TRACE probe has all hooks of the kind that is used.
 *   USER     VERIFY or TRACE
 *   KIND     FENTRY, TP_BTF, NETFILTER, NETFILTER6 or TC. TRACE uses netfilter with netns=, and TC
 *            with dev=
 *   target   kernel function, tracepoint, netfilter hook or side of a device, as printed
 *   program  VERIFY: in bpf/verify/, TRACE: in bpf/trace/trace.bpf.c
 *   limit    what passes the probe unseen by this hook, "" if nothing does
 *
 * TRACE counts what a driver is given together with its answer if a filter asks only where the
 * packet is: xmit_one has a pair of tracepoints, and each call costs.
 *
 * raw_tp is no fallback for tp_btf: it fires at the same place, but its packet has no type. It
 * would work without the kernel's BTF, which all programs here need for the places of members.
 */
#ifndef TXPATH_PROBES_H
#define TXPATH_PROBES_H

#include <linux/types.h>

#define TXP_PROBES(TXP_PROBE)                                                                      \
	TXP_PROBE(RECEIVE, receive, TXP_VERIFY_ONLY, "a packet has come in, before TC ingress")    \
	TXP_PROBE(IP_QUEUE_XMIT, ip_queue_xmit, TXP_INET | TXP_ENTRY,                              \
		  "a segment of TCP, SCTP or L2TP has no header")                                  \
	TXP_PROBE(IP_BUILD_AND_SEND_PKT, ip_build_and_send_pkt, TXP_INET | TXP_ENTRY,              \
		  "a SYN-ACK has no header")                                                       \
	TXP_PROBE(IP_MAKE_SKB, ip_make_skb, TXP_INET | TXP_ENTRY,                                  \
		  "a datagram is complete but for its header")                                     \
	TXP_PROBE(IP_LOCAL_OUT, ip_local_out, TXP_INET | TXP_BEFORE_NETFILTER,                     \
		  "it has a header; its length and checksum, OUTPUT")                              \
	TXP_PROBE(IP_FORWARD, ip_forward, TXP_INET | TXP_ENTRY,                                    \
		  "another host's packet, before its TTL is less")                                 \
	TXP_PROBE(IP_OUTPUT, ip_output, TXP_INET | TXP_BEFORE_NETFILTER, "before POST_ROUTING")    \
	TXP_PROBE(IP_MC_OUTPUT, ip_mc_output, TXP_INET | TXP_BEFORE_NETFILTER,                     \
		  "what this host is to have as well: broadcast, joined multicast")                \
	TXP_PROBE(IP_FINISH_OUTPUT, ip_finish_output, TXP_INET,                                    \
		  "past netfilter; MTU and fragments")                                             \
	TXP_PROBE(IP_DO_FRAGMENT, ip_do_fragment, TXP_INET, "longer than the MTU, and may be cut") \
	TXP_PROBE(IP_FINISH_OUTPUT2, ip_finish_output2, TXP_INET, "next hop and neighbour")        \
	TXP_PROBE(IP6_XMIT, ip6_xmit, TXP_INET6 | TXP_ENTRY, "IPv6: a segment has no header")      \
	TXP_PROBE(IP6_MAKE_SKB, ip6_make_skb, TXP_INET6 | TXP_ENTRY,                               \
		  "IPv6: a datagram is complete but for its header")                               \
	TXP_PROBE(IP6_LOCAL_OUT, ip6_local_out, TXP_INET6 | TXP_BEFORE_NETFILTER,                  \
		  "IPv6: it has a header; its length, OUTPUT")                                     \
	TXP_PROBE(IP6_FORWARD, ip6_forward, TXP_INET6 | TXP_ENTRY, "IPv6: another host's packet")  \
	TXP_PROBE(IP6_OUTPUT, ip6_output, TXP_INET6 | TXP_BEFORE_NETFILTER,                        \
		  "IPv6: before POST_ROUTING")                                                     \
	TXP_PROBE(IP6_FINISH_OUTPUT, ip6_finish_output, TXP_INET6, "IPv6: past netfilter")         \
	TXP_PROBE(IP6_FRAGMENT, ip6_fragment, TXP_INET6,                                           \
		  "IPv6: longer than the MTU, and may be cut")                                     \
	TXP_PROBE(IP6_FINISH_OUTPUT2, ip6_finish_output2, TXP_INET6,                               \
		  "IPv6: next hop and neighbour")                                                  \
	TXP_PROBE(NEIGH_OUTPUT, neigh_output, TXP_ANY, "the neighbour has no cached header")       \
	TXP_PROBE(DEV_QUEUE_XMIT, dev_queue_xmit, TXP_ANY,                                         \
		  "the device layer's entry, before TC egress")                                    \
	TXP_PROBE(EGRESS, egress, TXP_VERIFY_ONLY, "TC egress of an attached device")              \
	TXP_PROBE(PICK_TX, pick_tx, TXP_ANY, "past TC egress; a transmit queue is chosen")         \
	TXP_PROBE(NET_DEV_QUEUE, net_dev_queue, TXP_ANY, "its queue is known, the qdisc is next")  \
	TXP_PROBE(QDISC_ENQUEUE, qdisc_enqueue, TXP_ANY, "it has to wait in the qdisc")            \
	TXP_PROBE(QDISC_DEQUEUE, qdisc_dequeue, TXP_ANY, "its turn has come")                      \
	TXP_PROBE(NET_DEV_START_XMIT, net_dev_start_xmit, TXP_ANY,                                 \
		  "segmented, handed to the driver")                                               \
	TXP_PROBE(NET_DEV_XMIT, net_dev_xmit, TXP_ANY, "what the driver said")                     \
	TXP_PROBE(DROP, drop, TXP_ANY, "freed, and not because it was done with")                  \
	TXP_PROBE(NEIGH_UPDATE, neigh_update, TXP_VERIFY_ONLY, "a neighbour entry has changed")

#define TXP_VERIFY_PROBES(TXP_VERIFY_PROBE)                                                        \
	TXP_VERIFY_PROBE(IP_QUEUE_XMIT, ip_queue_xmit, "the id of TCP before it is sent")          \
	TXP_VERIFY_PROBE(IP_BUILD_AND_SEND_PKT, ip_build_and_send_pkt, "the tos of a SYN-ACK")     \
	TXP_VERIFY_PROBE(IP_MAKE_SKB, ip_make_skb,                                                 \
			 "per-message ttl, tos, priority and mark of UDP, ICMP and raw datagrams") \
	TXP_VERIFY_PROBE(IP_FORWARD, ip_forward,                                                   \
			 "the header that a forwarded packet arrived with")                        \
	TXP_VERIFY_PROBE(IP_OUTPUT, ip_output, "packets at the IP layer's exit")                   \
	TXP_VERIFY_PROBE(DEV_QUEUE_XMIT, dev_queue_xmit, "packets at the device layer's entry")    \
	TXP_VERIFY_PROBE(EGRESS, egress, "every comparison")                                       \
	TXP_VERIFY_PROBE(NET_DEV_QUEUE, net_dev_queue, "the chosen transmit queue")                \
	TXP_VERIFY_PROBE(NEIGH_UPDATE, neigh_update, "when a neighbour last changed")              \
	TXP_VERIFY_PROBE(RECEIVE, receive,                                                         \
			 "before 6.2: the surroundings of arriving packets, so offload")

#define TXP_PROBE_HOOKS(TXP_PROBE_HOOK)                                                            \
	TXP_PROBE_HOOK(VERIFY, IP_QUEUE_XMIT, FENTRY, "__ip_queue_xmit", ip_queue_xmit_fentry, "") \
	TXP_PROBE_HOOK(VERIFY, IP_BUILD_AND_SEND_PKT, FENTRY, "ip_build_and_send_pkt",             \
		       ip_build_fentry, "")                                                        \
	TXP_PROBE_HOOK(VERIFY, IP_MAKE_SKB, FENTRY, "__ip_make_skb", ip_make_skb_fentry, "")       \
	TXP_PROBE_HOOK(VERIFY, IP_FORWARD, FENTRY, "ip_forward", ip_forward_fentry, "")            \
	TXP_PROBE_HOOK(VERIFY, IP_FORWARD, TP_BTF, "netif_receive_skb", ip_forward_receive, "")    \
	TXP_PROBE_HOOK(VERIFY, IP_OUTPUT, FENTRY, "ip_output", ip_output_fentry, "")               \
	TXP_PROBE_HOOK(VERIFY, IP_OUTPUT, NETFILTER, "POST_ROUTING", ip_output_netfilter, "")      \
	TXP_PROBE_HOOK(VERIFY, DEV_QUEUE_XMIT, FENTRY, "__dev_queue_xmit", dev_queue_xmit_fentry,  \
		       "")                                                                         \
	TXP_PROBE_HOOK(VERIFY, DEV_QUEUE_XMIT, TP_BTF, "net_dev_queue", net_dev_queue_tp, "")      \
	TXP_PROBE_HOOK(VERIFY, NET_DEV_QUEUE, TP_BTF, "net_dev_queue", net_dev_queue_tp, "")       \
	TXP_PROBE_HOOK(VERIFY, NEIGH_UPDATE, TP_BTF, "neigh_update", neigh_update_tp, "")          \
	TXP_PROBE_HOOK(VERIFY, RECEIVE, TP_BTF, "netif_receive_skb", receive_tp, "")               \
	TXP_PROBE_HOOK(VERIFY, EGRESS, TC, "egress", txpath_egress, "")                            \
	TXP_PROBE_HOOK(TRACE, IP_QUEUE_XMIT, FENTRY, "__ip_queue_xmit", trace_ip_queue_xmit, "")   \
	TXP_PROBE_HOOK(TRACE, IP_BUILD_AND_SEND_PKT, FENTRY, "ip_build_and_send_pkt",              \
		       trace_ip_build, "")                                                         \
	TXP_PROBE_HOOK(TRACE, IP_MAKE_SKB, FENTRY, "__ip_make_skb", trace_ip_make_skb, "")         \
	TXP_PROBE_HOOK(TRACE, IP_LOCAL_OUT, FENTRY, "__ip_local_out", trace_ip_local_out, "")      \
	TXP_PROBE_HOOK(TRACE, IP_LOCAL_OUT, NETFILTER, "OUTPUT", trace_nf_local_out, "")           \
	TXP_PROBE_HOOK(TRACE, IP_FORWARD, FENTRY, "ip_forward", trace_ip_forward, "")              \
	TXP_PROBE_HOOK(TRACE, IP_FORWARD, NETFILTER, "FORWARD", trace_nf_forward,                  \
		       "what ip_forward drops, as for its TTL")                                    \
	TXP_PROBE_HOOK(TRACE, IP_OUTPUT, FENTRY, "ip_output", trace_ip_output, "")                 \
	TXP_PROBE_HOOK(TRACE, IP_OUTPUT, NETFILTER, "POST_ROUTING", trace_nf_output, "")           \
	TXP_PROBE_HOOK(TRACE, IP_MC_OUTPUT, FENTRY, "ip_mc_output", trace_ip_mc_output, "")        \
	TXP_PROBE_HOOK(TRACE, IP_MC_OUTPUT, NETFILTER, "POST_ROUTING", trace_nf_output,            \
		       "what is looped back to this host passes it once more")                     \
	TXP_PROBE_HOOK(TRACE, IP_FINISH_OUTPUT, FENTRY, "ip_finish_output",                        \
		       trace_ip_finish_output, "")                                                 \
	TXP_PROBE_HOOK(TRACE, IP_DO_FRAGMENT, FENTRY, "ip_do_fragment", trace_ip_do_fragment, "")  \
	TXP_PROBE_HOOK(TRACE, IP_FINISH_OUTPUT2, FENTRY, "ip_finish_output2",                      \
		       trace_ip_finish_output2, "")                                                \
	TXP_PROBE_HOOK(TRACE, IP6_XMIT, FENTRY, "ip6_xmit", trace_ip6_xmit, "")                    \
	TXP_PROBE_HOOK(TRACE, IP6_MAKE_SKB, FENTRY, "__ip6_make_skb", trace_ip6_make_skb, "")      \
	TXP_PROBE_HOOK(TRACE, IP6_LOCAL_OUT, FENTRY, "__ip6_local_out", trace_ip6_local_out,       \
		       "segments: ip6_xmit calls netfilter and ip6_output itself")                 \
	TXP_PROBE_HOOK(TRACE, IP6_LOCAL_OUT, NETFILTER6, "OUTPUT", trace_nf6_local_out, "")        \
	TXP_PROBE_HOOK(TRACE, IP6_FORWARD, FENTRY, "ip6_forward", trace_ip6_forward, "")           \
	TXP_PROBE_HOOK(TRACE, IP6_FORWARD, NETFILTER6, "FORWARD", trace_nf6_forward,               \
		       "what ip6_forward drops, as for its hop limit")                             \
	TXP_PROBE_HOOK(TRACE, IP6_OUTPUT, FENTRY, "ip6_output", trace_ip6_output, "")              \
	TXP_PROBE_HOOK(TRACE, IP6_OUTPUT, NETFILTER6, "POST_ROUTING", trace_nf6_output, "")        \
	TXP_PROBE_HOOK(TRACE, IP6_FINISH_OUTPUT, FENTRY, "ip6_finish_output",                      \
		       trace_ip6_finish_output, "")                                                \
	TXP_PROBE_HOOK(TRACE, IP6_FRAGMENT, FENTRY, "ip6_fragment", trace_ip6_fragment, "")        \
	TXP_PROBE_HOOK(TRACE, IP6_FINISH_OUTPUT2, FENTRY, "ip6_finish_output2",                    \
		       trace_ip6_finish_output2, "")                                               \
	TXP_PROBE_HOOK(TRACE, NEIGH_OUTPUT, FENTRY, "neigh_resolve_output", trace_neigh_resolve,   \
		       "packets for which the neighbour has a header ready: neigh_hh_output")      \
	TXP_PROBE_HOOK(TRACE, NEIGH_OUTPUT, FENTRY, "neigh_connected_output",                      \
		       trace_neigh_connected,                                                      \
		       "packets for which the neighbour has a header ready: neigh_hh_output")      \
	TXP_PROBE_HOOK(TRACE, DEV_QUEUE_XMIT, FENTRY, "__dev_queue_xmit", trace_dev_queue_xmit,    \
		       "")                                                                         \
	TXP_PROBE_HOOK(TRACE, DEV_QUEUE_XMIT, TC, "egress", trace_tc_egress,                       \
		       "devices other than dev=; what a netdev egress chain of netfilter drops")   \
	TXP_PROBE_HOOK(TRACE, PICK_TX, FENTRY, "netdev_core_pick_tx", trace_pick_tx, "")           \
	TXP_PROBE_HOOK(TRACE, NET_DEV_QUEUE, TP_BTF, "net_dev_queue", trace_net_dev_queue, "")     \
	TXP_PROBE_HOOK(TRACE, QDISC_ENQUEUE, TP_BTF, "qdisc_enqueue", trace_qdisc_enqueue,         \
		       "packets that find the qdisc empty and may pass it by (TCQ_F_CAN_BYPASS)")  \
	TXP_PROBE_HOOK(TRACE, QDISC_DEQUEUE, TP_BTF, "qdisc_dequeue", trace_qdisc_dequeue,         \
		       "packets that find the qdisc empty and may pass it by (TCQ_F_CAN_BYPASS)")  \
	TXP_PROBE_HOOK(TRACE, NET_DEV_START_XMIT, TP_BTF, "net_dev_start_xmit", trace_start_xmit,  \
		       "")                                                                         \
	TXP_PROBE_HOOK(TRACE, NET_DEV_START_XMIT, TP_BTF, "net_dev_xmit", trace_net_dev_xmit, "")  \
	TXP_PROBE_HOOK(TRACE, NET_DEV_XMIT, TP_BTF, "net_dev_xmit", trace_net_dev_xmit, "")        \
	TXP_PROBE_HOOK(TRACE, DROP, TP_BTF, "kfree_skb", trace_drop, "")

enum txp_probe_trait {
	TXP_ANY = 0,
	TXP_INET = 1 << 0,	       /* only IPv4 passes it */
	TXP_INET6 = 1 << 1,	       /* only IPv6 passes it */
	TXP_ENTRY = 1 << 2,	       /* a packet enters the transmit path there */
	TXP_BEFORE_NETFILTER = 1 << 3, /* a netfilter hook comes next: it may translate addresses */
	TXP_VERIFY_ONLY = 1 << 4,      /* the commands probes, latency and trace do not use it */
};

enum txp_probe {
#define TXP_PROBE_ENUM(id, name, traits, what) TXP_PROBE_##id,
	TXP_PROBES(TXP_PROBE_ENUM)
#undef TXP_PROBE_ENUM
		TXP_PROBE_COUNT,
};

/* A bit for each probe that has the trait. */
#define TXP_PROBE_BIT(probe) (1U << (probe))

static inline __u32 txp_probes_with(enum txp_probe_trait trait)
{
#define TXP_PROBE_WITH(id, name, traits, what)                                                     \
	| ((traits)&trait ? TXP_PROBE_BIT(TXP_PROBE_##id) : 0)
	return 0 TXP_PROBES(TXP_PROBE_WITH);
#undef TXP_PROBE_WITH
}

/* A bit for each probe that attached devices use. */
enum {
	TXP_VERIFY_PROBE_BITS = 0
#define TXP_VERIFY_PROBE_BIT(id, name, without) | TXP_PROBE_BIT(TXP_PROBE_##id)
	TXP_VERIFY_PROBES(TXP_VERIFY_PROBE_BIT)
#undef TXP_VERIFY_PROBE_BIT
};

_Static_assert(TXP_PROBE_COUNT <= 32, "a bit for each probe");

enum txp_hook_kind {
	TXP_HOOK_NONE,
	TXP_HOOK_FENTRY,
	TXP_HOOK_TP_BTF,
	TXP_HOOK_NETFILTER,
	TXP_HOOK_NETFILTER6,
	TXP_HOOK_TC,
};

enum txp_probe_user {
	TXP_VERIFY,
	TXP_TRACE,
};

#endif /* TXPATH_PROBES_H */
