#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Coherence: what changes on a router in offload is obeyed as without txpath: versioned changes by
# the first packet after the kernel has acknowledged them, the others when the lease is over.
# Next hops die and move, devices go while they are in use.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# The topology of coherence.c:
#
#   client                          router                     server
#     c0 10.7.1.2/24 -- 10.7.1.1/24 r0
#     c1 10.7.2.2/24 -- 10.7.2.1/24 r1                           the markers' way
#                                   r2 10.7.3.1/24 -- s2         gateways 11, 12, 51, 53
#                                   r3 10.7.4.1/24 -- s3         gateways 21, 22
#                                   r4 ... r7                    for changes of a device, 31, 61, 71
#                                   r9 10.7.10.1/24 -- s9        91: the markers
#
# Gateway NN of device rD is 10.7.(D+1).NN, 02:00:00:00:0D:NN, and the server never answers.
output_link()
{
	add_link router "r$1" "10.7.$(($1 + 1)).1/24" server "s$1" "10.7.$(($1 + 1)).2/24"
	run ip -n "$(ns router)" link set "r$1" address "02:00:00:00:0$1:01"
}

gateways()
{
	local gateway

	for gateway in "${@:2}"; do
		run ip -n "$(ns router)" neigh replace "10.7.$(($1 + 1)).$gateway" \
			lladdr "02:00:00:00:0$1:$gateway" dev "r$1" nud permanent
	done
}

topology_of_changes()
{
	local device

	add_ns client router server
	add_link client c0 10.7.1.2/24 router r0 10.7.1.1/24
	add_link client c1 10.7.2.2/24 router r1 10.7.2.1/24
	for device in 2 3 4 6 7 9; do
		output_link $device
	done
	gateways 2 11 12 51 53
	gateways 3 21 22
	gateways 4 31
	gateways 6 61
	gateways 7 71
	gateways 9 91
	run ip -n "$(ns router)" addr add 10.7.20.1/24 dev r4
	run ip -n "$(ns router)" link set r0 address 02:00:00:00:00:01
	client_neighbour="neigh replace 10.7.1.2 dev r0 nud permanent lladdr $(
		ip netns exec "$(ns client)" cat /sys/class/net/c0/address
	)"
	# shellcheck disable=SC2086 # words
	run ip -n "$(ns router)" $client_neighbour
	# All errors are sent, and no packet is refused but for the reason that is tested.
	in_ns router sysctl -qw net.ipv4.icmp_ratemask=0 net.ipv4.conf.all.rp_filter=0 \
		net.ipv4.conf.r0.rp_filter=0 net.ipv4.conf.r1.rp_filter=0 net.ipv4.ip_forward=1
	run ip -n "$(ns router)" -batch - <<-RESTING
		route add 10.8.0.0/16 via 10.7.3.11
		route add 10.9.0.1 via 10.7.10.91
		route add 10.9.9.0/24 dev r1
		route add 10.8.6.0/24 via 10.7.3.11 metric 100
		route add 10.8.9.1 via 10.7.4.21 table 100
		nexthop add id 1 via 10.7.3.11 dev r2
		nexthop add id 2 via 10.7.4.21 dev r3
		nexthop add id 3 via 10.7.3.11 dev r2
		nexthop add id 4 via 10.7.3.11 dev r2
		nexthop add id 6 via 10.7.3.11 dev r2
		nexthop add id 7 via 10.7.3.12 dev r2
		nexthop add id 20 group 1
		nexthop add id 21 group 6
		nexthop add id 22 group 1/7
		route add 10.8.11.1 nhid 3
		route add 10.8.12.1 nhid 4
		route add 10.8.14.1 nhid 20
		route add 10.8.15.1 nhid 21
		route add 10.8.16.1 nhid 22
		route add 10.8.18.1 nexthop via 10.7.4.21 nexthop via 10.7.4.22
		route add 10.8.19.1 via 10.7.3.51
		route add 10.8.20.1 via 10.7.3.53
		route add 10.8.24.1 via 10.7.4.21
	RESTING
}

# has_resilient_groups: adds one.
has_resilient_groups()
{
	ip -n "$(ns router)" nexthop add id 23 group 1 type resilient buckets 8 \
		>/dev/null 2>&1 &&
		run ip -n "$(ns router)" route add 10.8.17.1 nhid 23
}

# Of its own errors ip_error sends only so many to one peer, whatever the sysctls.
plan_of_changes()
{
	cat <<-PLAN
		kind route_device 10.8.1.1
		21 route replace 10.8.1.1 via 10.7.4.21
		11 route replace 10.8.1.1 via 10.7.3.11
		kind route_gateway 10.8.2.1
		12 route replace 10.8.2.1 via 10.7.3.12
		11 route replace 10.8.2.1 via 10.7.3.11
		kind route_blackhole 10.8.3.1
		nowhere route replace blackhole 10.8.3.1
		11 route replace 10.8.3.1 via 10.7.3.11
		kind route_unreachable 10.8.4.1
		icmp/1|nowhere route add unreachable 10.8.4.1
		11 route del unreachable 10.8.4.1
		kind route_specific 10.8.5.1
		21 route add 10.8.5.1 via 10.7.4.21
		11 route del 10.8.5.1
		kind route_metric 10.8.6.1
		21 route add 10.8.6.0/24 via 10.7.4.21 metric 50
		11 route del 10.8.6.0/24 via 10.7.4.21 metric 50
		kind route_tos 10.8.7.1 10.7.1.2 64 10
		21 route add 10.8.7.1 tos 0x10 via 10.7.4.21
		11 route del 10.8.7.1 tos 0x10
		kind route_mtu 10.8.8.1 10.7.1.2 1000
		icmp/4 route replace 10.8.8.1 via 10.7.3.11 mtu 600
		icmp/4 route replace 10.8.8.1 via 10.7.3.11 mtu lock 700
		11 route replace 10.8.8.1 via 10.7.3.11
		kind rule_table 10.8.9.1
		21 rule add to 10.8.9.1 lookup 100 priority 100
		11 rule del to 10.8.9.1 lookup 100 priority 100
		kind rule_prohibit 10.8.10.1
		icmp/13|nowhere rule add iif r0 to 10.8.10.1 prohibit priority 101
		11 rule del iif r0 to 10.8.10.1 prohibit priority 101
		kind nexthop 10.8.11.1
		21 nexthop replace id 3 via 10.7.4.21 dev r3
		11 nexthop replace id 3 via 10.7.3.11 dev r2
		kind nexthop_blackhole 10.8.12.1
		nowhere nexthop replace id 4 blackhole
		11 nexthop replace id 4 via 10.7.3.11 dev r2
		kind nexthop_gone 10.8.13.1
		21 nexthop add id 5 via 10.7.4.21 dev r3; route add 10.8.13.1 nhid 5
		11 nexthop del id 5
		kind group 10.8.14.1
		21 nexthop replace id 20 group 2
		11 nexthop replace id 20 group 1
		kind group_member 10.8.15.1
		21 nexthop replace id 6 via 10.7.4.21 dev r3
		11 nexthop replace id 6 via 10.7.3.11 dev r2
		kind group_size 10.8.16.1
		21 nexthop replace id 22 group 2
		11|12 nexthop replace id 22 group 1/7
		kind multipath 10.8.18.1
		11|12 route replace 10.8.18.1 nexthop via 10.7.3.11 nexthop via 10.7.3.12
		21|22 route replace 10.8.18.1 nexthop via 10.7.4.21 nexthop via 10.7.4.22
		kind neighbour 10.8.19.1
		52 neigh replace 10.7.3.51 lladdr 02:00:00:00:02:52 dev r2 nud permanent
		51 neigh replace 10.7.3.51 lladdr 02:00:00:00:02:51 dev r2 nud permanent
		kind neighbour_gone 10.8.20.1
		nowhere neigh del 10.7.3.53 dev r2
		53 neigh replace 10.7.3.53 lladdr 02:00:00:00:02:53 dev r2 nud permanent
		kind address_own 10.8.21.1 10.7.1.77
		nowhere addr add 10.7.1.77/32 dev r1
		11 addr del 10.7.1.77/32 dev r1
		kind address_local 10.8.22.1
		icmp/3 addr add 10.8.22.1/32 dev lo
		11 addr del 10.8.22.1/32 dev lo
		kind address_connected 10.7.5.31
		icmp/0|nowhere addr del 10.7.5.1/24 dev r4
		31 addr add 10.7.5.1/24 dev r4
		kind link_mtu 10.8.24.1 10.7.1.2 1000
		icmp/4 link set r3 mtu 600
		21 link set r3 mtu 1500
		kind link_down 10.7.7.61
		icmp/0|nowhere link set r6 down
		61 link set r6 up; neigh replace 10.7.7.61 lladdr 02:00:00:00:06:61 dev r6 nud permanent
		kind link_address 10.7.8.71
		71/2 link set r7 address 02:00:00:00:07:02; neigh replace 10.7.8.71 lladdr 02:00:00:00:07:71 dev r7 nud permanent
		71 link set r7 address 02:00:00:00:07:01; neigh replace 10.7.8.71 lladdr 02:00:00:00:07:71 dev r7 nud permanent
		kind input_address 10.8.27.1
		nowhere link set r0 address 02:00:00:00:00:02; $client_neighbour
		11 link set r0 address 02:00:00:00:00:01; $client_neighbour
		kind forwarding 10.8.28.1
		nowhere sysctl net/ipv4/conf/r0/forwarding 0
		11 sysctl net/ipv4/conf/r0/forwarding 1
		kind rp_filter 10.8.29.1 10.9.9.9
		nowhere sysctl net/ipv4/conf/r0/rp_filter 1
		11 sysctl net/ipv4/conf/r0/rp_filter 0
	PLAN
	has_resilient_groups || return 0
	cat <<-PLAN
		kind group_resilient 10.8.17.1
		21 nexthop replace id 23 group 2 type resilient buckets 8
		11 nexthop replace id 23 group 1 type resilient buckets 8
	PLAN
}

# changes COUNT [COUNTERS]
changes()
{
	plan_of_changes >"$WORK/plan"
	in_ns router "$TOOLS/coherence" "/run/netns/$(ns client)" "/run/netns/$(ns server)" "$@" \
		<"$WORK/plan" >&2 || fail "not every change was obeyed under load"
}

# What the plan expects is what the kernel does.
test_coherence_without_txpath()
{
	topology_of_changes
	changes $((N / 5))
}

test_coherence_of_changes()
{
	topology_of_changes
	offload r0 r1 r2 r3 r4 r6 r7 r9
	changes $((N * 5 / 2)) "$(echo "$BPFFS"/txpath/v2/*/maps)"
}

# each_way TEST [KNOB=VALUE...]: on the topology of lib.sh without txpath, then with it.
each_way()
{
	local name

	add_topology
	"$1"
	say "--- passed without txpath, now with it"
	for name in client router server; do
		run ip netns del "$(ns $name)"
	done
	offloaded_topology "${@:2}"
	"$1"
	[ "$(verdict r0 taken)" -gt "$HELD" ] || fail "the flow was not taken over"
}

# start_flow ADDRESS: a hundred packets a second from the client, for as long as the test runs,
# or until it is started again; then until its packets are taken over, if txpath is there.
HELD=0
start_flow()
{
	[ -z "${PINGER:-}" ] || kill "$PINGER" 2>/dev/null || :
	[ -z "$(pins)" ] || HELD=$(($(verdict r0 taken) + 10))
	ip netns exec "$(ns client)" ping -n -i 0.01 "$1" >"$WORK/flow.out" 2>&1 &
	PINGER=$!
	SPAWNED+=("$PINGER")
	[ -z "$(pins)" ] || until_true flow_is_held || fail "the flow is not taken over"
}

flow_is_held()
{
	[ "$(verdict r0 taken)" -gt "$HELD" ]
}

# hears TEXT: from now on, the flow's sender gets ten more of these.
hears()
{
	until_true heard "$1" $(($(grep -c "$1" "$WORK/flow.out" || :) + 10)) || {
		tail "$WORK/flow.out" >&2
		fail "the sender does not hear: $1"
	}
	say "the sender hears: $1"
}

heard()
{
	[ "$(grep -c "$1" "$WORK/flow.out")" -ge "$2" ]
}

# The router asks again after less than a second, and soon gives up.
quick_neighbours()
{
	in_ns router sysctl -qw net.ipv4.neigh.r2.base_reachable_time_ms=500 \
		net.ipv4.neigh.r2.delay_first_probe_time=1 net.ipv4.neigh.r2.retrans_time_ms=100 \
		net.ipv4.neigh.r2.ucast_solicit=1 net.ipv4.neigh.r2.locktime=0 \
		net.ipv4.icmp_ratemask=0
	run ip -n "$(ns router)" neigh flush dev r2 # has its timer from before
}

# The server answers no ARP request, and sends none.
next_hop_dies()
{
	quick_neighbours
	run ip -n "$(ns server)" neigh replace 10.7.3.1 lladdr "$(mac_of router r2)" dev s0 nud permanent
	start_flow "${ADDRESS[server]}"
	hears 'bytes from'
	in_ns server sysctl -qw net.ipv4.conf.all.arp_ignore=8
	hears 'From 10.7.1.1 .*Destination Host Unreachable'
	in_ns server sysctl -qw net.ipv4.conf.all.arp_ignore=0
	hears 'bytes from'
}

test_coherence_next_hop_dies()
{
	each_way next_hop_dies
}

next_hop_moves()
{
	local notify

	quick_neighbours
	start_flow "${ADDRESS[server]}"
	for notify in 1 0; do
		hears 'bytes from'
		in_ns server sysctl -qw net.ipv4.conf.s0.arp_notify=$notify
		run ip -n "$(ns server)" link set s0 address 02:00:00:00:00:7$notify
		# its default route is still there, its neighbours are not
		hears 'bytes from'
	done
}

test_coherence_next_hop_moves()
{
	each_way next_hop_moves
}

# What follows has no generation: it is obeyed when the lease is over. The flow goes on all
# the time, so that without an end of its lease it would never be.
FAR=10.8.0.1

# A redirect: the server tells the router of a better gateway, 10.7.3.3.
redirect_is_followed()
{
	in_ns router sysctl -qw net.ipv4.conf.all.accept_redirects=1 \
		net.ipv4.conf.r2.accept_redirects=1
	in_ns server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.s0.send_redirects=1
	run ip -n "$(ns router)" route add $FAR via "${ADDRESS[server]}"
	run ip -n "$(ns server)" route add $FAR via 10.7.3.3
	run ip -n "$(ns router)" neigh replace 10.7.3.3 lladdr 02:00:00:00:00:33 dev r2 nud permanent
	run ip -n "$(ns server)" neigh replace 10.7.3.3 lladdr 02:00:00:00:00:34 dev s0 nud permanent
	start_flow $FAR
	until_true redirected || fail "the router learns no redirect"
	READY='listening on' spawn capture ip netns exec "$(ns server)" \
		tcpdump -lnei s0 --immediate-mode -c 20 \
		'ether dst 02:00:00:00:00:33 and src 10.7.1.2 and icmp[0] == 8'
	until_true has_ended "$PID" || fail "the flow does not go to the better gateway"
}

has_ended()
{
	! kill -0 "$1" 2>/dev/null
}

redirected()
{
	ip netns exec "$(ns router)" ping -q -c 1 -W 1 $FAR >/dev/null || :
	ip -n "$(ns router)" route get $FAR | grep -q 'via 10.7.3.3'
}

test_coherence_redirect()
{
	each_way redirect_is_followed lease-ms=200
}

# A path MTU that the router has learned, where forwarding goes by it.
path_mtu_is_followed()
{
	in_ns router sysctl -qw net.ipv4.ip_forward_use_pmtu=1 net.ipv4.icmp_ratemask=0
	in_ns server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0
	run ip -n "$(ns server)" link add far0 mtu 1000 type veth peer name far1
	run ip -n "$(ns server)" link set far0 up
	run ip -n "$(ns server)" link set far1 up
	run ip -n "$(ns server)" route add $FAR dev far0
	run ip -n "$(ns server)" neigh replace $FAR lladdr 02:00:00:00:00:44 dev far0 nud permanent
	run ip -n "$(ns router)" route add $FAR via "${ADDRESS[server]}"
	start_flow $FAR
	until_true is_too_big_for 10.7.3.2 || fail "the server says nothing of the path's MTU"
	until_true path_mtu_learned || fail "the router learns no path MTU"
	until_true is_too_big_for 10.7.1.1 || fail "the router does not go by the path's MTU"
}

path_mtu_learned()
{
	ip netns exec "$(ns router)" ping -q -M 'do' -c 1 -W 1 -s 1200 $FAR >/dev/null 2>&1 || :
	ip -n "$(ns router)" route get $FAR | grep -q 'mtu 1000'
}

# is_too_big_for ROUTER: it is who says so to a client that knows nothing of the path.
is_too_big_for()
{
	ip -n "$(ns client)" route flush cache
	ip netns exec "$(ns client)" ping -M 'do' -c 1 -W 1 -s 1200 $FAR >"$WORK/big" 2>&1 || :
	grep -q "From $1 .*Frag needed" "$WORK/big"
}

test_coherence_path_mtu()
{
	each_way path_mtu_is_followed lease-ms=200
}

# our_programs MAP: the programs that use the map of this id.
our_programs()
{
	bpftool -j prog show | tr '{' '\n' | grep -E "\"map_ids\":\[([0-9]+,)*$1[],]" || :
}

no_programs()
{
	[ -z "$(our_programs "$1")" ]
}

is_gone()
{
	! ip -n "$(ns "$1")" link show "$2" >/dev/null 2>&1
}

taken_by_far()
{
	[ "$(verdict r0 taken)" -ge "$N" ]
}

# removed_under_load COMMAND...: and its peer is then not left behind.
removed_under_load()
{
	local flow map

	offloaded_topology
	map=$(bpftool -j map show pinned "$(echo "$BPFFS"/txpath/v2/*/maps/instance)" |
		"$TOOLS/json_flatten" | number id)
	[ -n "$(our_programs "$map")" ] || fail "no program uses map $map"
	ip netns exec "$(ns client)" "$TOOLS/udpgen" "${ADDRESS[server]}" 9 loose=1 \
		count=1000000000 >/dev/null 2>&1 &
	flow=$!
	SPAWNED+=("$flow")
	until_true taken_by_far || fail "the flow is not taken over"
	run "${@:3}"
	until_true is_gone "$1" "$2" || fail "$2 is still there"
	run "$TXPATH" --bpffs "$BPFFS" detach --all
	[ -z "$(pins)" ] || fail "pins are left: $(pins)"
	until_true no_programs "$map" || fail "programs are left: $(our_programs "$map")"
	kill "$flow"
	for map in client router server; do
		ip netns del "$(ns $map)" 2>/dev/null || :
	done
}

test_coherence_devices_removed()
{
	local round

	for round in $(seq $((N / 2000 + 1))); do
		say "--- round $round"
		removed_under_load server s0 ip -n "$(ns router)" link del r2
		removed_under_load client c0 ip -n "$(ns router)" link del r0
		removed_under_load client c0 ip netns del "$(ns router)"
	done
}

run_test "$@"
