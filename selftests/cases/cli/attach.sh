#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Attaching and detaching: what is there afterwards, and what is not.
#
#   host                       peer
#     a0 10.8.0.1/24 -- 10.8.0.2/24 b0
#     a1 10.8.1.1/24 -- 10.8.1.2/24 b1
#     a2 10.8.2.1/24 -- 10.8.2.2/24 b2

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
ADDRESS[peer]=10.8.0.2

add_pairs()
{
	local i

	add_ns host peer
	for i in 0 1 2; do
		add_link host a$i 10.8.$i.1/24 peer b$i 10.8.$i.2/24
	done
	pings host peer 1
}

filters()
{
	local dev

	for dev in a0 a1 a2; do
		ip netns exec "$(ns host)" tc qdisc show dev $dev
		ip netns exec "$(ns host)" tc filter show dev $dev egress
	done
}

# Everything that attaching may leave behind.
traces()
{
	pins
	filters
	ip netns exec "$(ns host)" sysctl net.ipv4.conf.lo.forwarding
	ip netns exec "$(ns host)" ip -d link show | grep -o 'prog/.*' || :
}

check_traces()
{
	traces >"$WORK/after"
	diff "$WORK/before" "$WORK/after" >&2 || fail "traces are left"
}

attached()
{
	numbers "$1" status | awk '/^devices[.][^.]*[.]dev / { printf "%s ", $2 }'
}

check_attached()
{
	[ "$(attached "$1")" = "$2" ] || fail "$1: attached are '$(attached "$1")', not '$2'"
}

test_detach_leaves_no_trace()
{
	add_pairs
	traces >"$WORK/before"
	attach host a0 a1
	check_attached host "a0 a1 "
	[ "$(in_ns host cat /proc/sys/net/ipv4/conf/lo/forwarding)" = 1 ] ||
		fail "lo-forwarding=on does nothing"
	txp host detach a0
	check_attached host "a1 "
	txp host detach a1
	check_traces
	attach host a0 a1 a2
	txp host detach --all
	check_traces
}

# The administrator's own setting of lo stays.
test_detach_restores_sysctl()
{
	add_pairs
	in_ns host sysctl -qw net.ipv4.conf.lo.forwarding=1
	traces >"$WORK/before"
	attach host a0
	txp host detach a0
	check_traces
}

# While packets are sent: the counters go on, and not one packet is missed.
test_attach_again_without_gap()
{
	local flood i

	add_pairs
	attach host a0
	count_from_here host a0
	in_ns host ping -q -f -c $((N * 5)) 10.8.0.2 >&2 &
	flood=$!
	SPAWNED+=("$flood")
	for i in 1 2 3 4 5; do
		attach host a0
		attach host a0 a1
	done
	wait "$flood" || fail "packets were lost"
	check_counted host a0
	[ "$(seen host a0)" -ge $((N * 5)) ] || fail "counters were cleared"
	check_parity host route dmac
	txp host detach --all
}

test_failed_attach_changes_nothing()
{
	add_pairs
	traces >"$WORK/before"
	refuses 1 nosuch txp host attach a0 nosuch a1 lo-forwarding=on
	check_traces
	attach host a0
	count_from_here host a0
	pings host peer 10
	traces >"$WORK/before"
	refuses 1 nosuch txp host attach a0 a2 nosuch
	check_traces
	check_attached host "a0 "
	check_counted host a0
}

# hooks FILTER: of jq, the probes in status of which it is true
hooks()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns host)" -j status | jq -r ".hooks[] | select($1) | .hook"
}

# What was wanted and not got has an errno, in words too, and what is missing where nothing was got.
test_status_says_what_is_not_seen()
{
	local hook

	add_pairs
	attach host a0
	txp host status -v >"$WORK/text"
	cat "$WORK/text" >&2
	[ "$(hooks true | wc -l)" -ge 10 ] || fail "probes are missing"
	[ -z "$(hooks '.wanted == ""')" ] || fail "what was wanted is not said"
	[ -z "$(hooks '.got != .wanted and .got != "not needed" and (.errno == "" or .why == "" or .why == .errno)')" ] ||
		fail "refused, and why is not said: $(hooks '.got != .wanted and .errno == ""')"
	[ -z "$(hooks '.got == "none" and .unobservable == ""')" ] || fail "what is not seen is not said"
	for hook in $(hooks '.got == "none"'); do
		grep -E "^[^ ]+ +$hook .*none .*[a-z]" "$WORK/text" | grep -q "$(why "$hook")" ||
			fail "the text does not say why $hook is not seen"
	done
	grep -q 'on demand.*txpath features' "$WORK/text" || fail "the other probes are not named"
}

why()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns host)" -j status |
		jq -r --arg hook "$1" '.hooks[] | select(.hook == $hook) | .why'
}

test_two_namespaces()
{
	add_pairs
	attach host a0
	attach peer b0
	count_from_here host a0
	count_from_here peer b0
	pings host peer 100
	check_counted host a0
	check_counted peer b0
	check_parity host route
	check_parity peer route
	txp host detach a0
	check_attached peer "b0 "
	pings host peer 100
	check_counted peer b0
	attach host a0
	run "$TXPATH" --bpffs "$BPFFS" detach --all
	[ -z "$(pins)" ] || fail "detach --all leaves pins"
}

test_lock_keeps_loaders_apart()
{
	add_pairs
	traces >"$WORK/before"
	mkdir "$BPFFS/txpath"
	spawn holder flock --no-fork "$BPFFS/txpath" \
		sh -c 'echo ready; exec sleep 1000'
	refuses 1 "locked by" txp host attach a0
	check_attached host ""
	kill "$PID"
	wait "$PID" || :
	attach host a0
	txp host detach a0
	check_traces
}

# Filters and programs of others, in front and behind, before and after.
test_others_programs_stay()
{
	add_pairs
	spawn clsact ip netns exec "$(ns host)" "$TOOLS/mangle" a0 nothing clsact
	spawn first ip netns exec "$(ns host)" "$TOOLS/mangle" a1 checksum
	filters >"$WORK/filters"
	traces >"$WORK/before"
	attach host a0 a1
	pings host peer 10
	check_parity host route
	filters >"$WORK/attached"
	while read -r line; do
		grep -qF "$line" "$WORK/attached" || fail "gone while attached: $line"
	done <"$WORK/filters"
	txp host detach --all
	check_traces
	# still at work: what it sends has a bad checksum, and nobody answers
	! in_ns host ping -q -c 1 -W 2 10.8.1.2 >&2 || fail "the other's program is gone"
}

# A clsact that others began to use goes on, also if we brought it.
test_clsact_used_by_others_stays()
{
	add_pairs
	attach host a0
	spawn clsact ip netns exec "$(ns host)" "$TOOLS/mangle" a0 nothing clsact
	txp host detach a0
	in_ns host tc filter show dev a0 egress >"$WORK/filters"
	grep -q mangle "$WORK/filters" || fail "the other's filter is gone"
}

test_device_renamed()
{
	add_pairs
	traces >"$WORK/before"
	attach host a0
	count_from_here host a0
	run ip -n "$(ns host)" link set a0 down
	run ip -n "$(ns host)" link set a0 name renamed
	run ip -n "$(ns host)" link set renamed up
	check_attached host "renamed "
	SENT_BEFORE[host/renamed]=${SENT_BEFORE[host/a0]}
	pings host peer 10
	check_counted host renamed
	txp host detach renamed
	run ip -n "$(ns host)" link set renamed down
	run ip -n "$(ns host)" link set renamed name a0
	run ip -n "$(ns host)" link set a0 up
	check_traces
}

test_device_vanished()
{
	add_pairs
	attach host a0 a1
	run ip -n "$(ns host)" link del a0
	numbers host status >/dev/null
	numbers host stats >/dev/null
	numbers host parity >/dev/null
	attach host a1
	txp host detach --all
	[ -z "$(pins)" ] || fail "detach --all leaves pins"
}

# txpath does not see its new namespace: the tables of the old one decide nothing there.
test_device_moved()
{
	local before

	add_pairs
	add_ns other
	attach host a0 a1
	run ip -n "$(ns host)" link set a0 netns "$(ns other)"
	before=$(seen host a0)
	run ip -n "$(ns other)" addr add 10.8.0.1/24 dev a0
	run ip -n "$(ns other)" link set a0 up
	until_true in_ns other ping -q -c 1 -W 2 10.8.0.2 >/dev/null || fail "the other namespace cannot reach 10.8.0.2"
	in_ns other ping -q -f -c 10 10.8.0.2 >&2
	[ "$(seen host a0)" -le "$before" ] || fail "packets of another namespace were counted"
	check_parity host
	numbers host status >"$WORK/numbers"
	# only a TCX link follows its device, and so says where it is
	if [ "$("$TXPATH" -j features | jq .capabilities.tcx)" = true ]; then
		grep -q "^devices.a0.state moved\$" "$WORK/numbers" || fail "status does not say that it moved"
		grep -q "^devices.a0.moved_to $(ns other)\$" "$WORK/numbers" || fail "status does not say where to"
	fi
	attach other a0
	count_from_here other a0
	in_ns other ping -q -f -c 10 10.8.0.2 >&2
	check_counted other a0
	check_parity other route
	run "$TXPATH" --bpffs "$BPFFS" detach --all
	[ -z "$(pins)" ] || fail "detach --all leaves pins"
	[ -z "$(in_ns other tc filter show dev a0 egress)" ] || fail "a filter is left"
}

# The namespace goes while attached; its pins can still be removed.
test_namespace_vanished()
{
	add_pairs
	attach host a0
	attach peer b0
	run ip netns del "$(ns host)"
	numbers peer status >/dev/null
	run "$TXPATH" --bpffs "$BPFFS" detach --all
	[ -z "$(pins)" ] || fail "detach --all leaves pins"
}

run_test "$@"
