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
	TXP_REASON(COMPARED, compared, "on the kernel's IPv4 road: every field judged")            \
	TXP_REASON(HEADER_ONLY, header_only,                                                       \
		   "the packet's kernel object is not visible here: header and look-up judged")    \
	TXP_REASON(NOT_IPV4, not_ipv4, "ARP, IPv6 and others")                                     \
	TXP_REASON(BAD_HEADER, bad_header, "too short, or not a version 4 header")                 \
	TXP_REASON(NO_ROUTE, no_route, "sent past the IP layer: packet socket, bridge, redirect")  \
	TXP_REASON(OTHER_DEVICE, other_device, "routed to a device stacked on this one")           \
	TXP_REASON(NOT_UNICAST, not_unicast, "local, broadcast or multicast route")                \
	TXP_REASON(RELAYED, relayed,                                                               \
		   "came in, but was not forwarded by ip_forward: IPVS, redirect")                 \
	TXP_REASON(XFRM, xfrm, "an IPsec route")                                                   \
	TXP_REASON(LWTUNNEL, lwtunnel, "a light-weight tunnel route")                              \
	TXP_REASON(VRF, vrf, "the device is a VRF or in one")

enum txp_reason {
#define TXP_REASON_ENUM(id, name, meaning) TXP_REASON_##id,
	TXP_REASONS(TXP_REASON_ENUM)
#undef TXP_REASON_ENUM
		TXP_REASON_COUNT,
};

#endif /* TXPATH_REASONS_H */
