/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stations of the transmit path that txpath watches, and for each the ladder of hooks
 * that it may be watched from, best first. The loader tries the rungs of a station in this
 * order by loading and attaching them; the first that the kernel takes is used.
 *
 * TXP_STAGE(ID, name, gives)
 *   name   as printed, JSON value of "hook", member name in map dumps
 *   gives  what cannot be seen when no rung of the station attaches
 *
 * TXP_RUNG(STAGE, KIND, target, program)
 *   KIND     FENTRY, TP_BTF, NETFILTER or TC
 *   target   kernel function, tracepoint, netfilter hook or TC hook, as printed
 *   program  name of the BPF program in bpf/
 */
#ifndef TXPATH_STAGES_H
#define TXPATH_STAGES_H

#define TXP_STAGES(TXP_STAGE)                                                                      \
	TXP_STAGE(IP_QUEUE_XMIT, ip_queue_xmit, "the id of TCP before it is sent")                 \
	TXP_STAGE(IP_BUILD_AND_SEND_PKT, ip_build_and_send_pkt, "the tos of a SYN-ACK")            \
	TXP_STAGE(IP_MAKE_SKB, ip_make_skb,                                                        \
		  "per-message ttl, tos, priority and mark of UDP, ICMP and raw datagrams")        \
	TXP_STAGE(IP_FORWARD, ip_forward, "the header that a forwarded packet arrived with")       \
	TXP_STAGE(IP_OUTPUT, ip_output, "packets at the IP layer's exit")                          \
	TXP_STAGE(DEV_QUEUE_XMIT, dev_queue_xmit, "packets at the device layer's entry")           \
	TXP_STAGE(EGRESS, egress, "every comparison")                                              \
	TXP_STAGE(NET_DEV_QUEUE, net_dev_queue, "the chosen transmit queue")                       \
	TXP_STAGE(NEIGH_UPDATE, neigh_update, "when a neighbour last changed")                     \
	TXP_STAGE(RECEIVE, receive, "before 6.2: the surroundings of arriving packets, so offload")

#define TXP_RUNGS(TXP_RUNG)                                                                        \
	TXP_RUNG(IP_QUEUE_XMIT, FENTRY, "__ip_queue_xmit", ip_queue_xmit_fentry)                   \
	TXP_RUNG(IP_BUILD_AND_SEND_PKT, FENTRY, "ip_build_and_send_pkt", ip_build_fentry)          \
	TXP_RUNG(IP_MAKE_SKB, FENTRY, "__ip_make_skb", ip_make_skb_fentry)                         \
	TXP_RUNG(IP_FORWARD, FENTRY, "ip_forward", ip_forward_fentry)                              \
	TXP_RUNG(IP_FORWARD, TP_BTF, "netif_receive_skb", ip_forward_receive)                      \
	TXP_RUNG(IP_OUTPUT, FENTRY, "ip_output", ip_output_fentry)                                 \
	TXP_RUNG(IP_OUTPUT, NETFILTER, "POST_ROUTING", ip_output_netfilter)                        \
	TXP_RUNG(DEV_QUEUE_XMIT, FENTRY, "__dev_queue_xmit", dev_queue_xmit_fentry)                \
	TXP_RUNG(DEV_QUEUE_XMIT, TP_BTF, "net_dev_queue", net_dev_queue_tp)                        \
	TXP_RUNG(NET_DEV_QUEUE, TP_BTF, "net_dev_queue", net_dev_queue_tp)                         \
	TXP_RUNG(NEIGH_UPDATE, TP_BTF, "neigh_update", neigh_update_tp)                            \
	TXP_RUNG(RECEIVE, TP_BTF, "netif_receive_skb", receive_tp)                                 \
	TXP_RUNG(EGRESS, TC, "egress", txpath_egress)

enum txp_stage {
#define TXP_STAGE_ENUM(id, name, gives) TXP_STAGE_##id,
	TXP_STAGES(TXP_STAGE_ENUM)
#undef TXP_STAGE_ENUM
		TXP_STAGE_COUNT,
};

enum txp_hook_kind {
	TXP_HOOK_NONE,
	TXP_HOOK_FENTRY,
	TXP_HOOK_TP_BTF,
	TXP_HOOK_NETFILTER,
	TXP_HOOK_TC,
};

#endif /* TXPATH_STAGES_H */
