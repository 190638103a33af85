#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Inputs of the decisions move while packets are sent: a packet whose decision and check fall on
# either side of a change is unknown, never a mismatch. On the road of lib.sh,
#
#   client c0 ==== r0 router r2 ==== s0 server
#          c1 ==== r1

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

sender()
{
	send client server tcpflow count=$((N * 5)) size=500
	send client server udpgen count=$((N * 5))
}

trace_topology()
{
	SETTLE_MS=$CHANGES_SETTLE
	add_topology
	in_ns router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.r0.rp_filter=0 \
		net.ipv4.conf.r1.rp_filter=0
	attach client c0 c1
	attach router r0 r1 r2
	count_from_here client c0 c1
}

# under_load MOVE...: runs MOVE with a growing number until the packets are all sent.
under_load()
{
	local client i=0

	compare_from_here client router
	tcp_server server
	sender &
	client=$!
	SPAWNED+=("$client")
	while kill -0 "$client" 2>/dev/null; do
		i=$((i + 1))
		"$@" $i
	done
	wait "$client" || fail "the sender failed"
	say "$i moves"
	[ $i -gt 1 ] || fail "nothing moved"
	txp client parity
	txp router parity
	check_parity client route next_hop dmac smac tot_len checksum
	check_parity router route next_hop dmac smac tot_len checksum
	check_counted client c0 c1
}

move_route()
{
	case $(($1 % 4)) in
	0) ip -n "$(ns client)" route replace default via 10.7.1.1 ;;
	1) ip -n "$(ns client)" route replace default via 10.7.1.9 hoplimit 40 ;;
	2) ip -n "$(ns client)" route replace default via 10.7.2.1 ;;
	3) ip -n "$(ns client)" route replace default via 10.7.1.1 mtu lock 1200 ;;
	esac
}

move_rule()
{
	ip -n "$(ns client)" rule add to "${ADDRESS[server]}" priority 100 lookup 7
	ip -n "$(ns client)" rule del to "${ADDRESS[server]}" priority 100 lookup 7
}

# The same address at another MAC and back: what the kernel does when a router fails over.
move_neighbour()
{
	local mac

	mac=$(ip netns exec "$(ns router)" cat /sys/class/net/r0/address)
	ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr 02:00:00:00:00:99 dev c0 nud reachable
	ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr "$mac" dev c0 nud reachable
}

move_mtu()
{
	ip -n "$(ns client)" link set c0 mtu $((1200 + $1 % 2 * 300))
}

# On one road, each a result of its own.
test_changed_inputs()
{
	local what

	trace_topology
	for what in route rule neighbour mtu; do
		say "changed_$what"
		run ip -n "$(ns client)" route replace default via 10.7.1.1
		under_load "move_$what"
		shown ok "changed_$what"
	done
}

run_test "$@"
