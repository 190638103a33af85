#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Real traffic on the topology of lib.sh, with txpath on every device that it leaves:
#
#   client c0 ==== r0 router r2 ==== s0 server
#       egress     egress   egress   egress
#
# No field may differ, what can be compared must have been, and each device's reasons add up
# to the packets that the device says it has sent.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

attached_topology()
{
	add_topology
	attach client c0
	attach router r0 r2
	attach server s0
	count_from_here client c0
	count_from_here router r0 r2
	count_from_here server s0
}

# seen_by PROBE FIELD...: the fields, where the client's kernel lets fentry watch the probe.
seen_by()
{
	[ "$(hook client "$1")" != fentry ] || echo "${@:2}"
}

# What a router compares of a packet that it has received.
forwarded_fields()
{
	case $(hook router ip_forward) in
	fentry) echo ttl tos df id options priority mark ;;
	tp_btf) echo ttl tos df id options priority ;;
	esac
}

# check_all FIELDS: of both senders, beside what is always seen; of the router, all it can see.
check_all()
{
	local forwarded name sent

	read -ra sent <<<"$1"
	for name in client server; do
		check_parity $name "${ALWAYS[@]}" "${sent[@]}"
	done
	read -ra forwarded <<<"$(forwarded_fields)"
	check_parity router "${ALWAYS[@]}" "${forwarded[@]}"
	check_counted client c0
	check_counted router r0 r2
	check_counted server s0
}

tcp_flows()
{
	tcp client server "$N" size=200
	tcp server client "$N" size=200
	check_all "ttl tos df options priority mark headroom $(seen_by ip_queue_xmit id)"
}

both_ways()
{
	udp client server "$N" "$@"
	udp server client "$N" "$@"
}

udp_connected_flows()
{
	both_ways connected=1
	check_all "headroom $(seen_by ip_make_skb ttl tos df options priority mark)"
}

udp_unconnected_flows()
{
	both_ways
	check_all "headroom $(seen_by ip_make_skb ttl tos df options priority mark)"
}

udp_corked_flows()
{
	both_ways cork=1 size=700
	both_ways more=1 size=700
	both_ways more=1 size=700 connected=1
	check_all "headroom $(seen_by ip_make_skb ttl tos df options priority mark)"
}

icmp_flows()
{
	pings client server "$N"
	pings server client "$N"
	check_all "headroom $(seen_by ip_make_skb ttl tos df options priority mark)"
}

# Through the router, some of it in packets that its GRO has made large.
forward_flows()
{
	in_ns router ethtool -K r0 gro on || :
	in_ns router ethtool -K r2 gro on || :
	both_ways connected=1
	both_ways tos=0x10
	tcp client server "$N" size=200
	tcp client server $((N / 20)) size=65536
	pings client server $((N / 10))
	check_all ""
}

SETTINGS=(ttl=9 ttl=255 tos=0x10 tos=0xb8 tos=0x03 priority=0 priority=5 priority=0x10001 mark=0
	mark=0x1234 options=4 options=40)
for mode in 0 1 2 3 4 5; do
	SETTINGS+=("pmtudisc=$mode" "pmtudisc=$mode tos=0x08 ttl=77 priority=3 mark=7")
done
MESSAGE_SETTINGS=(cmsg_ttl=5 cmsg_tos=0x10 "cmsg_ttl=9 cmsg_tos=0xb8"
	"cmsg_ttl=5 cmsg_tos=0x10 ttl=7 tos=0x08 priority=4")

# with_each FROM TO PROGRAM SETTING... -- WORDS...: sends with each of the words.
with_each()
{
	local sender=() words

	while [ "$1" != -- ]; do
		sender+=("$1")
		shift
	done
	shift
	for words; do
		# shellcheck disable=SC2086 # a list
		send "${sender[@]}" $words
	done
}

# udp_with_each COUNT SETTING... -- WORDS...
udp_with_each()
{
	local common=("$@") i=0

	while [ "${common[i]}" != -- ]; do
		i=$((i + 1))
	done
	udp_sink server $(($1 * ($# - i - 1)))
	with_each client server udpgen "count=$1" "${@:2}"
	sink_filled
}

sockopts_flows()
{
	local each=$((N / 20 + 1)) kind

	tcp_server server
	with_each client server tcpflow count=$each size=100 -- "${SETTINGS[@]}"
	for kind in connected=1 connected=0 cork=1; do
		udp_with_each $each $kind -- "${SETTINGS[@]}" "${MESSAGE_SETTINGS[@]}"
	done
	udp server client $each
	tcp server client $each
	check_all "$(seen_by ip_make_skb ttl tos df options priority mark)"
}

# Traffic that needs nothing but the plain topology shares one. Each kind is a result of its own.
test_parity_plain()
{
	local kind

	attached_topology
	for kind in tcp udp_connected udp_unconnected udp_corked icmp sockopts forward; do
		say "parity_$kind"
		compare_from_here client router server
		"${kind}_flows"
		shown ok "parity_$kind"
	done
}

test_parity_route_mtu()
{
	local each=$((N / 4)) route

	attached_topology
	for route in "mtu 1300" "mtu lock 1000" "mtu 1200 hoplimit 33" "hoplimit 5"; do
		# shellcheck disable=SC2086 # words
		run ip -n "$(ns client)" route replace default via 10.7.1.1 $route
		# shellcheck disable=SC2086
		run ip -n "$(ns router)" route replace 10.7.3.0/24 dev r2 $route
		udp client server $each size=900 connected=1
		udp client server $each size=900 pmtudisc=2
		udp client server $each size=3000 pmtudisc=0
		tcp client server $each size=3000
	done
	check_all "headroom $(seen_by ip_make_skb ttl tos df options priority mark)"
}

# Cut by the sender, and again by the router.
test_parity_fragments()
{
	local each=$((N / 4))

	attached_topology
	run ip -n "$(ns router)" link set r2 mtu 1000
	run ip -n "$(ns server)" link set s0 mtu 1000
	udp client server $each size=8000 pmtudisc=0
	udp client server $each size=8000 pmtudisc=0 connected=1
	udp client server $each size=1400 pmtudisc=0
	udp server client $each size=8000 pmtudisc=0
	check_all "headroom"
}

# Datagrams last: a device that cannot cut them itself is given, and counts, the pieces.
test_parity_gso()
{
	local pieces=(10 size=10000 gso=1000 connected=1)

	attached_topology
	tcp client server $((N / 10)) size=65536
	tcp server client $((N / 10)) size=65536
	check_all "gso ttl tos df priority mark $(seen_by ip_queue_xmit id)"
	udp_segments client server $((N / 10)) "${pieces[@]}"
	udp_segments server client $((N / 10)) "${pieces[@]}"
	check_parity client gso
	check_parity router
	check_parity server gso
}

run_test "$@"
