#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What changes while packets are on their way: next hops that do not answer yet, sockets whose packets
# wait for one, and everything at once. Topology, and what must hold: ../../lib/scenarios.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/scenarios.sh
. "$(dirname "$0")/../../lib/scenarios.sh"

SETTLE_MS=$CHANGES_SETTLE

# Routers that do not answer for their address, and know those who ask.
hide_next_hops()
{
	in_ns router sysctl -qw net.ipv4.conf.r0.arp_ignore=8
	in_ns server sysctl -qw net.ipv4.conf.s0.arp_ignore=8
	in_ns client sysctl -qw net.ipv4.neigh.c0.mcast_solicit=1000
	in_ns router sysctl -qw net.ipv4.neigh.r2.mcast_solicit=1000
	run ip -n "$(ns router)" neigh replace "${ADDRESS[client]}" lladdr "$(mac_of client c0)" \
		dev r0 nud permanent
	run ip -n "$(ns server)" neigh replace 10.7.3.1 lladdr "$(mac_of router r2)" \
		dev s0 nud permanent
}

asked_for()
{
	ip -n "$(ns "$1")" neigh show "$2" | grep -q INCOMPLETE
}

# introduce NS ADDRESS DEV MAC: when it has been asked for.
introduce()
{
	until_true asked_for "$1" "$2" || fail "$1 does not ask for $2"
	run ip -n "$(ns "$1")" neigh replace "$2" lladdr "$4" dev "$3" nud reachable
}

forget_next_hops()
{
	run ip -n "$(ns client)" neigh flush dev c0
	run ip -n "$(ns router)" neigh flush dev r2
}

# All that was sent waits at the client, then at the router.
skip_compare()
{
	introduce client 10.7.1.1 c0 "$(mac_of router r0)"
	introduce router "${ADDRESS[server]}" r2 "$(mac_of server s0)"
}

udp_that_waits()
{
	forget_next_hops
	udp_sink server 50
	send client server udpgen count=50 "$@"
	skip_compare
	sink_filled
}

# A SYN whose socket changes while it waits.
# shellcheck disable=SC2034
tcp_that_waits()
{
	local READY='^connecting' # for spawn

	forget_next_hops
	spawn "waits$PORT" ip netns exec "$(ns client)" "$TOOLS/tcpflow" "${ADDRESS[server]}" \
		$PORT late=1 count=10 "$@"
	skip_compare
	wait_for "$PID" "waits$PORT"
}

test_scenario_waiting()
{
	local i

	attach_all
	hide_next_hops
	for i in {1..5}; do
		udp_that_waits
		udp_that_waits connected=1 tos=0x10 ttl="$i"0
		tcp_server server
		tcp_that_waits
		tcp_that_waits tos=0x10 priority=6
		tcp_that_waits ttl=77 mark=3 tos=0xb8
		tcp_that_waits options=8 pmtudisc=0
	done
	check_all "${ALWAYS[@]}" ttl tos df
	[ "$(hook client ip_queue_xmit)" = fentry ] || shows client unknown ttl tos priority mark
}

# background NAME NS COMMAND...: leaves its pid in PID.
background()
{
	local log=$WORK/$1.out

	say "+ ${*:3} &"
	ip netns exec "$(ns "$2")" "${@:3}" >"$log" 2>&1 &
	PID=$!
	SPAWNED+=("$PID")
}

# Retransmissions come at once, so that TCP keeps up with the changes.
RTO="rto_min 5ms"

# change N: of each kind once; c0's traffic goes through c1 while c0 is down.
change()
{
	local other="via 10.7.1.9 dev c0 hoplimit 40"

	[ $(($1 % 2)) = 0 ] || other="via 10.7.1.1 dev c0 mtu lock 1300"
	ip -n "$(ns client)" -batch - <<-END
		route replace default $other $RTO
		neigh replace 10.7.1.1 lladdr 02:00:00:00:00:99 dev c0 nud reachable
		neigh replace 10.7.1.1 lladdr $2 dev c0 nud reachable
		link set c0 mtu $((1200 + $1 % 2 * 300))
		addr add 10.7.1.77/24 dev c0
		addr del 10.7.1.77/24 dev c0
		addr del 10.7.2.2/24 dev c1
		addr add 10.7.2.2/24 dev c1
		route replace default via 10.7.2.1 dev c1 metric 100 $RTO
		link set c0 down
		link set c0 up
		route replace default via 10.7.1.1 dev c0 $RTO
	END
	ip -n "$(ns router)" -batch - <<-END
		link set r2 mtu $((1500 - $1 % 2 * 200))
		route replace 10.7.3.0/24 dev r2 hoplimit $((40 + $1))
	END
}

sends_again()
{
	[ "$(device_packets client c0)" -gt "$1" ]
}

test_scenario_many_changes()
{
	local flows=() i mac

	attach_all
	mac=$(mac_of router r0)
	client_ip route replace default via 10.7.1.1 rto_min 5ms
	tcp_server server
	background tcp client "$TOOLS/tcpflow" "${ADDRESS[server]}" "$PORT" count=1000000000 \
		size=3000
	flows+=("$PID")
	udp_sink server 1000000000
	background udp client "$TOOLS/udpgen" "${ADDRESS[server]}" "$PORT" count=1000000000 \
		size=1400 pmtudisc=0 loose=1
	flows+=("$PID")
	for i in {1..100}; do
		change "$i" "$mac"
		until_true sends_again "$(device_packets client c0)" || fail "no packets after change $i"
	done
	for i in "${flows[@]}"; do
		kill "$i" || fail "a sender has given up"
		wait "$i" || :
	done
	# what a device drops while it is down has passed us, and is not counted as sent
	no_mismatch route next_hop dmac smac tot_len checksum mtu
}

run_test "$@"
