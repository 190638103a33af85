#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Where the kernel allows fentry: ip_output and __dev_queue_xmit fire exactly once for each
# packet, on the topology of lib.sh. The neighbours are fixed, so nothing but IPv4 is sent.
#
#   client c0 ==== r0 router r2 ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

# fix_neighbour NS DEV ADDRESS NS DEV
fix_neighbour()
{
	local mac

	mac=$(ip netns exec "$(ns "$4")" cat "/sys/class/net/$5/address")
	run ip -n "$(ns "$1")" neigh replace "$3" lladdr "$mac" dev "$2" nud permanent
}

quiet_topology()
{
	add_topology
	fix_neighbour client c0 10.7.1.1 router r0
	fix_neighbour router r0 "${ADDRESS[client]}" client c0
	fix_neighbour router r2 "${ADDRESS[server]}" server s0
	fix_neighbour server s0 10.7.3.1 router r2
	attach client c0
	attach router r0 r2
	attach server s0
	needs_fentry client
	count_from_here client c0
	count_from_here router r0 r2
	count_from_here server s0
}

probe()
{
	numbers "$1" stats "$2" | number "devices.$2.probes.$3.packets"
}

# missed NS PROBE: packets, of any device, that the kernel did not run the probe's program
# for, because a softirq sent them while it ran.
missed()
{
	ip netns exec "$(ns "$1")" "$TXPATH" --bpffs "$BPFFS" -j status |
		jq "[.hooks[] | select(.hook == \"$2\") | .missed // 0] | add"
}

# check_probes NS DEV PACKETS: each probe has seen exactly PACKETS, but for the packets
# that the kernel itself counts as missed.
check_probes()
{
	local got missed probe

	for probe in ip_output dev_queue_xmit egress; do
		got=$(probe "$1" "$2" $probe)
		missed=$(missed "$1" $probe)
		say "$2 $probe: $got, missed $missed"
		{ [ "$got" -le "$3" ] && [ $((got + missed)) -ge "$3" ]; } ||
			fail "$2: $probe has seen $got packets, not $3"
	done
}

# sent NS DEV: what the device has sent since attach.
sent()
{
	echo $(($(device_packets "$1" "$2") - SENT_BEFORE[$1/$2]))
}

test_fentry_counts()
{
	local expected=0 tcp_packets

	N=$((N < 2000 ? 2000 : N)) # 10,000 and more in all
	quiet_topology
	for words in connected=1 connected=0 cork=1 more=1; do
		udp client server "$N" "$words"
		expected=$((expected + N))
		check_probes client c0 $expected
		check_probes router r2 $expected
	done
	pings client server "$N"
	expected=$((expected + N))
	check_probes client c0 $expected
	check_probes router r2 $expected
	check_probes server s0 "$N"

	# How many packets a TCP connection takes is the kernel's to say: the device knows.
	tcp client server "$N" size=100
	until_true no_connections client server || fail "a connection is not closed"
	tcp_packets=$(($(sent client c0) - expected))
	[ $tcp_packets -ge "$N" ] || fail "TCP took only $tcp_packets packets"
	check_probes client c0 $((expected + tcp_packets))
	check_probes server s0 "$(sent server s0)"
	check_probes router r2 "$(sent router r2)"
	check_probes router r0 "$(sent router r0)"
	say "$(($(sent client c0) + $(sent server s0) + $(sent router r0) + $(sent router r2))) packets"
	[ "$(sent client c0)" -ge $((6 * N)) ] || fail "too few packets"
	check_parity client route next_hop dmac smac ttl tos df id options priority mark
	check_parity router route next_hop dmac smac ttl tos df id options priority
}

# Every hook of the set of probes's first fallback is there, and status says so.
test_fentry_status()
{
	quiet_topology
	txp client status
	numbers client status >"$WORK/status"
	for probe in ip_queue_xmit ip_build_and_send_pkt ip_make_skb ip_forward ip_output \
		dev_queue_xmit; do
		[ "$(hook client $probe)" = fentry ] || fail "$probe: $(hook client $probe)"
	done
}

run_test "$@"
