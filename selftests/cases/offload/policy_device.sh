#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past a device that is stacked on the input: bridge, macvlan, bond, VRF.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

rx_packets()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/statistics/rx_packets"
}

# goes_to DEV: the packets come in there.
goes_to()
{
	local before

	ip -n "$(ns router)" link show "$1" >/dev/null 2>&1 || return 1
	before=$(rx_packets router "$1")
	probe
	[ $(($(rx_packets router "$1") - before)) -ge $PROBES ]
}

on_bridge()
{
	router_ip link add br0 type bridge
	router_ip link set br0 up
	router_ip link set r0 master br0
}
off_bridge() { router_ip link del br0; }
effect_bridge() { goes_to br0; }

on_macvlan()
{
	router_ip link add mv0 link r0 type macvlan mode passthru
	router_ip link set mv0 up
}
off_macvlan() { router_ip link del mv0; }
effect_macvlan() { goes_to mv0; }

test_policy_macvlan()
{
	obeys macvlan=rx_handler
}

remove_topology()
{
	local name

	for name in client router server; do
		run ip netns del "$(ns $name)"
	done
}

# Where there is br_netfilter, its hook stays with a namespace that has had a bridge.
test_policy_bridge()
{
	add_topology
	without bridge
	remove_topology
	add_topology
	offload_for_long
	with bridge =rx_handler+netfilter
}

# bridged_counts NAME: a flow that comes in through the bridge has packets counted so.
bridged_counts()
{
	local before

	before=$(transit br0 "verdicts.$1.packets")
	passes && [ "$(transit br0 "verdicts.$1.packets")" -gt "$before" ]
}

# br_netfilter has a hook in the way of every packet (ip_sabotage_in), which changes nothing. But it
# can have a bridge call netfilter's hooks, and says so on the packet.
test_policy_bridge_netfilter()
{
	[ -z "${TXPATH_GUEST:-}" ] || modprobe br_netfilter || skip "no br_netfilter here"
	add_topology
	router_ip link add br0 type bridge
	router_sysctl net.bridge.bridge-nf-call-iptables=0 || skip "no br_netfilter here"
	router_ip addr flush dev r0
	router_ip link set r0 master br0
	router_ip link set br0 up
	router_ip addr add 10.7.1.1/24 dev br0
	until_true passes || fail "the bridge carries nothing"
	stay_on_one_cpu
	offload br0 r2 lease-ms=60000
	until_true bridged_counts taken || fail "no packet was taken past a hook that is harmless"
	router_sysctl net.bridge.bridge-nf-call-iptables=1
	bridged_counts netfilter || fail "no packet was counted as netfilter"
	! bridged_counts taken || fail "not obeyed: packets were taken that a bridge's netfilter had"
}

# A device must be down to become a port. Its addresses stay, its routes come again.
on_bond()
{
	router_ip link add bond0 type bond
	router_ip link set bond0 up
	router_ip link set r0 down
	router_ip link set r0 master bond0
	until_true is_up router r0
}
off_bond()
{
	router_ip link del bond0
	router_ip link set r0 up
}
effect_bond() { goes_to bond0; }

test_policy_bond()
{
	add_topology
	router_ip link add bond1 type bond || skip "no bonding here"
	router_ip link del bond1
	obeys bond=rx_handler
}

on_vrf()
{
	router_ip link add vrf9 type vrf table 9
	router_ip link set vrf9 up
	router_ip route replace blackhole default table 9
	router_ip link set r0 master vrf9
}
off_vrf() { router_ip link del vrf9; }

# Only the input: its table does not know the server, and has the last word.
test_policy_vrf()
{
	add_topology
	router_ip link add vrf8 type vrf table 8 || skip "no VRF here"
	router_ip link del vrf8
	obeys vrf=in_vrf
}

run_test "$@"
