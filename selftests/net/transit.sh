#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Transit: a router's devices in offload. What is forwarded is taken over, and whatever the
# kernel would not have forwarded so stays the kernel's, under its own reason.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# offload [DEV...]: of the router; where the kernel has no place for transit, it says so.
offload()
{
	local said

	said=$(txp router attach "$@" --mode offload 2>&1) || {
		grep -q 'transit' <<<"$said" || fail "$said"
		skip "$said"
	}
}

# verdict DEV NAME: packets that transit counted so.
verdict()
{
	numbers router stats "$1" | number "devices.$1.transit.verdicts.$2.packets"
}

# is_taken: the client's flow to the server has a lease.
is_taken()
{
	local before

	before=$(verdict r0 taken)
	in_ns client ping -q -c 2 -i 0.1 "${ADDRESS[server]}" >/dev/null
	[ "$(verdict r0 taken)" -gt "$before" ]
}

offloaded_road()
{
	add_road
	offload r0 r2
	until_true is_taken || fail "nothing is taken over"
}

# no_answer: none of ten pings comes back, as without txpath.
no_answer()
{
	! in_ns client ping -q -c 10 -i 0.02 -W 1 "${ADDRESS[server]}" >/dev/null 2>&1
}

# declined NAME: it was for this reason that transit left packets to the kernel.
declined()
{
	[ "$(verdict r0 "$1")" -gt 0 ] || fail "no packet was counted as $1"
}

test_transit_takes()
{
	local before taken

	offloaded_road
	before=$(verdict r0 taken)
	udp client server "$N"
	tcp client server "$N" size=500
	taken=$(($(verdict r0 taken) - before))
	say "$taken taken"
	[ $((taken * 10)) -ge $((N * 2 * 9)) ] || fail "only $taken of $((N * 2)) and more were taken"
	check_parity router route next_hop dmac smac checksum
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

	offloaded_road
	before=$(($(device_packets client c0) - $(arrived)))
	udp client server "$N"
	until_true in_step "$before" || {
		txp router stats r0 >&2
		fail "transit counted $(arrived), the client sent $(device_packets client c0), $before before"
	}
}

# What arrives has one hop less, a right checksum, and the server's address on it.
test_transit_rewrites_as_the_kernel_does()
{
	local mac

	offloaded_road
	mac=$(ip netns exec "$(ns server)" cat /sys/class/net/s0/address)
	READY='listening on' spawn capture ip netns exec "$(ns server)" \
		tcpdump -lnevvi s0 --immediate-mode -c 20 'icmp[0] == 8'
	in_ns client ping -q -c 20 -i 0.02 "${ADDRESS[server]}" >/dev/null
	wait "$PID" || :
	grep -q 'ttl 63' "$WORK/capture.out" || fail "no packet was captured"
	! grep -E 'bad cksum|ttl 6[^3]' "$WORK/capture.out" || fail "not what the kernel sends"
	! grep ' > .*ethertype' "$WORK/capture.out" | grep -v "> $mac" || fail "a wrong address"
}

test_transit_obeys_a_route_at_once()
{
	offloaded_road
	run ip -n "$(ns router)" route add unreachable "${ADDRESS[server]}"
	no_answer || fail "a packet went by a route that was replaced"
	run ip -n "$(ns router)" route del unreachable "${ADDRESS[server]}"
	until_true is_taken || fail "nothing is taken over any more"
}

test_transit_obeys_a_neighbour_at_once()
{
	offloaded_road
	run ip -n "$(ns router)" neigh replace "${ADDRESS[server]}" lladdr 02:00:00:00:00:77 dev r2 nud permanent
	no_answer || fail "a packet went to a neighbour that was replaced"
}

nft_router()
{
	command -v nft >/dev/null || skip "no nft"
	in_ns router nft "$@" || skip "nft $* is refused here"
}

test_transit_obeys_a_firewall_at_once()
{
	offloaded_road
	nft_router add table ip t
	nft_router 'add chain ip t f { type filter hook forward priority 0; policy drop; }'
	no_answer || fail "a packet walked past the firewall"
	declined netfilter
	nft_router flush ruleset
	until_true is_taken || fail "nothing is taken over any more"
}

test_transit_obeys_a_netdev_ingress_hook()
{
	offloaded_road
	nft_router add table netdev t
	nft_router 'add chain netdev t i { type filter hook ingress device r0 priority 0; policy drop; }'
	no_answer || fail "a packet walked past the ingress hook"
	declined netdev_ingress
}

test_transit_obeys_a_netdev_egress_hook()
{
	offloaded_road
	nft_router add table netdev t
	nft_router 'add chain netdev t e { type filter hook egress device r2 priority 0; policy drop; }'
	no_answer || fail "a packet walked past the egress hook"
	declined netdev_egress
}

test_transit_obeys_a_forwarding_switch()
{
	offloaded_road
	in_ns router sysctl -qw net.ipv4.conf.r0.forwarding=0
	no_answer || fail "a packet was forwarded by a device that does not forward"
	declined forwarding_off
}

test_transit_obeys_ipsec_policy()
{
	offloaded_road
	run ip -n "$(ns router)" xfrm policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir fwd action block ||
		skip "no xfrm here"
	no_answer || fail "a packet walked past an IPsec policy"
	declined xfrm_policy
}

test_transit_obeys_rp_filter()
{
	offloaded_road
	in_ns router sysctl -qw net.ipv4.conf.r0.rp_filter=1
	run ip -n "$(ns router)" route replace 10.7.1.0/24 dev r1
	no_answer || fail "a packet came past the reverse path filter"
}

test_transit_leaves_the_last_hop()
{
	offloaded_road
	in_ns client ping -c 3 -i 0.1 -t 1 -W 1 "${ADDRESS[server]}" >"$WORK/ping" || :
	grep -qi 'time to live exceeded' "$WORK/ping" || fail "no time exceeded"
	declined ttl_over
}

# A big packet while there is a lease, from a client that has forgotten the path's MTU.
big_is_declined()
{
	is_taken || return 1
	ip -n "$(ns client)" route flush cache
	in_ns client ping -q -c 1 -M 'do' -s 1200 -W 1 "${ADDRESS[server]}" >/dev/null 2>&1 || :
	[ "$(verdict r0 too_big)" -gt 0 ]
}

test_transit_leaves_what_is_too_big()
{
	offloaded_road
	run ip -n "$(ns router)" link set r2 mtu 1000
	run ip -n "$(ns server)" link set s0 mtu 1000
	until_true is_taken || fail "nothing is taken over any more"
	in_ns client ping -c 3 -i 0.1 -M 'do' -s 1200 -W 1 "${ADDRESS[server]}" >"$WORK/ping" 2>&1 || :
	grep -Eqi 'frag needed|too long' "$WORK/ping" || fail "no fragmentation needed"
	until_true big_is_declined || fail "no packet was counted as too_big"
}

test_transit_leaves_fragments_and_options()
{
	offloaded_road
	udp client server 100 size=8000 pmtudisc=0
	declined fragment
	in_ns client ping -q -c 3 -i 0.1 -R -W 1 "${ADDRESS[server]}" >/dev/null || :
	declined ip_options
}

test_transit_shadow_only_counts()
{
	add_road
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
	local sender

	offloaded_road
	in_ns client ping -q -c 300 -i 0.01 "${ADDRESS[server]}" >"$WORK/ping" &
	sender=$!
	SPAWNED+=("$sender")
	offload r0 r2
	offload r0 r2
	wait "$sender" || :
	grep -q '300 received' "$WORK/ping" || fail "$(cat "$WORK/ping")"
}

test_transit_leaves_no_trace()
{
	offloaded_road
	txp router detach r0 r2
	[ -z "$(pins)" ] || fail "pins are left: $(pins)"
	in_ns client ping -q -c 3 -i 0.1 "${ADDRESS[server]}" >/dev/null || fail "forwarding is broken"
}

run_test "$@"
