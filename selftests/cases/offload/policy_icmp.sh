#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A client that explores the path gets the same ICMP messages with and without txpath.
# Topology: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

# A dump of what the client was told, without what differs from one time to the next.
told()
{
	sed -E 's/^[0-9:.]+ //; s/\bid [0-9]+/id/g; s/\[bad udp cksum [^]]*\] //;
		s/(([0-9]+\.){4})[0-9]+ > /\1port > /' "$WORK/$1.out" |
		grep -vE '^(tcpdump|listening|([0-9]+ )?packets)'
}

ping_once()
{
	settle
	ip netns exec "$(ns client)" ping -c 1 -W 10 "$@" >&2 || :
}

udp_once()
{
	settle
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 loose=1 "$@" >&2
}

look_along_the_path()
{
	local ttl

	for ttl in 1 2 3; do
		ping_once -t $ttl "${ADDRESS[server]}"
		udp_once ttl=$ttl
		udp_once ttl=$ttl tos=8 pmtudisc=2
	done
}

look_for_its_mtu()
{
	router_ip link set r2 mtu 1000
	run ip -n "$(ns client)" route flush cache
	ping_once -M 'do' -s 1200 "${ADDRESS[server]}"
	udp_once size=1200 pmtudisc=3
	router_ip link set r2 mtu 1500
}

look_for_hosts()
{
	ping_once 10.7.3.99
	ping_once 10.99.0.1
	settle
	server_answers off
	router_ip neigh del "${ADDRESS[server]}" dev r2
	ip netns exec "$(ns client)" ping -c 1 -W 10 "${ADDRESS[server]}" >&2 || :
	server_answers on
	settle
	send_odd daddr=10.7.5.5 count=1
}

LAST_PORT=33435 # of the router, where nobody listens either

# look_about NAME: everything a client can ask about a path.
look_about()
{
	READY='listening on' spawn "$1" ip netns exec "$(ns client)" tcpdump -lnvvi c0 \
		--immediate-mode 'icmp and icmp[0] != 8 and icmp[0] != 0'
	look_along_the_path
	look_for_its_mtu
	look_for_hosts
	in_ns client "$TOOLS/udpgen" 10.7.1.1 $LAST_PORT >&2
	until_true grep -q "udp port $LAST_PORT unreachable" "$WORK/$1.out" || fail "the dump has no end"
	kill "$PID"
	wait "$PID" || :
}

test_policy_looks_the_same()
{
	local text

	add_topology
	all_errors_are_sent
	router_ip neigh replace 10.7.1.77 lladdr "$(mac_of client c0)" dev r0 nud permanent
	router_ip route add 10.7.5.5 via 10.7.1.77 dev r0
	look_about without
	for text in 'time exceeded' 'need to frag' 'host 10.7.3.99 unreachable' \
		'host 10.7.3.2 unreachable' 'net 10.99.0.1 unreachable' 'redirect' \
		'udp port 33434 unreachable'; do
		told without | grep -q "$text" || {
			told without >&2
			fail "without txpath nothing says '$text'"
		}
	done
	offload_for_long
	look_about with
	diff <(told without) <(told with) >&2 || fail "the client is told something else"
}

run_test "$@"
