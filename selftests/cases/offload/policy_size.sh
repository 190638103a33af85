#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past the size that a route or the output allows: what is too big is refused, or cut as the kernel
# cuts it. How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

# Nothing arrives, and the client is told each time. It sends as if it were not (PMTUDISC_PROBE).
effect_too_big()
{
	local arrived told

	told=$(snmp client Icmp.InDestUnreachs)
	arrived=$(snmp server Udp.NoPorts)
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=$PROBES size=1200 pmtudisc=3 >&2
	all_is_done client 10.7.2.1
	ARRIVED=$(($(snmp server Udp.NoPorts) - arrived))
	SAID="$(($(snmp client Icmp.InDestUnreachs) - told)) errors"
	[ "$ARRIVED, $SAID" = "0, $PROBES errors" ]
}

# small_route ARGUMENTS...: packets of 1,000 bytes at most; what is short is taken over still.
small_route()
{
	router_ip route replace "${ADDRESS[server]}" dev r2 "$@"
	settle
}

on_route_mtu() { small_route mtu 1000; }
off_route_mtu() { router_ip route del "${ADDRESS[server]}"; }
effect_route_mtu() { effect_too_big; }
on_locked_mtu() { small_route mtu lock 1000; }
off_locked_mtu() { router_ip route del "${ADDRESS[server]}"; }
effect_locked_mtu() { effect_too_big; }

on_device_mtu()
{
	router_ip link set r2 mtu 1000
	small_route
}
off_device_mtu()
{
	router_ip link set r2 mtu 1500
	router_ip route del "${ADDRESS[server]}"
}
effect_device_mtu() { effect_too_big; }

test_policy_too_big()
{
	add_topology
	all_errors_are_sent
	obeys route_mtu=too_big locked_mtu=too_big device_mtu=too_big
}

# What may be cut is cut.
effect_cut()
{
	local before

	before=$(snmp router Ip.FragCreates)
	probe -M dont -s 1200
	[ $(($(snmp router Ip.FragCreates) - before)) = $((PROBES * 2)) ] && [ "$ARRIVED" = $PROBES ]
}
on_cut_route_mtu() { on_route_mtu; }
off_cut_route_mtu() { off_route_mtu; }
effect_cut_route_mtu() { effect_cut; }
on_cut_device_mtu() { on_device_mtu; }
off_cut_device_mtu() { off_device_mtu; }
effect_cut_device_mtu() { effect_cut; }

test_policy_cut()
{
	obeys cut_route_mtu=too_big cut_device_mtu=too_big
}

# Datagrams in one packet of segments, cut for the client's MTU.
effect_segments()
{
	local before

	# a small one first, of which a lease is learned: nothing is of what is cut
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=2 size=64 >&2
	before=$(snmp router Ip.FragCreates)
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=$PROBES size=4800 gso=1200 \
		pmtudisc=0 >&2
	all_is_done client 10.7.2.1
	[ $(($(snmp router Ip.FragCreates) - before)) -gt 0 ]
}
on_segments() { on_route_mtu; }
off_segments() { off_route_mtu; }

test_policy_too_big_segments()
{
	obeys segments=too_big
}

# Segments inside a tunnel: each has the inner headers too, and is above the route's MTU with them.

# tunnel_end NS NS ADDRESS: the first one's.
tunnel_end()
{
	run ip -n "$(ns "$1")" link add vx0 type vxlan id 7 dstport 4789 \
		local "${ADDRESS[$1]}" remote "${ADDRESS[$2]}" || return 1
	run ip -n "$(ns "$1")" addr add "$3/24" dev vx0
	run ip -n "$(ns "$1")" link set vx0 up
}

effect_tunnel_segments()
{
	local before

	before=$(snmp router Ip.FragCreates)
	in_ns client "$TOOLS/tcpflow" 10.7.6.2 "$PORT" count=$PROBES size=5000 >&2
	SAID="$(($(snmp router Ip.FragCreates) - before)) fragments"
	[ "$SAID" != "0 fragments" ]
}
on_tunnel_segments() { small_route mtu 1450; }
off_tunnel_segments() { router_ip route del "${ADDRESS[server]}"; }

test_policy_tunnel_segments()
{
	add_topology
	tunnel_end client server 10.7.6.1 || skip "no VXLAN here"
	tunnel_end server client 10.7.6.2
	tcp_server server
	obeys tunnel_segments=gso_kind
}

run_test "$@"
