/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What became of a packet at egress, one line each. Every packet that an attached device
 * sends is counted under exactly one reason.
 *
 * TXP_REASON(ID, name, meaning)
 */
#ifndef TXPATH_REASONS_H
#define TXPATH_REASONS_H

#define TXP_REASONS(TXP_REASON)                                                                    \
	TXP_REASON(COMPARED, compared,                                                             \
		   "took the kernel's IPv4 transmit path: every field has a verdict")              \
	TXP_REASON(HEADER_ONLY, header_only,                                                       \
		   "the kernel's packet is not visible here: only header and look-up compared")    \
	TXP_REASON(NOT_IPV4, not_ipv4, "ARP, IPv6 and others")                                     \
	TXP_REASON(BAD_HEADER, bad_header, "too short, or not a version 4 header")                 \
	TXP_REASON(NO_DST, no_dst, "without a route: packet socket, bridge, redirect by others")   \
	TXP_REASON(REDIRECTED, redirected, "taken over at TC ingress: txpath redirected it here")  \
	TXP_REASON(OTHER_DEVICE, other_device, "routed to a device stacked on this one")           \
	TXP_REASON(NOT_UNICAST, not_unicast, "local, broadcast or multicast route")                \
	TXP_REASON(RELAYED, relayed,                                                               \
		   "came in, but was not forwarded by ip_forward: IPVS, redirect")                 \
	TXP_REASON(XFRM, xfrm, "an IPsec route")                                                   \
	TXP_REASON(LWTUNNEL, lwtunnel, "a light-weight tunnel route")                              \
	TXP_REASON(VRF, vrf, "the device is a VRF or in one")                                      \
	TXP_REASON(OVER_RATE, over_rate, "more than compare-rate: counted, not looked at")

enum txp_reason {
#define TXP_REASON_ENUM(id, name, meaning) TXP_REASON_##id,
	TXP_REASONS(TXP_REASON_ENUM)
#undef TXP_REASON_ENUM
		TXP_REASON_COUNT,
};

/*
 * What became of a packet that came in on a device with transit, one line each. Every such
 * packet is counted under exactly one.
 *
 * TXP_TRANSIT(ID, name, meaning)
 */
#define TXP_TRANSITS(TXP_TRANSIT)                                                                  \
	TXP_TRANSIT(TAKEN, taken, "taken over: sent by its lease")                                 \
	TXP_TRANSIT(WOULD_TAKE, would_take, "shadow: there was a lease")                           \
	TXP_TRANSIT(MISS, miss,                                                                    \
		    "no lease: nothing was learned of this flow, or it is not forwarded")          \
	TXP_TRANSIT(COLLISION, collision, "no lease: another flow has its place")                  \
	TXP_TRANSIT(EXPIRED, expired, "the lease is over: the kernel decides again")               \
	TXP_TRANSIT(ROUTES_CHANGED, routes_changed,                                                \
		    "rt_genid, fib_seq or nexthop.seq has changed since")                          \
	TXP_TRANSIT(NEIGHBOUR_CHANGED, neighbour_changed,                                          \
		    "the next hop's neighbour changed or died")                                    \
	TXP_TRANSIT(HASH_CHANGED, hash_changed,                                                    \
		    "the packet brought another hash: the path may differ")                        \
	TXP_TRANSIT(SETTINGS_CHANGED, settings_changed,                                            \
		    "a sysctl of forwarding has changed since")                                    \
	TXP_TRANSIT(NOT_IPV4, not_ipv4, "ARP, IPv6 and others")                                    \
	TXP_TRANSIT(VLAN_TAG, vlan_tag, "a VLAN tag is pending")                                   \
	TXP_TRANSIT(OTHER_HOST, other_host, "not for this host's link-layer address")              \
	TXP_TRANSIT(BAD_HEADER, bad_header, "short, not version 4, or a wrong checksum")           \
	TXP_TRANSIT(BAD_LENGTH, bad_length, "total length beyond the packet or below the header")  \
	TXP_TRANSIT(PADDED, padded, "bytes after the packet's end that cannot be trimmed")         \
	TXP_TRANSIT(IP_OPTIONS, ip_options, "IP options")                                          \
	TXP_TRANSIT(FRAGMENT, fragment, "a fragment")                                              \
	TXP_TRANSIT(TTL_OVER, ttl_over, "the time to live runs out here")                          \
	TXP_TRANSIT(MULTICAST, multicast, "multicast or broadcast destination")                    \
	TXP_TRANSIT(MARTIAN, martian, "a source or destination that no host may have")             \
	TXP_TRANSIT(OWN_SOURCE, own_source, "the source is an address of this host")               \
	TXP_TRANSIT(RP_FILTER, rp_filter,                                                          \
		    "the route back uses another device, and rp_filter forbids that")              \
	TXP_TRANSIT(NOT_UNICAST, not_unicast, "not forwarded: local, broadcast, unreachable")      \
	TXP_TRANSIT(LWTUNNEL, lwtunnel, "a light-weight tunnel route")                             \
	TXP_TRANSIT(NO_NEIGHBOUR, no_neighbour, "the next hop has no valid neighbour")             \
	TXP_TRANSIT(FORWARDING_OFF, forwarding_off, "the device does not forward")                 \
	TXP_TRANSIT(NETFILTER, netfilter, "netfilter at PREROUTING, FORWARD or POSTROUTING")       \
	TXP_TRANSIT(SELINUX, selinux, "SELinux's netfilter hook")                                  \
	TXP_TRANSIT(CONNTRACK, conntrack, "conntrack is strict: nf_conntrack_tcp_be_liberal is 0") \
	TXP_TRANSIT(TCP_STATE, tcp_state,                                                          \
		    "not in the middle of a TCP, UDP or ping flow: SYN, FIN, RST, bad header")     \
	TXP_TRANSIT(NETDEV_INGRESS, netdev_ingress, "a netfilter ingress hook of the device")      \
	TXP_TRANSIT(NETDEV_EGRESS, netdev_egress, "a netfilter egress hook of the output")         \
	TXP_TRANSIT(XFRM_POLICY, xfrm_policy, "IPsec policies, or a blocking default")             \
	TXP_TRANSIT(RX_HANDLER, rx_handler, "the device is a port: bridge, bond, macvlan")         \
	TXP_TRANSIT(OTHER_PROGRAMS, other_programs, "TC programs or filters after transit")        \
	TXP_TRANSIT(PREFETCHED, prefetched, "a socket was assigned to the packet")                 \
	TXP_TRANSIT(METADATA, metadata, "a tunnel's metadata is on the packet")                    \
	TXP_TRANSIT(SECPATH, secpath, "the packet came through IPsec")                             \
	TXP_TRANSIT(IN_VRF, in_vrf, "the device or the output is in a VRF")                        \
	TXP_TRANSIT(TOO_BIG, too_big, "above the MTU for forwarding")                              \
	TXP_TRANSIT(GSO_KIND, gso_kind, "a segmentation that is not checked here")                 \
	TXP_TRANSIT(TUNNEL_HASH, tunnel_hash, "the multipath hash looks into the tunnel")          \
	TXP_TRANSIT(ICMP_ERROR, icmp_error, "an ICMP error: the multipath hash looks into it")     \
	TXP_TRANSIT(UNSEEN, unseen, "before Linux 6.2: the kernel's packet was not seen")          \
	TXP_TRANSIT(SPLIT_HEADER, split_header, "the header is not in the packet's first part")    \
	TXP_TRANSIT(SAME_DEVICE, same_device,                                                      \
		    "leaves by the device where it came in: a redirect may be due")                \
	TXP_TRANSIT(NEEDS_DST, needs_dst, "the output device needs the route")                     \
	TXP_TRANSIT(                                                                               \
		SENDER_QUEUE, sender_queue,                                                        \
		"its socket would choose another queue of the output, or a priority, or is fq's")  \
	TXP_TRANSIT(OUTPUT_KIND, output_kind, "the output is not an Ethernet device")              \
	TXP_TRANSIT(OUTPUT_DOWN, output_down, "the output device is down")                         \
	TXP_TRANSIT(DISAGREES, disagrees, "prediction and kernel do not agree on this flow")

enum txp_transit {
#define TXP_TRANSIT_ENUM(id, name, meaning) TXP_TRANSIT_##id,
	TXP_TRANSITS(TXP_TRANSIT_ENUM)
#undef TXP_TRANSIT_ENUM
		TXP_TRANSIT_COUNT,
};

/*
 * On what a lease rests, one line each: what the kernel did, and that bpf_fib_lookup says the
 * same, or that it cannot know why the kernel did otherwise.
 *
 * TXP_BASIS(ID, name, meaning)
 */
#define TXP_BASES(TXP_BASIS)                                                                       \
	TXP_BASIS(AGREED, agreed, "the look-up says what the kernel did")                          \
	TXP_BASIS(ROUTE_MTU, route_mtu, "it does, but for the MTU of the route")                   \
	TXP_BASIS(REDIRECT, redirect, "the kernel follows an ICMP redirect: fnhe_gw")              \
	TXP_BASIS(MULTIPATH, multipath, "the kernel has chosen one of several paths")              \
	TXP_BASIS(DEFAULTS, defaults, "one of several default routes: fib_select_default")         \
	TXP_BASIS(RULES, rules, "there are policy rules, which the look-up is not asked alike")    \
	TXP_BASIS(DECLINING, declining, "nothing is taken over by it: why, for the flow's packets")

enum txp_basis {
#define TXP_BASIS_ENUM(id, name, meaning) TXP_BASIS_##id,
	TXP_BASES(TXP_BASIS_ENUM)
#undef TXP_BASIS_ENUM
		TXP_BASIS_COUNT,
};

#endif /* TXPATH_REASONS_H */
