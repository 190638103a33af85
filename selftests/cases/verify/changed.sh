#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The inputs of decisions change while packets are sent. A packet whose decision and check fall on
# two sides of a change is unknown, never a mismatch. The topology of lib.sh:
#
#   client c0 ==== r0 router r2 ==== s0 server
#          c1 ==== r1

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

sender()
{
	send client server tcpflow count=$((N * 3)) size=500
	send client server udpgen count=$((N * 3))
}

attached_topology()
{
	SETTLE_MS=$CHANGES_SETTLE
	add_topology
	in_ns router sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.r0.rp_filter=0 \
		net.ipv4.conf.r1.rp_filter=0
	attach client c0 c1
	attach router r0 r1 r2
	count_from_here client c0 c1
}

# under_load CHANGE...: runs CHANGE with a growing number until all packets are sent.
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
	say "$i changes"
	[ $i -ge 4 ] || fail "$1: only $i changes while packets were sent, at least 4 are needed"
	txp client parity
	txp router parity
	check_parity client route next_hop dmac smac tot_len checksum
	check_parity router route next_hop dmac smac tot_len checksum
	check_counted client c0 c1
}

change_route()
{
	case $(($1 % 4)) in
	0) ip -n "$(ns client)" route replace default via 10.7.1.1 ;;
	1) ip -n "$(ns client)" route replace default via 10.7.1.9 hoplimit 40 ;;
	2) ip -n "$(ns client)" route replace default via 10.7.2.1 ;;
	3) ip -n "$(ns client)" route replace default via 10.7.1.1 mtu lock 1200 ;;
	esac
}

change_rule()
{
	ip -n "$(ns client)" rule add to "${ADDRESS[server]}" priority 100 lookup 7
	ip -n "$(ns client)" rule del to "${ADDRESS[server]}" priority 100 lookup 7
}

# The same address at another MAC and back: what the kernel does when a router fails over.
change_neighbour()
{
	local mac

	mac=$(ip netns exec "$(ns router)" cat /sys/class/net/r0/address)
	ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr 02:00:00:00:00:99 dev c0 nud reachable
	ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr "$mac" dev c0 nud reachable
}

change_mtu()
{
	ip -n "$(ns client)" link set c0 mtu $((1200 + $1 % 2 * 300))
}

# All on one topology. Each is a result of its own.
test_changed_inputs()
{
	local what

	attached_topology
	for what in route rule neighbour mtu; do
		say "changed_$what"
		run ip -n "$(ns client)" route replace default via 10.7.1.1
		under_load "change_$what"
		shown ok "changed_$what"
	done
}

run_test "$@"
