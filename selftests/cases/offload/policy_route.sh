#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past a route: to nowhere, to ourselves, through a tunnel, back out, or one of several.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

# route_to_server ARGUMENTS...: one of its own, in front of the connected one.
route_to_server()
{
	router_ip route replace "$@" "${ADDRESS[server]}"
}

no_route_to_server()
{
	router_ip route del "$@" "${ADDRESS[server]}"
}

on_blackhole() { route_to_server blackhole; }
off_blackhole() { no_route_to_server blackhole; }
on_unreachable() { route_to_server unreachable; }
off_unreachable() { no_route_to_server unreachable; }
effect_unreachable() { refused_with 'Destination Host Unreachable'; }
on_prohibit() { route_to_server prohibit; }
off_prohibit() { no_route_to_server prohibit; }
effect_prohibit() { refused_with 'Packet filtered'; }
on_rule() { router_ip rule add to "${ADDRESS[server]}" blackhole; }
off_rule() { router_ip rule del to "${ADDRESS[server]}" blackhole; }
on_local() { router_ip addr add "${ADDRESS[server]}/32" dev r1; }
off_local() { router_ip addr del "${ADDRESS[server]}/32" dev r1; }
effect_local() { answered_by_router; }

test_policy_not_unicast()
{
	add_topology
	all_errors_are_sent
	obeys blackhole~not_unicast unreachable~not_unicast prohibit~not_unicast \
		rule~not_unicast local~not_unicast
}

SOCKETS=16

# both_paths_used: by datagrams of sockets that differ in nothing but the hash that each gives to
# its packets (sk_txhash), which policy 1 takes the path from.
both_paths_used()
{
	local after before dev

	before=$(sent_on_paths)
	in_ns server "$TOOLS/udpgen" 10.7.9.2 9 sockets=$SOCKETS count=$PROBES connected=1 \
		sport=7000 loose=1 >&2
	all_is_done server 10.7.3.1
	after=$(sent_on_paths)
	say "r0 and r1: $before before, $after after"
	for dev in 1 2; do
		[ "$(cut -d ' ' -f $dev <<<"$before")" != "$(cut -d ' ' -f $dev <<<"$after")" ] || return 1
	done
}

sent_on_paths()
{
	echo "$(device_packets router r0) $(device_packets router r1)"
}

test_policy_hash_of_socket()
{
	add_topology
	no_rp_filter
	router_sysctl net.ipv4.fib_multipath_hash_policy=1 ||
		skip "no routes of several paths here"
	run ip -n "$(ns client)" addr add 10.7.9.2/32 dev lo
	router_ip route add 10.7.9.2/32 nexthop via 10.7.1.2 dev r0 nexthop via 10.7.2.2 dev r1
	stay_on_one_cpu
	until_true both_paths_used || fail "the kernel does not choose by the socket's hash"
	offload r0 r1 r2 lease-ms=60000
	both_paths_used || fail "not obeyed: all sockets take the path of the first"
	[ "$(verdict r2 taken)" -gt 0 ] || fail "nothing was taken over"
	[ "$(verdict r2 hash_changed)" -gt 0 ] || fail "no packet was counted as hash_changed"
}

# Only what is long is dropped, so the route goes on being used, and nothing may be learned of it.
on_tunnel()
{
	router_ip route replace "${ADDRESS[server]}" via "${ADDRESS[server]}" dev r2 onlink \
		encap bpf xmit obj "$TOOLS/tunnel.bpf.o" section lwt_xmit || skip "no BPF tunnels here"
	until_true passes || fail "the tunnel does not carry what is short"
}
off_tunnel() { router_ip route del "${ADDRESS[server]}"; }
effect_tunnel() { dropped -s 1000; }

test_policy_lwtunnel()
{
	obeys tunnel=lwtunnel
}

# What another neighbour of the client is for leaves where it came from, at the client's own
# address: nobody answers, but the router says so.
effect_redirect()
{
	local before

	before=$(snmp client Icmp.InRedirects)
	send_odd daddr=10.7.5.5
	all_is_done client 10.7.2.1
	[ "$(snmp client Icmp.InRedirects)" -gt "$before" ]
}
on_redirect() { router_sysctl net.ipv4.conf.r0.send_redirects=1; }
off_redirect() { router_sysctl net.ipv4.conf.r0.send_redirects=0; }

test_policy_redirect()
{
	add_topology
	router_sysctl net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.r0.send_redirects=0
	router_ip neigh replace 10.7.1.77 lladdr "$(mac_of client c0)" dev r0 nud permanent
	router_ip route add 10.7.5.5 via 10.7.1.77 dev r0
	obeys redirect=same_device
}

run_test "$@"
