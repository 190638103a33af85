#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Transit: a router's devices in offload. What is forwarded is taken over; what stays the
# kernel's is for policy_*.sh.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server

# shellcheck disable=SC2119 # offloaded_topology takes settings that not every test here has
# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

test_transit_takes()
{
	local before taken

	offloaded_topology lease-ms=60000
	before=$(verdict r0 taken)
	udp client server "$N"
	tcp client server "$N" size=500
	taken=$(($(verdict r0 taken) - before))
	say "$taken taken"
	[ $((taken * 10)) -ge $((N * 2 * 9)) ] || fail "only $taken of $((N * 2)) and more were taken"
	check_parity router route next_hop dmac smac checksum
}

# Debian's kernels have AppArmor, and with it a hook at POST_ROUTING of every namespace.
test_transit_takes_nearly_all()
{
	local all taken

	offloaded_topology lease-ms=60000
	! grep -q ' apparmor_ip' /proc/kallsyms || say "AppArmor has a hook at POST_ROUTING"
	all=$(transit r0 packets)
	taken=$(verdict r0 taken)
	udp client server $((N * 20))
	all=$(($(transit r0 packets) - all))
	taken=$(($(verdict r0 taken) - taken))
	say "$taken of $all taken"
	[ $((taken * 100)) -gt $((all * 99)) ] || {
		txp router stats r0 >&2
		fail "only $taken of $all were taken"
	}
}

# All packets that transit has seen on r0.
arrived()
{
	numbers router stats r0 | number devices.r0.transit.packets
}

# in_step AHEAD: the client has sent so many more than transit has seen.
in_step()
{
	[ $(($(device_packets client c0) - $(arrived))) = "$1" ]
}

test_transit_counts_each_packet_once()
{
	local before

	offloaded_topology
	before=$(($(device_packets client c0) - $(arrived)))
	udp client server "$N"
	until_true in_step "$before" || {
		txp router stats r0 >&2
		fail "transit counted $(arrived), the client sent $(device_packets client c0), $before before"
	}
}

# reason DEV NAME: packets that DEV sent and that txpath counted so.
reason()
{
	numbers router stats "$1" | number "devices.$1.verdicts.$2.packets"
}

# counted_by_reason: r2 counted each packet that r0 took over as redirected, and 20 as no_dst.
counted_by_reason()
{
	[ $(($(reason r2 redirected) - REDIRECTED)) = $(($(verdict r0 taken) - TAKEN)) ] &&
		[ $(($(reason r2 no_dst) - NO_DST)) = 20 ]
}

# A packet that transit took over and one of a packet socket have no route at egress of r2.
test_transit_counts_redirected()
{
	offloaded_topology lease-ms=60000 compare-rate=0
	count_from_here router r2
	REDIRECTED=$(reason r2 redirected) NO_DST=$(reason r2 no_dst) TAKEN=$(verdict r0 taken)
	udp client server "$N"
	in_ns router "$TOOLS/frames" r2 "$(mac_of server s0)" 10.7.9.9 "${ADDRESS[server]}" count=20
	until_true counted_by_reason || {
		txp router stats >&2
		fail "$(reason r2 redirected) were counted as redirected, $REDIRECTED before;" \
			"$(reason r2 no_dst) as no_dst, $NO_DST before;" \
			"r0 took $(verdict r0 taken), $TAKEN before"
	}
	[ "$(verdict r0 taken)" -gt "$TAKEN" ] || fail "nothing was taken over"
	say "$(($(reason r2 redirected) - REDIRECTED)) redirected, 20 of a packet socket no_dst"
	check_counted router r2
}

# A few flows among thousands of places: they differ in nothing but the destination's last byte.
test_transit_neighbours_do_not_collide()
{
	local host

	offloaded_topology
	for host in $(seq 100 115); do
		run ip -n "$(ns server)" addr add "10.7.3.$host/24" dev s0
		until_true in_ns client ping -q -c 1 -W 2 "10.7.3.$host" >/dev/null
		in_ns client ping -q -c 5 -i 0.01 "10.7.3.$host" >/dev/null
	done
	[ "$(verdict r0 collision)" = 0 ] ||
		fail "$(verdict r0 collision) packets found another flow in their place"
}

# What arrives has one hop less, a right checksum, and the server's address on it.
test_transit_rewrites_as_the_kernel_does()
{
	local mac

	offloaded_topology
	mac=$(ip netns exec "$(ns server)" cat /sys/class/net/s0/address)
	READY='listening on' spawn capture ip netns exec "$(ns server)" \
		tcpdump -lnevvi s0 --immediate-mode -c 20 'icmp[0] == 8'
	in_ns client ping -q -c 20 -i 0.02 "${ADDRESS[server]}" >/dev/null
	wait "$PID" || :
	grep -q 'ttl 63' "$WORK/capture.out" || fail "no packet was captured"
	! grep -E 'bad cksum|ttl 6[^3]' "$WORK/capture.out" || fail "not what the kernel sends"
	! grep ' > .*ethertype' "$WORK/capture.out" | grep -v "> $mac" || fail "a wrong address"
}

test_transit_shadow_only_counts()
{
	add_topology
	txp router attach r0 r2 --mode shadow transit=on 2>"$WORK/said" || fail "$(cat "$WORK/said")"
	udp client server "$N"
	[ "$(verdict r0 would_take)" -gt 0 ] || {
		grep -q 'not possible' "$WORK/said" && skip "$(cat "$WORK/said")"
		fail "nothing would have been taken"
	}
	[ "$(verdict r0 taken)" = 0 ] || fail "shadow took packets"
}

test_transit_again_loses_nothing()
{
	local before sender

	offloaded_topology
	before=$(snmp client Icmp.InEchoReps)
	in_ns client ping -q -c 300 -i 0.01 "${ADDRESS[server]}" >"$WORK/ping" &
	sender=$!
	SPAWNED+=("$sender")
	offload r0 r2
	offload r0 r2
	wait "$sender" || :
	# ping does not wait for a last answer that is later than others were
	until_true answered $((before + 300)) || fail "$(cat "$WORK/ping")"
}

# answered ECHOES: the client has so many answers
answered()
{
	[ "$(snmp client Icmp.InEchoReps)" -ge "$1" ]
}

# SCTP's segments differ in size: the packet is a list of them (GSO_BY_FRAGS).
test_transit_takes_lists()
{
	[ -z "${TXPATH_GUEST:-}" ] || modprobe sctp || say "no module sctp"
	[ -e /proc/net/sctp ] || skip "no SCTP here"
	offloaded_topology lease-ms=60000
	tcp_server server protocol=132
	until_true takes_a_list || fail "no list was taken over"
	# what is too big is the kernel's, by the size of each; SCTP takes its time to send it again
	run ip -n "$(ns router)" link set r2 mtu 1000
	send client server tcpflow count=5 protocol=132 size=60000 &
	SPAWNED+=("$!")
	until_true list_is_too_big || fail "no list was too big"
}

# takes_a_list: more bytes are taken over than so many packets have that are no lists
takes_a_list()
{
	local bytes packets

	packets=$(verdict r0 taken)
	bytes=$(transit r0 verdicts.taken.bytes)
	send client server tcpflow count=50 protocol=132 size=60000
	packets=$(($(verdict r0 taken) - packets))
	bytes=$(($(transit r0 verdicts.taken.bytes) - bytes))
	say "$packets packets of $bytes bytes taken over"
	[ "$bytes" -gt $((packets * 1514)) ]
}

list_is_too_big()
{
	[ "$(verdict r0 too_big)" -gt 0 ]
}

test_transit_leaves_no_trace()
{
	offloaded_topology
	txp router detach r0 r2
	[ -z "$(pins)" ] || fail "pins are left: $(pins)"
	in_ns client ping -q -c 3 -i 0.1 "${ADDRESS[server]}" >/dev/null || fail "forwarding is broken"
}

run_test "$@"
