#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Routes other than the plain one: devices chosen by sockets, several paths, gateways of IPv6,
# rules, tunnels. Topology, and what must hold: ../../lib/scenarios.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/scenarios.sh
. "$(dirname "$0")/../../lib/scenarios.sh"

index()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/ifindex"
}

# The routing table prefers c0.
prefer_c0()
{
	client_ip route add 10.7.3.0/24 via 10.7.1.1 dev c0 metric 1
	client_ip route add 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
}

bound_flows()
{
	local c1

	c1=$(index client c1)
	tcp client server "$N" size=200 bound="$c1"
	ADDRESS[client]=10.7.2.2
	tcp_server client bound="$c1"
	send server client tcpflow count="$N" size=200
	# TIME_WAIT answers
	tcp_server client bound="$c1" hangup=1
	for _ in {1..20}; do
		send server client tcpflow last=1
		send server client tcpflow last=2
	done
	udp client server "$N" bound="$c1"
	udp client server "$N" bound="$c1" connected=1
}

test_scenario_bound_device()
{
	attach_all
	prefer_c0
	sent_by client c1 bound_flows
	# once more with nothing in the table that leads there
	in_ns router sysctl -qw net.ipv4.conf.r1.proxy_arp=1 net.ipv4.neigh.r1.proxy_delay=0
	client_ip route del 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
	sent_by client c1 bound_flows
	check_all tot_len checksum mtu ttl df
	shows client declined route next_hop
}

chosen_by_message()
{
	local c1

	c1=$(index client c1)
	udp client server "$N" pktinfo="$c1"
	udp client server "$N" pktinfo="$c1" connected=1
	udp client server "$N" unicast_if="$c1"
	udp client server "$N" unicast_if="$c1" connected=1
}

test_scenario_pktinfo()
{
	attach_all
	prefer_c0
	sent_by client c1 chosen_by_message
	in_ns router sysctl -qw net.ipv4.conf.r1.proxy_arp=1 net.ipv4.neigh.r1.proxy_delay=0
	client_ip route del 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
	sent_by client c1 chosen_by_message
	check_all tot_len checksum mtu
	shows client declined route
}

# Many addresses on either side: FAR is the client's, beyond both links.
FAR=10.7.9

many_addresses()
{
	local i

	for i in 2 3 4 5 6 7 8 9; do
		run ip -n "$(ns server)" addr replace 10.7.3.$i/24 dev s0
		run ip -n "$(ns client)" addr replace $FAR.$i/32 dev lo
	done
}

# to_many FROM TO PREFIX
to_many()
{
	local i

	for i in 2 3 4 5 6 7 8 9; do
		ADDRESS[$2]=$3.$i
		udp_sink "$2" $((N / 8 / 8 * 8))
		send "$1" "$2" udpgen sockets=8 count=$((N / 8 / 8))
		sink_filled
		udp_sink "$2" 32
		send "$1" "$2" udpgen sockets=32 connected=1
		sink_filled
		pings "$1" "$2" $((N / 40 + 1))
		tcp_server "$2"
		send "$1" "$2" tcpflow count=20
		send "$1" "$2" tcpflow count=20
	done
}

multipath_flows()
{
	to_many client server 10.7.3
	to_many server client $FAR
}

each_hash_policy()
{
	local policy

	for policy in 0 1; do
		in_ns client sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
		in_ns router sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
		multipath_flows
	done
}

# two_paths WEIGHT: the second one's, the first has 1.
two_paths()
{
	attach_all
	many_addresses
	client_ip route replace default nexthop via 10.7.1.1 weight 1 nexthop via 10.7.2.1 weight "$1"
	run ip -n "$(ns router)" route add $FAR.0/24 \
		nexthop via 10.7.1.2 weight 1 nexthop via 10.7.2.2 weight "$1"
	# by addresses alone a path may be nobody's: there are few
	sent_by client c0 sent_by client c1 sent_by router r0 sent_by router r1 each_hash_policy
	check_all "${ALWAYS[@]}"
	# by a hash that the packet brought along
	shows router declined route
}

test_scenario_multipath()
{
	two_paths 3
}

# One path is so rare that few of many look-ups find it.
test_scenario_multipath_uneven()
{
	two_paths 9
}

# use_ipv6 NS DEV ADDRESS
use_ipv6()
{
	in_ns "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0" &&
		run ip -n "$(ns "$1")" addr add "$3/64" dev "$2" nodad
}

test_scenario_inet6_gateway()
{
	attach_all
	use_ipv6 client c0 fe80::2 || skip "no IPv6 on this kernel"
	use_ipv6 client c1 fe80::2
	use_ipv6 router r0 fe80::1
	use_ipv6 router r1 fe80::1
	client_ip route add 10.7.3.0/24 via inet6 fe80::1 dev c0 ||
		skip "no IPv6 gateways of IPv4 routes on this kernel"
	sent_by client c0 both_ways
	check_all "${ALWAYS[@]}"
	shows_no client declined
	# two of them
	client_ip route replace 10.7.3.0/24 nexthop via inet6 fe80::1 dev c0 \
		nexthop via inet6 fe80::1 dev c1
	many_addresses
	sent_by client c0 sent_by client c1 to_many client server 10.7.3
	# and two on one device
	use_ipv6 router r0 fe80::9
	client_ip route replace 10.7.3.0/24 nexthop via inet6 fe80::1 dev c0 \
		nexthop via inet6 fe80::9 dev c0
	client_ip neigh replace fe80::9 lladdr "$(mac_of router r0)" dev c0 nud permanent
	to_many client server 10.7.3
	check_all "${ALWAYS[@]}"
}

test_scenario_policy_routing()
{
	attach_all
	client_ip rule add fwmark 7 lookup 100 || skip "no policy rules on this kernel"
	client_ip route add default via 10.7.2.1 dev c1 table 100
	run ip -n "$(ns router)" rule add iif r1 lookup 101
	run ip -n "$(ns router)" rule add to 10.7.2.0/24 iif r2 lookup 102
	run ip -n "$(ns router)" route add 10.7.3.0/24 dev r2 mtu 1400 table 101
	run ip -n "$(ns router)" route add 10.7.2.0/24 via 10.7.1.2 dev r0 table 102
	sent_by client c0 both_ways
	sent_by client c1 udp client server "$N" mark=7
	sent_by client c1 udp client server "$N" mark=7 connected=1
	sent_by client c1 tcp client server "$N" size=200 mark=7
	ADDRESS[client]=10.7.2.2
	sent_by router r0 udp server client "$N"
	check_all "${ALWAYS[@]}" ttl df
}

# add_tunnel KIND N: 10.8.N.0/24 between client and router.
add_tunnel()
{
	local name=$1$2 more=() net=10.8.$2

	[ "$1" != vxlan ] || more=(id 7 dstport 4789)
	run ip -n "$(ns client)" link add "$name" type "$1" \
		local 10.7.1.2 remote 10.7.1.1 "${more[@]}" || return 1
	run ip -n "$(ns router)" link add "$name" type "$1" \
		local 10.7.1.1 remote 10.7.1.2 "${more[@]}"
	run ip -n "$(ns client)" addr add "$net.2/24" dev "$name"
	run ip -n "$(ns router)" addr add "$net.1/24" dev "$name"
	run ip -n "$(ns client)" link set "$name" up
	run ip -n "$(ns router)" link set "$name" up
}

tunnel_flows()
{
	both_ways
	tcp client server $((N / 20 + 1)) size=65536
	tcp server client $((N / 20 + 1)) size=65536
	udp client server $((N / 4)) size=4000
}

test_scenario_tunnel()
{
	local i=0 kind made=()

	attach_all
	for kind in ipip gre vxlan; do
		i=$((i + 1))
		add_tunnel $kind $i || continue
		made+=("$kind")
		client_ip route replace 10.7.3.0/24 via 10.8.$i.1
		ADDRESS[client]=10.8.$i.2
		sent_by client c0 sent_by client $kind$i sent_by router r0 tunnel_flows
	done
	[ ${#made[@]} -gt 0 ] || skip "no tunnels on this kernel"
	say "tunnels: ${made[*]}"
	check_all tot_len checksum route next_hop dmac smac mtu
	[ "$(hook client ip_make_skb)" = fentry ] || shows_no client lost
}

run_test "$@"
