#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath status: a line a device, and the rest behind -v.
# Topology: ../lib/lib.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# in_force KNOB: its value, as status -j and status -v show it; both must agree
in_force()
{
	local json text

	json=$("$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j status |
		jq -r --arg knob "$1" '.knobs[] | select(.knob == $knob) | .value')
	text=$("$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" status -v |
		awk -v knob="$1" '$2 == knob { print $3 }')
	[ "$json" = "$text" ] || fail "$1: status -v shows '$text', status -j '$json'"
	printf '%s\n' "$json"
}

# check_in_force KNOB=VALUE...
check_in_force()
{
	local word

	for word; do
		[ "$(in_force "${word%%=*}")" = "${word#*=}" ] ||
			fail "$word: in force is $(in_force "${word%%=*}")"
	done
}

# A number stays until it is given again; a word does not; lo-forwarding is on until detach.
test_status_shows_knobs()
{
	add_topology
	in_ns router sysctl -qw net.ipv4.conf.lo.forwarding=0
	txp router attach r0
	check_in_force lo-forwarding=off tc-hook=auto netfilter-hook=off probes=auto transit=off \
		lease-ms=1000 max-surprises=10 promote-after=0 compare-rate=10000 settle-ms=2000
	txp router attach r0 lease-ms=250 compare-rate=0 settle-ms=0 probes=on lo-forwarding=on \
		netfilter-hook=on max-surprises=7 promote-after=3
	check_in_force lease-ms=250 compare-rate=0 settle-ms=0 probes=on lo-forwarding=on \
		netfilter-hook=on max-surprises=7 promote-after=3
	txp router attach r0 compare-rate=500
	check_in_force lease-ms=250 compare-rate=500 settle-ms=0 probes=auto lo-forwarding=on \
		netfilter-hook=off max-surprises=7 promote-after=3
	offload r0
	check_in_force transit=on
}

# rows: of status, without its heading
rows()
{
	txp router status | tail -n +2
}

test_status_is_a_line_a_device()
{
	add_topology
	offload r0 r2
	txp router status >"$WORK/text"
	cat "$WORK/text" >&2
	[ "$(wc -l <"$WORK/text")" = 3 ] || fail "more than a line a device"
	grep -qE '^DEV +NETNS +MODE +TAKEN OVER +REASON' "$WORK/text" || fail "not the heading"
	in_ns client ping -q -c 20 -i 0.02 "${ADDRESS[server]}" >&2
	rows | grep -qE '^r0 .* offload +[0-9.]+% of [0-9]+' || fail "no share: $(rows)"
	offload r0 promote-after=1000000
	rows | grep -q '^r0 .*probation: 0 of 1000000 agreements' || fail "why not is not said"
	txp router status -v >"$WORK/text"
	grep -q 'PROBE  *WANTED  *GOT' "$WORK/text" || fail "-v has no hooks"
	grep -q 'KNOB  *VALUE' "$WORK/text" || fail "-v has no knobs"
}

# What holds for all rows is said once.
test_status_says_it_once()
{
	add_topology
	txp router attach r0 probes=off
	txp router status -v >"$WORK/text"
	cat "$WORK/text" >&2
	[ "$(grep -o 'probes=on turns them on' "$WORK/text" | wc -l)" -le 1 ] ||
		fail "the same sentence more than once"
}

# Also where rows with another sentence are between.
test_status_says_it_once_for_all_namespaces()
{
	[ "$("$TXPATH" -j features | jq .capabilities.kernel_context)" = true ] ||
		skip "before Linux 6.2 the probes stay on"
	add_topology
	txp client attach c0 probes=off
	txp router attach r0 probes=on netfilter-hook=off
	txp server attach s0 probes=off
	run "$TXPATH" --bpffs "$BPFFS" status -v >"$WORK/text"
	cat "$WORK/text" >&2
	[ "$(grep -c '^probes are off' "$WORK/text")" = 1 ] || fail "the sentence is not there once"
}

run_test "$@"
