#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the kernel makes of a packet's priority behind the IP layer, and of none: the netprio map of
# the sender's cgroup, and the PCP in a VLAN tag. What is predicted must be what others see on the
# device or on the wire.

# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# all_match NS FIELD: it was compared, nothing differs, and nothing was left out.
all_match()
{
	local verdict

	check_parity "$1" "$2"
	for verdict in unknown lost observed declined; do
		[ "$(verdicts "$1" "$2" $verdict)" = 0 ] || {
			txp "$1" parity >&2
			fail "$1: $2 was $verdict"
		}
	done
}

# Only devices of the first network namespace have a netprio map. A guest has nothing else there,
# and its test takes it for its client:
#
#   first c0 10.7.1.2/24 ==== 10.7.1.1/24 s0 server
#
# HTB gives each packet to the class that its priority names.
netprio_topology()
{
	run ip netns attach "$(ns first)" $$
	add_ns server
	add_link first c0 10.7.1.2/24 server s0 10.7.1.1/24
	# shellcheck disable=SC2154 # a key, and no variable
	ADDRESS[first]=10.7.1.2
	ADDRESS[server]=10.7.1.1
	in_ns first sysctl -qw net.ipv6.conf.c0.disable_ipv6=1
	classes_on c0
}

# classes_on DEV: that of_class asks about, from here on.
classes_on()
{
	local class

	DEV=$1
	run tc qdisc add dev "$DEV" root handle 1: htb default 1
	for class in 1 5 6; do
		run tc class add dev "$DEV" parent 1: classid 1:$class htb rate 10gbit
	done
}

# of_class MINOR: packets that it has sent.
of_class()
{
	tc -s class show dev "$DEV" | awk -v class="1:$1" '
		/^class/ { name = $3 }
		name == class && $1 == "Sent" { print $4 }'
}

# goes_to MINOR PACKETS COMMAND...: it sends so many in that class.
goes_to()
{
	local before class=$1 packets=$2

	before=$(of_class "$class")
	shift 2
	"$@"
	[ $(($(of_class "$class") - before)) = "$packets" ] ||
		fail "$(($(of_class "$class") - before)) packets in class 1:$class, not $packets: $*"
}

# A cgroup of the netprio controller, and us in it; both go with the test.
NETPRIO=
enter_cgroup()
{
	NETPRIO=$(mktemp -d /tmp/txpath-netprio.XXXXXX)
	trap 'clean_up; leave_cgroup' EXIT
	run mount -t cgroup -o net_prio net_prio "$NETPRIO" || skip "no netprio controller here"
	mkdir "$NETPRIO/ours"
	echo $$ >"$NETPRIO/ours/cgroup.procs"
}

leave_cgroup()
{
	echo $$ >"$NETPRIO/cgroup.procs"
	rmdir "$NETPRIO/ours"
	umount "$NETPRIO"
	rmdir "$NETPRIO"
}

# map_priority PRIORITY: of those in our cgroup that have none, on $DEV.
map_priority()
{
	say "+ $DEV $1 >net_prio.ifpriomap"
	echo "$DEV $(($1))" >"$NETPRIO/ours/net_prio.ifpriomap"
}

mixed_flows()
{
	tcp first server "$each" size=200
	tcp server first "$each" size=200
	pings first server "$each"
	pings server first "$each"
	until_true no_connections first server || fail "a connection is not closed"
}

test_parity_netprio()
{
	local each=$((N / 10))

	[ -n "${TXPATH_GUEST:-}" ] || skip "the first network namespace is not the test's here"
	netprio_topology
	enter_cgroup
	attach first c0
	count_from_here first c0
	goes_to 5 0 udp first server "$each" # there is no map yet
	map_priority 0x10005
	goes_to 5 "$each" udp first server "$each"
	goes_to 5 "$each" udp first server "$each" connected=1
	goes_to 5 0 udp first server "$each" priority=4
	goes_to 6 "$each" udp first server "$each" priority=0x10006
	mixed_flows
	map_priority 0x10006
	goes_to 6 "$each" udp first server "$each"
	mixed_flows
	all_match first priority
	check_counted first c0
}

# The same namespace as a router: what it forwards has lost its socket by then, and with it the cgroup.
test_policy_sender_netprio()
{
	[ -n "${TXPATH_GUEST:-}" ] || skip "the first network namespace is not the test's here"
	run ip netns attach "$(ns router)" $$
	add_ns client server
	add_link client c0 10.7.1.2/24 router r0 10.7.1.1/24
	add_link router r2 10.7.3.1/24 server s0 10.7.3.2/24
	run ip -n "$(ns client)" route add default via 10.7.1.1
	run ip -n "$(ns server)" route add default via 10.7.3.1
	in_ns router sysctl -qw net.ipv4.ip_forward=1
	classes_on r2
	enter_cgroup
	offload r0 r2
	udp client server "$N"
	[ "$(verdict r0 taken)" -gt 0 ] || fail "nothing is taken over where there is no map"
	map_priority 0x10005
	goes_to 5 0 udp client server "$N"
	goes_to 5 0 udp client server "$N" connected=1
	[ "$(verdict r0 sender_queue)" -gt 0 ] || fail "no packet was counted as sender_queue"
}

# The topology of lib.sh, and above its first link
#
#   client c0.7 10.7.4.2/24 -- 10.7.4.1/24 r0.7 router
#
# The map has two priorities in one place, and not all.
vlan_topology()
{
	add_topology
	add_vlan client c0 10.7.4.2/24 egress-qos-map 0:1 6:5 22:2 || skip "no VLAN devices here"
	add_vlan router r0 10.7.4.1/24 egress-qos-map 6:3
	run ip -n "$(ns client)" route add 10.7.3.0/24 via 10.7.4.1
	# shellcheck disable=SC2154 # a key, and no variable
	ADDRESS[client]=10.7.4.2
}

# capture NS DEV: the tagged datagrams that come in there.
capture()
{
	READY='listening on' spawn "wire.$2" ip netns exec "$(ns "$1")" \
		tcpdump -lnei "$2" -Q 'in' -s 64 --immediate-mode 'vlan 7 and udp'
}

is_on_wire()
{
	[ "$(grep -c "vlan 7, p $2," "$WORK/wire.$1.out")" = "$3" ]
}

# on_wire DEV PCP PACKETS: so many have come in there with it.
on_wire()
{
	until_true is_on_wire "$@" || {
		grep -o 'vlan 7, p [0-7]' "$WORK/wire.$1.out" | sort | uniq -c >&2
		fail "$1 did not see $3 packets with PCP $2"
	}
}

test_parity_vlan_pcp()
{
	local each=$((N / 10))

	vlan_topology
	attach client c0 c0.7
	attach router r0 r0.7
	count_from_here client c0 c0.7
	count_from_here router r0 r0.7
	capture router r0
	capture client c0
	udp client server "$each"
	udp client server "$each" priority=6
	udp client server "$each" priority=22 connected=1
	udp client server "$each" priority=5
	udp server client "$each"
	udp server client "$each" tos=0x10 # forwarded with priority 6
	tcp client server "$each" size=200
	tcp client server $((each / 10)) size=65536
	pings client server "$each"
	on_wire r0 1 "$each"
	on_wire r0 5 "$each"
	on_wire r0 2 "$each"
	on_wire r0 0 "$each"
	on_wire c0 0 "$each"
	on_wire c0 3 "$each"
	all_match client vlan_pcp
	all_match router vlan_pcp
	check_counted client c0 c0.7
	check_counted router r0 r0.7
}

# Another device between the route and the VLAN device: whose tag it is cannot be told.
test_parity_vlan_below_another()
{
	vlan_topology
	in_batch client <<-END || skip "no macvlan here"
		link add m0 link c0.7 type macvlan mode bridge
		addr add 10.7.5.1/24 dev m0
		link set m0 up
		neigh add 10.7.5.2 lladdr 02:00:00:00:05:02 dev m0 nud permanent
	END
	attach client c0
	in_ns client "$TOOLS/udpgen" 10.7.5.2 7099 count=20 loose=1 >&2
	check_parity client
	[ "$(verdicts client vlan_pcp observed)" -ge 20 ] || fail "the tags were not observed"
	[ "$(verdicts client vlan_pcp checked)" = 0 ] || fail "a tag was compared"
}

run_test "$@"
