#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Order and accounts of a router in offload: while leases end and are renewed, a flow's packets
# arrive in the order in which they were sent, and what was taken over is missing from the
# kernel's counters and from nothing else.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"
# shellcheck source-path=SCRIPTDIR source=../offload.sh
. "$(dirname "$0")/../offload.sh"

FLOWS=5
# Leases that each flow must have had.
RENEWALS=10
# Packets of all flows that must have been taken over.
ENOUGH=$((N * 25))

# flood MOVE UNTIL [SETTING...]: numbered flows at full rate while MOVE is called again and
# again until UNTIL is true; none is out of order.
flood()
{
	local sender sink

	PORT=$((PORT + 1))
	spawn sink ip netns exec "$(ns server)" "$TOOLS/numbered" $PORT flows=$FLOWS
	sink=$PID
	spawn sender ip netns exec "$(ns client)" "$TOOLS/numbered" "${ADDRESS[server]}" $PORT \
		flows=$FLOWS "${@:3}"
	sender=$PID
	until_true moved_and "$1" "$2" || {
		txp router stats r0 >&2
		fail "not enough packets or renewals"
	}
	kill -TERM "$sender"
	wait_for "$sender" sender
	wait_for "$sink" sink
	cat "$WORK/sink.out" >&2
}

moved_and()
{
	$1
	$2
}

# What the router counted when in_order began.
declare -A BEFORE=()

renewed()
{
	[ $(($(transit r0 learned) - BEFORE[learned])) -ge $((FLOWS * RENEWALS)) ] &&
		[ $(($(verdict r0 taken) - BEFORE[taken])) -ge $ENOUGH ]
}

# in_order PERCENT MOVE [SETTING...]: at least so many of the packets are taken over.
in_order()
{
	local percent

	BEFORE=([learned]=$(transit r0 learned) [taken]=$(verdict r0 taken)
		[all]=$(transit r0 packets))
	flood "$2" renewed "${@:3}"
	txp router stats r0 >&2
	percent=$((($(verdict r0 taken) - BEFORE[taken]) * 100 /
		($(transit r0 packets) - BEFORE[all])))
	[ $percent -ge "$1" ] || fail "only $percent % were taken over"
}

plain_enough()
{
	[ $(($(device_packets router r2) - BEFORE[sent])) -ge $((N * 5)) ]
}

# in_order_plain [SETTING...]: so it is without txpath.
in_order_plain()
{
	BEFORE=([sent]=$(device_packets router r2))
	flood : plain_enough "$@"
}

# A road whose leases may be over before the next ping: in_order tells whether they are used.
short_road()
{
	add_road
	offload r0 r2 compare-rate=0 "$@"
}

# Leases end a thousand times a second, or whenever the kernel's coarse clock moves.
test_order_lease_1()
{
	short_road lease-ms=1
	in_order 50 :
}

test_order_lease_4()
{
	short_road lease-ms=4
	in_order 50 :
}

test_order_lease_1000()
{
	RENEWALS=3
	short_road lease-ms=1000
	in_order 90 :
}

# With hardly any budget to learn by, what is renewed is renewed all the same, and in order.
test_order_over_rate()
{
	add_road
	offload r0 r2 compare-rate=20 lease-ms=4
	in_order 50 :
}

# With GRO a veth device has NAPI, which hands its packets up in lists: transit sees all of
# a list before the kernel forwards the first of it. veth_skb_is_eligible_for_gro wants no TSO
# at the other end; the bucket there lets several go at once, or a list would be of one.
gro_road()
{
	add_road
	in_ns router ethtool -K r0 gro on || skip "no GRO on veth here"
	in_ns client ethtool -K c0 tso off
	in_ns client tc qdisc add dev c0 root tbf rate 40mbit burst 30kb limit 1mb ||
		skip "no token bucket here"
}

# gro_in_order PERCENT [SETTING...]
gro_in_order()
{
	ENOUGH=$((N * 3)) # the bucket is slow
	in_order_plain "${@:2}"
	offload r0 r2 compare-rate=0 lease-ms=4
	in_order "$1" : "${@:2}"
}

test_order_gro()
{
	gro_road
	gro_in_order 50
}

test_order_gro_over_rate()
{
	gro_road
	ENOUGH=$((N * 3))
	offload r0 r2 compare-rate=20 lease-ms=4
	in_order 50 :
}

test_order_gro_forwarding()
{
	gro_road
	in_ns router ethtool -K r0 rx-udp-gro-forwarding on || skip "no GRO of forwarded UDP here"
	gro_in_order 50
}

# Each third datagram is sent in fragments, which are the kernel's.
test_order_fragments()
{
	short_road lease-ms=4
	in_order 10 : big=2000 pmtudisc=0
}

# Each third datagram ends its flow's lease, and nothing of its list is taken over before egress has
# learned anew. What share is taken over is up to how long the lists are, so to the machine (2 to
# 15 %); that enough packets are is asked for.
test_order_gro_fragments()
{
	gro_road
	gro_in_order 0 big=2000 pmtudisc=0
}

# Each third datagram is beyond the MTU of the way out: the kernel cuts it.
test_order_gro_cut()
{
	gro_road
	run ip -n "$(ns router)" link set r2 mtu 1000
	gro_in_order 0 big=1200 pmtudisc=0
}

# Several queues behind the output: with the socket still on a packet, or not, its queue
# must be the same.
test_order_queues()
{
	add_road
	run ip -n "$(ns router)" link del r2
	run ip -n "$(ns router)" link add r2 numtxqueues 4 numrxqueues 4 type veth \
		peer name s0 netns "$(ns server)" numtxqueues 4 numrxqueues 4
	run ip -n "$(ns router)" addr add 10.7.3.1/24 dev r2
	run ip -n "$(ns server)" addr add "${ADDRESS[server]}/24" dev s0
	run ip -n "$(ns router)" link set r2 up
	run ip -n "$(ns server)" link set s0 up
	run ip -n "$(ns server)" route add default via 10.7.3.1
	in_ns server ethtool -K s0 gro on || skip "no GRO on veth here"
	in_ns router ethtool -K r2 tso off
	offload r0 r2 compare-rate=0 lease-ms=4
	in_order 50 :
}

same_neighbour()
{
	ip -n "$(ns router)" neigh replace "${ADDRESS[server]}" lladdr "$SERVER_MAC" dev r2 nud reachable
}

test_order_neighbour_refreshed()
{
	short_road lease-ms=4
	SERVER_MAC=$(ip netns exec "$(ns server)" cat /sys/class/net/s0/address)
	in_order 50 same_neighbour
}

# A route comes and goes that leads where the other one leads.
same_route()
{
	ip -n "$(ns router)" route replace "${ADDRESS[server]}/32" dev r2
	ip -n "$(ns router)" route del "${ADDRESS[server]}/32" dev r2
}

test_order_route_refreshed()
{
	short_road lease-ms=4
	in_order 50 same_route
}

# snmp FILE NAME: one of the router's counters in /proc/net.
snmp()
{
	ip netns exec "$(ns router)" cat "/proc/net/$1" | awk -v name="$2" '
		{ kind = $1; $1 = ""; split($0, column, " ") }
		kind != last { for (i in column) names[i] = column[i]; last = kind; next }
		{ for (i in column) if (kind names[i] == name) print column[i] }'
}

# accounts: packets and bytes of IP that the kernel has forwarded, and those taken over.
accounts()
{
	FORWARDED=$(snmp snmp Ip:ForwDatagrams)
	OCTETS=$(snmp netstat IpExt:InOctets)
	TAKEN=0
	TAKEN_OCTETS=0
	[ -z "$(pins)" ] || {
		TAKEN=$(verdict r0 taken)
		TAKEN_OCTETS=$(($(transit r0 verdicts.taken.bytes) - 14 * TAKEN))
	}
}

# accounted: what the same traffic is counted as.
accounted()
{
	local forwarded octets taken taken_octets

	accounts
	forwarded=$FORWARDED octets=$OCTETS taken=$TAKEN taken_octets=$TAKEN_OCTETS
	udp client server "$N"
	udp_segments client server "$N" 10 size=5000 gso=500
	accounts
	PACKETS=$((FORWARDED - forwarded + TAKEN - taken))
	BYTES=$((OCTETS - octets + TAKEN_OCTETS - taken_octets))
	BYPASSED=$((TAKEN - taken))
	say "$PACKETS packets, $BYTES bytes, of these $BYPASSED packets taken over"
}

test_order_accounts()
{
	local bytes packets

	add_road
	accounted
	packets=$PACKETS bytes=$BYTES
	[ "$packets" -ge $((N * 2)) ] || fail "the kernel did not count what it forwarded"
	offload r0 r2
	until_true is_taken || fail "nothing is taken over"
	accounted
	[ "$BYPASSED" -gt "$N" ] || fail "only $BYPASSED packets were taken over"
	[ "$PACKETS $BYTES" = "$packets $bytes" ] ||
		fail "$PACKETS packets, $BYTES bytes; without txpath $packets and $bytes"
}

run_test "$@"
