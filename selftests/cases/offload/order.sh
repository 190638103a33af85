#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Order and accounts of a router in offload: while leases end and are renewed, a flow's packets
# arrive in the order in which they were sent, and what was taken over is missing from the
# kernel's counters and from nothing else.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

FLOWS=5
# Leases that each flow must have had.
RENEWALS=100
# Packets of all flows that must have been taken over.
ENOUGH=$((N * 5))
# Times that each flow may have lost its lease because something was moved: at first, and by the test.
MOVED=10
# Verdicts by which packets are the kernel's and nothing is learned from them.
OTHERS=(fragment not_ipv4)
# Packets that transit may decide on before the first of them is forwarded.
LIST=1

# flood MOVE UNTIL [SETTING...]: numbered flows at full rate while MOVE is called again and
# again until UNTIL is true; none is out of order.
flood()
{
	local sender sink

	PORT=$((PORT + 1))
	spawn sink ip netns exec "$(ns server)" "$TOOLS/seq_check" $PORT flows=$FLOWS
	sink=$PID
	spawn sender ip netns exec "$(ns client)" "$TOOLS/seq_check" "${ADDRESS[server]}" $PORT \
		flows=$FLOWS "${@:3}"
	sender=$PID
	until_true changed_and "$1" "$2" || {
		txp router stats r0 >&2
		fail "not enough packets or renewals"
	}
	kill -TERM "$sender"
	wait_for "$sender" sender
	wait_for "$sink" sink
	cat "$WORK/sink.out" >&2
}

changed_and()
{
	$1
	$2
}

# What the router has counted: $WORK/began when in_order began, $WORK/counted just now. And the datagrams
# that it has cut, which need not be too_big: a flow without a lease is not asked for its size. And packets
# that a probe's program was not shown: a softirq that interrupts it may have many.
count_now()
{
	{
		numbers router stats r0
		echo "devices.r0.transit.cut $(snmp router Ip.FragOKs)"
	} | awk '
		{ print }
		$1 ~ /^missed[.].*[.]missed$/ { n += $2 }
		END { print "devices.r0.transit.missed", n + 0 }' >"$WORK/counted"
}

# grown NAME: a number that transit has for r0, less what it was when in_order began.
grown()
{
	echo $(($(number "devices.r0.transit.$1" <"$WORK/counted") -
		$(number "devices.r0.transit.$1" <"$WORK/began")))
}

renewed()
{
	count_now
	[ "$(grown learned)" -ge $((FLOWS * RENEWALS)) ] &&
		[ "$(grown verdicts.taken.packets)" -ge $ENOUGH ]
}

# in_order LEASE_MS MOVE [SETTING...]
in_order()
{
	local start

	start=$(uptime_ms)
	count_now
	mv "$WORK/counted" "$WORK/began"
	flood "$2" renewed "${@:3}"
	txp router stats r0 >&2
	count_now
	leases_are_used "$1" $(($(uptime_ms) - start))
}

# leases_are_used LEASE_MS ELAPSED_MS: what share of the packets is taken over is up to how fast they come.
# But a lease was learned from each that the kernel had, or from every other (the rest may find their note
# overwritten), unless it was the kernel's anyway; and not many more leases than were over: by the clock, by
# a packet of the kernel's, or because something was moved.
leases_are_used()
{
	local left learned missed name over

	learned=$(grown learned)
	missed=$(grown missed)
	left=$(($(grown packets) - $(grown verdicts.taken.packets) - $(grown cut)))
	for name in "${OTHERS[@]}"; do
		left=$((left - $(grown "verdicts.$name.packets")))
	done
	# a datagram has two fragments
	over=$(($(grown verdicts.too_big.packets) + $(grown verdicts.fragment.packets) / 2 +
		FLOWS * ($2 / $1 + MOVED)))
	say "$left packets left, $learned leases learned, $over leases over by then, $missed packets missed"
	[ $left -le $((learned * 2 + FLOWS * MOVED + missed)) ] ||
		fail "the kernel had $left packets, from which $learned leases were learned"
	[ "$learned" -le $((over * LIST * 2)) ] ||
		fail "$learned leases were learned in place of $over in $2 ms"
}

plain_enough()
{
	[ $(($(device_packets router r2) - SENT)) -ge $((N * 5)) ]
}

# in_order_plain [SETTING...]: so it is without txpath.
in_order_plain()
{
	SENT=$(device_packets router r2)
	flood : plain_enough "$@"
}

# Leases may expire before the next ping. in_order checks whether they are used.
short_topology()
{
	add_topology
	offload r0 r2 compare-rate=0 "$@"
}

# Leases end a thousand times a second, or whenever the kernel's coarse clock moves.
test_order_lease_1()
{
	short_topology lease-ms=1
	in_order 1 :
}

test_order_lease_4()
{
	short_topology lease-ms=4
	in_order 4 :
}

test_order_lease_1000()
{
	RENEWALS=3
	short_topology lease-ms=1000
	in_order 1000 :
}

# With hardly any ratelimit to learn by, what is renewed is renewed all the same, and in order.
test_order_over_rate()
{
	add_topology
	over_rate_in_order
}

# What is miss waits until there is something to learn by.
over_rate_in_order()
{
	OTHERS+=(miss)
	offload r0 r2 compare-rate=20 lease-ms=4
	in_order 4 :
}

# With GRO a veth device has NAPI, which hands its packets up in lists: transit sees all of
# a list before the kernel forwards the first of it. veth_skb_is_eligible_for_gro wants no TSO
# at the other end; the bucket there lets several go at once, or a list would be of one.
gro_topology()
{
	ENOUGH=$((N * 3)) # the bucket is slow
	LIST=8 # net.core.gro_normal_batch
	add_topology
	in_ns router ethtool -K r0 gro on || skip "no GRO on veth here"
	in_ns client ethtool -K c0 tso off
	in_ns client tc qdisc add dev c0 root tbf rate 40mbit burst 30kb limit 1mb ||
		skip "no token bucket here"
}

# gro_in_order [SETTING...]
gro_in_order()
{
	in_order_plain "$@"
	offload r0 r2 compare-rate=0 lease-ms=4
	in_order 4 : "$@"
}

# Each third datagram ends its flow's lease. Of lists few others are taken over, and how many is up to how
# long the lists are, so to the machine; but each time there is a lease to renew.
mostly_the_kernels()
{
	ENOUGH=$((N / 10))
	RENEWALS=$((N * 2 / FLOWS))
}

test_order_gro()
{
	gro_topology
	gro_in_order
}

test_order_gro_over_rate()
{
	gro_topology
	over_rate_in_order
}

test_order_gro_forwarding()
{
	gro_topology
	in_ns router ethtool -K r0 rx-udp-gro-forwarding on || skip "no GRO of forwarded UDP here"
	gro_in_order
}

# Each third datagram is sent in fragments, which are the kernel's.
test_order_fragments()
{
	short_topology lease-ms=4
	mostly_the_kernels
	in_order 4 : big=2000 pmtudisc=0
}

# Nothing of a list is taken over behind what is the kernel's before egress has learned anew.
test_order_gro_fragments()
{
	gro_topology
	mostly_the_kernels
	gro_in_order big=2000 pmtudisc=0
}

# Each third datagram is beyond the MTU of the way out: the kernel cuts it.
test_order_gro_cut()
{
	gro_topology
	mostly_the_kernels
	run ip -n "$(ns router)" link set r2 mtu 1000
	gro_in_order big=1200 pmtudisc=0
}

# Several queues behind the output: with the socket still on a packet, or not, its queue
# must be the same.
test_order_queues()
{
	add_topology
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
	in_order 4 :
}

same_neighbour()
{
	ip -n "$(ns router)" neigh replace "${ADDRESS[server]}" lladdr "$SERVER_MAC" dev r2 nud reachable
}

test_order_neighbour_refreshed()
{
	short_topology lease-ms=4
	SERVER_MAC=$(ip netns exec "$(ns server)" cat /sys/class/net/s0/address)
	in_order 4 same_neighbour
}

# A route comes and goes that leads where the other one leads. A packet may be on its way just then, and
# the lease that is learned from it is over already.
same_route()
{
	MOVED=$((MOVED + 4))
	ip -n "$(ns router)" route replace "${ADDRESS[server]}/32" dev r2
	ip -n "$(ns router)" route del "${ADDRESS[server]}/32" dev r2
}

test_order_route_refreshed()
{
	short_topology lease-ms=4
	in_order 4 same_route
}

# accounts: packets and bytes of IP that the kernel has forwarded, and those taken over.
accounts()
{
	FORWARDED=$(snmp router Ip.ForwDatagrams)
	OCTETS=$(snmp router IpExt.InOctets)
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

	add_topology
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
