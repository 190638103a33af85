#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath probes: each probe that has a hook here has counted just the packets that were sent, and
# one that has none is said to be unobservable. Topology: ../../lib/trace.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/trace.sh
. "$(dirname "$0")/../../lib/trace.sh"

N=$((N < 200 ? N : 200))

# packets PROBE DEV [MEMBER]
packets()
{
	tail -n 1 "$WORK/watch.json" |
		jq --arg probe "$1" --arg dev "$2" --arg member "${3:-packets}" \
			'[.probes[] | select(.probe == $probe and .dev == $dev) | .[$member]] | add // 0'
}

# Segments that were sent once more, by the kernel's own count: a SYN that is not answered within a second.
AGAIN=0

# check_passed DEV PACKETS PROBE...: so many at each, but for those that the kernel itself says
# that it did not show to the probe's program.
check_passed()
{
	local dev=$1 got missed probe want=$2

	shift 2
	for probe; do
		if ! is_seen "$probe"; then
			[ -n "$(from_hook "$probe" unobservable)" ] || fail "$probe: not seen, and why is not said"
			[ -n "$(from_hook "$probe" errno)" ] || fail "$probe: not seen, without an errno"
			say "$probe: unobservable: $(from_hook "$probe" wanted): $(from_hook "$probe" errno)"
			continue
		fi
		got=$(packets "$probe" "$dev")
		missed=$(from_hook "$probe" missed)
		say "$probe $dev: $got of $want, sent again $AGAIN, missed $missed"
		{ [ "$got" -le $((want ? want + AGAIN : 0)) ] && [ $((got + missed)) -ge "$want" ]; } ||
			fail "$probe has seen $got packets on $dev, not $want: $(tail -n 1 "$WORK/watch.json")"
	done
}

# At least what needs no fentry was seen.
check_seen()
{
	local probe

	for probe; do
		is_seen "$probe" || fail "$probe has no hook: $(from_hook "$probe" errno)"
	done
}

DEVICE=(dev_queue_xmit pick_tx net_dev_queue net_dev_start_xmit net_dev_xmit)
IP=(ip_local_out ip_output ip_finish_output ip_finish_output2)
IP6=(ip6_local_out ip6_output ip6_finish_output ip6_finish_output2)

test_probes_udp()
{
	add_topology
	watch client probes proto=udp
	udp client server "$N"
	watched
	demand_fentry ip_queue_xmit ip_build_and_send_pkt ip_make_skb ip_forward ip_mc_output \
		ip_do_fragment "${IP[@]}" ip6_make_skb ip6_forward ip6_fragment "${IP6[@]}" neigh_output \
		dev_queue_xmit pick_tx
	check_passed c0 "$N" ip_make_skb "${IP[@]}" "${DEVICE[@]}"
	check_passed c0 0 ip_queue_xmit ip_build_and_send_pkt ip_forward ip_mc_output ip_do_fragment
	check_seen net_dev_queue net_dev_start_xmit net_dev_xmit drop
	# 64 bytes and two headers; and the link-layer header
	[ "$(packets net_dev_queue c0 bytes)" = $((N * (64 + 28 + 14))) ] ||
		fail "bytes: $(packets net_dev_queue c0 bytes)"
}

test_probes_forwarded()
{
	add_topology
	watch router probes proto=udp
	udp client server "$N"
	watched
	check_passed r2 "$N" ip_forward ip_output ip_finish_output ip_finish_output2 "${DEVICE[@]}"
	check_passed r2 0 ip_make_skb ip_local_out
	check_passed r0 0 "${DEVICE[@]}"
}

# How many segments a connection takes the device knows; nothing but TCP is sent meanwhile.
test_probes_tcp()
{
	local before sent

	add_topology
	without_arp
	in_ns client ethtool -K c0 tso off gso off >/dev/null
	watch client probes proto=tcp
	before=$(device_packets client c0)
	tcp client server "$((N / 10))" size=100
	until_true no_connections client server || fail "a connection is not closed"
	sent=$(($(device_packets client c0) - before))
	watched
	check_passed c0 "$sent" ip_queue_xmit "${IP[@]}" "${DEVICE[@]}"
	[ "$sent" -ge "$((N / 10))" ] || fail "TCP took $sent packets"
}

# A SYN-ACK has a probe of its own.
test_probes_synack()
{
	add_topology
	tcp_server server
	watch server probes "sport=$PORT"
	for _ in 1 2 3 4 5; do
		in_ns client socat -u /dev/null "TCP4:${ADDRESS[server]}:$PORT" || :
	done
	watched
	AGAIN=$(snmp server Tcp.RetransSegs)
	check_passed s0 5 ip_build_and_send_pkt
}

test_probes_icmp()
{
	add_topology
	watch client probes proto=icmp
	pings client server "$N"
	watched
	check_passed c0 "$N" ip_make_skb "${IP[@]}" "${DEVICE[@]}"
}

# 4,000 bytes and two headers are three packets of 1,500.
test_probes_fragments()
{
	add_topology
	watch client probes proto=icmp
	in_ns client ping -q -c 20 -i 0.01 -s 4000 "${ADDRESS[server]}" >&2
	watched
	check_passed c0 20 ip_make_skb ip_local_out ip_output ip_finish_output ip_do_fragment
	check_passed c0 60 ip_finish_output2 "${DEVICE[@]}"
}

# send_with PROTOCOL ADDRESS COUNT: datagrams of socat's.
send_with()
{
	local i

	for ((i = 0; i < $3; i++)); do
		echo "$i" | ip netns exec "$(ns client)" socat -u - "$1:$2"
	done
}

# A group that nobody here has joined goes by ip_output, and one that this host is in by
# ip_mc_output (__mkroute_output).
test_probes_multicast()
{
	add_topology
	run ip -n "$(ns client)" route add 239.7.7.0/24 dev c0
	watch client probes dst=239.7.7.0/24
	send_with UDP4-DATAGRAM 239.7.7.7:7007,ip-multicast-loop=0 20
	send_with UDP4-DATAGRAM \
		239.7.7.8:7007,ip-multicast-loop=0,ip-add-membership=239.7.7.8:c0 30
	watched
	check_passed c0 20 ip_output
	check_passed c0 30 ip_mc_output
	check_passed c0 50 ip_make_skb ip_local_out ip_finish_output ip_finish_output2 "${DEVICE[@]}"
}

# A copy is looped back, which netfilter sees as well.
test_probes_broadcast()
{
	add_topology
	watch client probes dst=10.7.1.255
	send_with UDP4-DATAGRAM 10.7.1.255:7007,broadcast 20
	watched
	check_passed c0 20 ip_make_skb ip_local_out "${DEVICE[@]}"
	if [[ $(from_hook ip_mc_output got) = fentry* ]]; then
		check_passed c0 20 ip_mc_output
	else
		check_passed c0 40 ip_mc_output
	fi
	check_passed c0 0 ip_output
}

test_probes_inet6()
{
	add_both_paths
	watch client probes dst=fd07:3::2
	send_with UDP6-DATAGRAM '[fd07:3::2]:7007' 20
	in_ns client ping -q -f -c "$N" fd07:3::2 >&2
	watched
	check_passed c0 $((N + 20)) ip6_make_skb "${IP6[@]}" "${DEVICE[@]}"
	check_passed c0 0 "${IP[@]}"
}

test_probes_inet6_forwarded()
{
	add_both_paths
	watch router probes dst=fd07:3::2
	in_ns client ping -q -f -c "$N" fd07:3::2 >&2
	watched
	check_passed r2 "$N" ip6_forward ip6_output ip6_finish_output ip6_finish_output2 "${DEVICE[@]}"
}

# A SYN for each attempt, which the server refuses.
test_probes_inet6_tcp()
{
	local i

	add_both_paths
	watch client probes proto=tcp dst=fd07:3::/64
	for ((i = 0; i < 10; i++)); do
		in_ns client socat -u /dev/null 'TCP6:[fd07:3::2]:9' 2>/dev/null || :
	done
	watched
	AGAIN=$(snmp client Tcp.RetransSegs)
	check_passed c0 10 ip6_xmit "${IP6[@]:1}" "${DEVICE[@]}"
	# ip6_xmit calls netfilter itself
	if [[ $(from_hook ip6_local_out got) = fentry* ]]; then
		check_passed c0 0 ip6_local_out
	else
		check_passed c0 10 ip6_local_out
	fi
}

test_probes_inet6_fragments()
{
	add_both_paths
	watch client probes dst=fd07:3::2
	in_ns client ping -q -c 20 -i 0.01 -s 4000 fd07:3::2 >&2
	watched
	check_passed c0 20 ip6_make_skb ip6_local_out ip6_output ip6_finish_output ip6_fragment
	check_passed c0 60 "${DEVICE[@]}"
}

test_probes_inet6_multicast()
{
	add_both_paths
	watch client probes dst=ff02::7
	send_with UDP6-DATAGRAM '[ff02::7%c0]:7007' 20
	watched
	check_passed c0 20 ip6_make_skb "${IP6[@]}" "${DEVICE[@]}"
}

# What waits in a qdisc and what is sent from it.
test_probes_qdisc()
{
	add_topology
	run ip netns exec "$(ns client)" tc qdisc add dev c0 root tbf rate 10mbit burst 5k limit 1m || skip "no qdisc here"
	watch client probes proto=udp
	udp client server 50
	watched
	if is_seen qdisc_enqueue; then
		check_passed c0 50 qdisc_enqueue
	else
		say "qdisc_enqueue: $(from_hook qdisc_enqueue errno)"
	fi
	check_passed c0 50 qdisc_dequeue net_dev_xmit
}

# Each filter by itself: of two flows just the one.
test_probes_filters()
{
	local filter

	add_topology
	for filter in proto=udp src=10.7.1.2 dst=10.7.3.0/24 host=10.7.3.2 sport=7100 dport=7200 \
		port=7200 mark=7 mark=0x17/0xf dev=c0; do
		watch client probes "$filter" proto=udp
		in_ns client "$TOOLS/udpgen" 10.7.3.2 7200 sport=7100 mark=7 count=10 loose=1 >&2
		in_ns client "$TOOLS/udpgen" 10.7.2.1 7300 sport=7500 mark=8 count=10 loose=1 bound=0 >&2
		watched
		case $filter in
		proto=udp)
			check_passed c0 10 net_dev_queue
			check_passed c1 10 net_dev_queue
			;;
		*)
			check_passed c0 10 net_dev_queue
			check_passed c1 0 net_dev_queue
			;;
		esac
	done
}

# Rows whose number differs by a multiple of their places: one has the place, the other is counted
# all the same.
test_probes_of_one_place()
{
	local first

	add_topology
	first=$(ip netns exec "$(ns client)" cat /sys/class/net/c0/ifindex)
	in_batch client <<-END
		link add p0 index $((first + 64)) type veth peer name p1
		addr add 10.7.6.2/24 dev p0
		link set p0 up
		link set p1 up
		neigh add 10.7.6.1 lladdr 02:00:00:00:06:01 dev p0 nud permanent
	END
	watch client probes proto=udp
	in_ns client "$TOOLS/udpgen" 10.7.6.1 7099 count=30 loose=1 >&2
	udp client server "$N"
	in_ns client "$TOOLS/udpgen" 10.7.6.1 7099 count=30 loose=1 >&2
	watched
	check_passed c0 "$N" "${DEVICE[@]}"
	check_passed p0 60 "${DEVICE[@]}"
}

# A packet with an address of one family does not pass the other one's probes.
test_probes_of_one_family()
{
	add_topology
	watch client probes dst=10.7.3.2
	watched
	[ -n "$(from_hook ip_output wanted)" ] || fail "IPv4 is not probed"
	[ -z "$(from_hook ip6_output wanted)" ] || fail "IPv6 is probed"
	watch client probes host=fd07:3::2
	watched
	[ -z "$(from_hook ip_output wanted)" ] || fail "IPv4 is probed"
	[ -n "$(from_hook ip6_output wanted)" ] || fail "IPv6 is not probed"
	[ -n "$(from_hook net_dev_queue wanted)" ] || fail "the device layer is not probed"
}

# Where fentry is refused, a device that is named has the device layer's entry at TC egress: ahead of
# the program of txpath attach, and of what is not sent after all. Another device is not seen.
test_probes_of_one_device()
{
	add_topology
	txp client attach c0 2>"$WORK/said" || fail "$(cat "$WORK/said")"
	watch client probes dev=c0 proto=udp
	udp client server "$N"
	in_ns client "$TOOLS/udpgen" 10.7.2.1 7300 count=10 loose=1 bound=0 >&2
	spawn other ip netns exec "$(ns client)" "$TOOLS/other" c0 drop egress
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7098 count=20 loose=1 >&2
	watched
	say "dev_queue_xmit: $(from_hook dev_queue_xmit got)"
	check_passed c0 $((N + 20)) dev_queue_xmit
	check_passed c0 "$N" pick_tx net_dev_queue
	check_passed c1 0 dev_queue_xmit net_dev_queue
}

# A device above another: the same packets, at the probes of both.
test_probes_stacked()
{
	add_topology
	in_batch client <<-END || skip "no macvlan here"
		link add m0 link c0 type macvlan mode bridge
		addr add 10.7.5.1/24 dev m0
		link set m0 up
		neigh add 10.7.5.2 lladdr 02:00:00:00:05:02 dev m0 nud permanent
	END
	watch client probes dst=10.7.5.2
	in_ns client "$TOOLS/udpgen" 10.7.5.2 7099 count=20 loose=1 >&2
	watched
	check_passed m0 20 ip_make_skb "${IP[@]}" "${DEVICE[@]}"
	check_passed c0 20 "${DEVICE[@]}"
}

# Only what was asked for has programs.
test_probes_of_one_probe()
{
	add_topology
	watch client probes probe=net_dev_xmit proto=udp
	udp client server 10
	watched
	check_passed c0 10 net_dev_xmit
	[ "$(tail -n 1 "$WORK/watch.json" | jq '.hooks | length')" = 2 ] || fail "more hooks than asked for: $(tail -n 1 "$WORK/watch.json" | jq -c "[.hooks[].probe]")"
	refuses 2 'no such probe' "$TXPATH" --netns "$(ns client)" probes probe=nowhere
}

# If nothing of a packet is asked but its place, the driver's answers count what it was given too.
test_probes_of_any_packet()
{
	local before sent

	add_topology
	without_arp
	watch client probes dev=c0
	before=$(device_packets client c0)
	udp client server "$N"
	pings client server 10
	sent=$(($(device_packets client c0) - before))
	watched
	[ "$sent" -ge $((N + 10)) ] || fail "$sent packets are sent"
	[ "$(from_hook net_dev_start_xmit got)" = tp_btf/net_dev_xmit ] || fail "$(from_hook net_dev_start_xmit got)"
	check_passed c0 "$sent" net_dev_queue net_dev_start_xmit net_dev_xmit
	[ "$(packets net_dev_start_xmit c0 bytes)" = "$(packets net_dev_queue c0 bytes)" ] || fail "net_dev_start_xmit has $(packets net_dev_start_xmit c0 bytes) bytes, net_dev_queue $(packets net_dev_queue c0 bytes)"
	watch client probes dev=c0 probe=net_dev_xmit
	udp client server 10
	watched
	check_passed c0 10 net_dev_xmit
	[ "$(tail -n 1 "$WORK/watch.json" | jq '.hooks | length')" = 1 ] || fail "more hooks than asked for: $(tail -n 1 "$WORK/watch.json" | jq -c "[.hooks[].probe]")"
}

# One program stands for two probes where fentry is refused: that which was named is counted.
test_probes_of_one_hook_of_two()
{
	add_topology
	run ip -n "$(ns client)" route add 239.7.7.0/24 dev c0
	watch client probes probe=ip_output proto=udp
	send_with UDP4-DATAGRAM 239.7.7.7:7007,ip-multicast-loop=0 20
	send_with UDP4-DATAGRAM 239.7.7.8:7007,ip-multicast-loop=0,ip-add-membership=239.7.7.8:c0 30
	watched
	check_seen ip_output
	check_passed c0 20 ip_output
	check_passed c0 0 ip_mc_output
}

# A bad filter is refused, and no session starts.
test_probes_usage()
{
	local word

	add_topology
	for word in src=10.7.1 src=10.7.1.2/33 dst=fd07::/129 sport=0 port=65536 proto=nothing \
		mark=x mark=1/y colour=red c0 dport=; do
		refuses 2 "${word%%=*}" "$TXPATH" --netns "$(ns client)" probes "$word"
	done
	refuses 1 'dev=c9' "$TXPATH" --netns "$(ns client)" probes dev=c9
}

# Once a second, with rates; killed it leaves nothing.
test_probes_leave_no_trace()
{
	add_topology
	watch client probes -i 0.2 dev=c0
	pings client server 20
	until_true has_rates
	PROGRAMS=$(trace_programs)
	[ -n "$PROGRAMS" ] || fail "the session has no programs"
	kill -9 "$WATCH"
	wait "$WATCH" || :
	until_true programs_gone || fail "programs are left of $PROGRAMS"
	[ -z "$(pins)" ] || fail "pins are left: $(pins)"
}

has_rates()
{
	[ "$(grep -c packets_per_s "$WORK/watch.json")" -ge 3 ]
}

# trace_programs: the ids of the programs of the session, by its descriptors; others may trace too
trace_programs()
{
	cat "/proc/$WATCH"/fdinfo/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -un | tr '\n' ' ' || :
}

programs_gone()
{
	local id

	for id in $PROGRAMS; do
		! bpftool prog show id "$id" >/dev/null 2>&1 || return 1
	done
}

run_test "$@"
