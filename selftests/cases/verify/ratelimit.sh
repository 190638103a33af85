#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# compare-rate: what is over it is counted and not compared, and leases are renewed all the same.
#
#   client c0 ==== r0 router r2 ==== s0 server

# shellcheck disable=SC2119 # offloaded_topology takes settings that not every test here has
# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

RATE=100 # a slow machine sends more, too
BURST=$((RATE / 2)) # of each CPU

# counted NS DEV REASON
counted()
{
	numbers "$1" stats "$2" | number "devices.$2.verdicts.$3.packets"
}

# looked_at NS DEV: packets that are not over_rate
looked_at()
{
	echo $(($(seen "$1" "$2") - $(counted "$1" "$2" over_rate)))
}

# send_much NS: many more than are compared, from the client, or from the router itself
send_much()
{
	in_ns "$1" "$TOOLS/udpgen" "${ADDRESS[server]}" 9 "count=$((N * 25))" >&2
}

# check_limited NS DEV START: what was looked at since then is a burst and the rate of each CPU
check_limited()
{
	local most some

	some=$(looked_at "$1" "$2")
	most=$((($(nproc) + 1) * (BURST + RATE * (SECONDS - $3 + 2))))
	say "$2: $some of $(seen "$1" "$2") looked at, at most $most"
	[ "$some" -ge $((BURST / 2)) ] || fail "$2: only $some were looked at"
	[ "$some" -le "$most" ] || fail "$2: $some were looked at, more than $most"
	[ "$(counted "$1" "$2" over_rate)" -gt 0 ] || fail "$2: nothing was over the rate"
	check_counted "$1" "$2"
	check_parity "$1" checksum tot_len
}

test_ratelimit_of_forwarded_packets()
{
	local start=$SECONDS

	add_topology
	attach router r2 compare-rate=$RATE
	count_from_here router r2
	send_much client
	check_limited router r2 "$start"
}

test_ratelimit_of_local_packets()
{
	local start=$SECONDS

	add_topology
	attach client c0 compare-rate=$RATE
	count_from_here client c0
	send_much client
	check_limited client c0 "$start"
}

# Kept when attaching again without the knob.
test_ratelimit_without_limit()
{
	add_topology
	attach router r2 compare-rate=0
	txp router attach r2
	count_from_here router r2
	send_much client
	until_true all_looked_at || fail "not all were looked at"
	check_counted router r2
	[ "$(counted router r2 over_rate)" = 0 ] || fail "with compare-rate=0 something is over it"
}

all_looked_at()
{
	[ "$(looked_at router r2)" -ge $((N * 25)) ]
}

# spend: flows that never come again take what there is to learn by, of one comparison a second.
spend()
{
	ip netns exec "$(ns client)" "$TOOLS/udpgen" 10.128.0.1 9 count=200 spread=200 loose=1 >/dev/null
}

# seen_expired: the flow's lease is over, and a packet has found that.
seen_expired()
{
	spend
	ip netns exec "$(ns client)" ping -q -c 1 -W 1 "${ADDRESS[server]}" >/dev/null || :
	[ "$(verdict r0 expired)" -gt "$EXPIRED" ]
}

taken_again()
{
	spend
	is_taken
}

# On one CPU, which is how leases and the ratelimit are kept.
test_ratelimit_renews_without_any()
{
	local before

	run taskset -cp "$(taskset -cp $$ | sed 's/.*[^0-9]//')" $$ >&2
	offloaded_topology compare-rate=1 lease-ms=300
	topology_to_many
	until_true over_rate || fail "there is a ratelimit left"
	before=$(counted_learned)
	for _ in {1..8}; do
		EXPIRED=$(verdict r0 expired)
		until_true seen_expired || fail "no lease is ever over"
		until_true taken_again || fail "nothing is taken over after a lease was over"
	done
	say "$(($(counted_learned) - before)) leases learned"
	[ $(($(counted_learned) - before)) -ge 8 ] || fail "leases were not renewed"
	check_parity router
}

over_rate()
{
	spend
	[ "$(counted router r2 over_rate)" -gt 100 ]
}

counted_learned()
{
	transit r0 learned
}

# spread_out: datagrams to as many addresses, which the router forwards
spread_out()
{
	in_ns client "$TOOLS/udpgen" 10.128.0.1 9 "count=$((N * 25))" "spread=$((N * 25))" >&2
}

topology_to_many()
{
	run ip -n "$(ns router)" route add 10.128.0.0/9 via "${ADDRESS[server]}"
	run ip -n "$(ns server)" route add blackhole 10.128.0.0/9
}

# not_arrived: packets that the client has sent and transit has not counted
not_arrived()
{
	echo $(($(device_packets client c0) - $(transit r0 packets)))
}

all_arrived()
{
	[ "$(not_arrived)" = "$1" ]
}

# grown NAME...: by how much these verdicts of r0 have grown since snapshot
snapshot()
{
	numbers router stats r0 >"$WORK/snapshot"
}

grown()
{
	local name sum=0

	for name; do
		sum=$((sum + $(verdict r0 "$name") -
			$(number "devices.r0.transit.verdicts.$name.packets" <"$WORK/snapshot")))
	done
	echo $sum
}

# grew NAME...: nearly all of what was sent since snapshot was counted so
grew()
{
	until_true all_arrived "$BEFORE" || {
		txp router stats r0 >&2
		fail "$(($(not_arrived) - BEFORE)) packets are not counted"
	}
	say "$*: $(grown "$@") of $((N * 25))"
	[ "$(grown "$@")" -ge $((N * 20)) ] || {
		txp router stats r0 >&2
		fail "only $(grown "$@") of $((N * 25)) are counted as $*"
	}
}

# A packet of the short path is counted once, under the reason of the slow path.
test_ratelimit_counts_misses()
{
	offloaded_topology compare-rate=1
	topology_to_many
	BEFORE=$(not_arrived)
	snapshot
	spread_out
	grew miss collision
	in_ns router sysctl -qw net.ipv4.conf.r0.forwarding=0
	snapshot
	spread_out
	grew forwarding_off
}

test_ratelimit_counts_what_shadow_would_take()
{
	add_topology
	txp router attach r0 r2 --mode shadow transit=on compare-rate=2 2>"$WORK/said" ||
		fail "$(cat "$WORK/said")"
	! grep -q 'not possible' "$WORK/said" || skip "$(cat "$WORK/said")"
	until_true would_take || fail "nothing would be taken"
	BEFORE=$(not_arrived)
	snapshot
	send_much client
	grew would_take
	[ "$(verdict r0 taken)" = 0 ] || fail "shadow took packets"
	check_parity router
}

would_take()
{
	ip netns exec "$(ns client)" ping -q -c 2 -i 0.01 "${ADDRESS[server]}" >/dev/null
	[ "$(verdict r0 would_take)" -gt 0 ]
}

run_test "$@"
