#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the loader does for devices in offload, and what it tells of them.
# Topology: ../../lib/offload.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# shown DEV KEY: as status has it
shown()
{
	numbers router status | awk -v path="devices.$1.$2" \
		'$1 == path { sub(/^[^ ]* /, ""); print }'
}

# settings: status without what packets change
settings()
{
	numbers router status | grep -vE '[.](arrived|taken|mostly) '
}

# check_shown DEV KEY VALUE
check_shown()
{
	[ "$(shown "$1" "$2")" = "$3" ] || fail "$1: $2 is '$(shown "$1" "$2")', not '$3'"
}

strict_conntrack()
{
	in_ns router sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal="$1" ||
		skip "the kernel has no conntrack"
}

# hook_conntrack: a rule that asks for the state of connections
hook_conntrack()
{
	in_ns router nft 'add table ip t; add chain ip t c { type filter hook forward priority 0; };
		add rule ip t c ct state invalid drop' || skip "the kernel has no nft"
}

test_netfilter_usage()
{
	add_topology
	refuses 2 nosuch txp router attach r0 --mode offload --netfilter nosuch
	refuses 2 transit=on txp router attach r0 --netfilter lease
	refuses 2 transit=on txp router attach r0 --mode shadow --netfilter bypass
	refuses 2 "" txp router status --netfilter bypass
	[ -z "$(pins)" ] || fail "something was pinned"
}

test_netfilter_mode_is_shown()
{
	add_topology
	(strict_conntrack 1) || say "nothing for bypass to ask of conntrack"
	offload r0 r2 --netfilter bypass
	check_shown r0 netfilter bypass
	check_shown r2 netfilter bypass
	offload r2 --netfilter lease
	check_shown r0 netfilter bypass
	check_shown r2 netfilter lease
	offload r0
	check_shown r0 netfilter decline
}

# Conntrack that would drop what it has not seen is not to be passed by.
test_netfilter_needs_liberal_conntrack()
{
	add_topology
	offload r2
	settings >"$WORK/before"
	hook_conntrack
	strict_conntrack 0
	refuses 1 nf_conntrack_tcp_be_liberal txp router attach r0 r2 --mode offload --netfilter lease
	refuses 1 nf_conntrack_tcp_be_liberal txp router attach r0 --mode offload --netfilter bypass
	settings | diff "$WORK/before" - >&2 || fail "a refused attach has changed something"
	strict_conntrack 1
	offload r0 --netfilter lease
	offload r2 --netfilter bypass
	strict_conntrack 0
	offload r0 r2
}

# Attaching begins to count anew; the knob stays until it is given again.
test_promote_after_is_shown()
{
	add_topology
	offload r0 r2 promote-after=1000000000
	check_shown r0 why "probation: 0 of 1000000000 agreements"
	in_ns client ping -q -c 5 -i 0.1 "${ADDRESS[server]}" >&2
	[ "$(shown r0 promote_after)" = 1000000000 ] || fail "the knob is not shown"
	[ "$(verdict r0 taken)" = 0 ] ||
		fail "something was taken over before it was promoted"
	offload r0
	check_shown r0 why "probation: 0 of 1000000000 agreements"
	refuses 2 promote-after txp router attach r0 --mode offload promote-after=-1
	offload r0 promote-after=0
	check_shown r0 why ""
	txp router attach r0 promote-after=5
	check_shown r0 why ""
}

# One lease that both agree on is enough, if that was asked for.
test_promoted_after_agreements()
{
	add_topology
	offload r0 r2 promote-after=1
	until_true taken_on r0 || fail "nothing was taken over: $(shown r0 why)"
	[ "$(shown r0 agreements)" -ge 1 ] || fail "promoted without an agreement"
	check_shown r0 why ""
}

# checked DEV REASON ARGUMENTS...: check says so, in its exit code too.
checked()
{
	local code=0

	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j check "$1" "${@:3}" \
		>"$WORK/json" || code=$?
	cat "$WORK/json" >&2
	grep -q "\"reason\":\"$2\"" "$WORK/json" || fail "check $1: the reason is not $2"
	if [ "$2" = taken ]; then
		grep -q '"offload":true' "$WORK/json" && [ $code = 0 ]
	else
		grep -q '"offload":false' "$WORK/json" && [ $code = 1 ]
	fi || fail "check $1: exit code $code"
}

# guard_is_asked: and not, as before 6.2, what it would say of a packet
guard_is_asked()
{
	! txp router check r0 | grep -q 'Linux 6.2'
}

test_check_finds_what_is_in_the_way()
{
	add_topology
	refuses 2 "name one device" txp router check
	refuses 1 nosuch txp router check nosuch
	checked lo device
	offload r2
	txp router detach --all
	checked r0 taken
	[ -z "$(pins)" ] || fail "check leaves something behind"
	offload r0 r2
	checked r0 taken
	txp router check r0 | grep -q 'offload possible' || fail "the text says something else"
	guard_is_asked || skip "before Linux 6.2 only packets show what stands in the way"
	in_ns router sysctl -qw net.ipv4.conf.r0.forwarding=0
	checked r0 forwarding_off
	checked r2 taken
	in_ns router sysctl -qw net.ipv4.conf.r0.forwarding=1
	hook_conntrack
	checked r0 netfilter
	checked r0 netfilter --netfilter decline
	strict_conntrack 0
	checked r0 conntrack --netfilter lease
	strict_conntrack 1
	checked r0 taken --netfilter lease
	checked r0 taken --netfilter bypass
}

# What a device has of TC: its qdiscs and filters.
tc_of()
{
	in_ns router tc qdisc show dev "$1"
	in_ns router tc filter show dev "$1" ingress
	in_ns router tc filter show dev "$1" egress
}

# is_last DEV: our filter is behind all others at ingress
is_last()
{
	in_ns router tc filter show dev "$1" ingress | grep 'bpf chain 0 handle' | tail -n 1 |
		grep -q txpath_transit || fail "$1: transit is not the last filter at ingress"
}

# On clsact, with and without filters of others: nothing is left, what was there stays.
test_transit_on_clsact()
{
	add_topology
	run ip netns exec "$(ns router)" tc qdisc add dev r2 clsact
	in_ns router tc filter add dev r2 ingress protocol ip prio 7 matchall action pass ||
		say "r2 has no filter of others: the kernel has none to give"
	tc_of r0 >"$WORK/r0"
	tc_of r2 >"$WORK/r2"
	offload r0 r2 tc-hook=clsact
	check_shown r0 transit clsact
	check_shown r2 transit clsact
	check_shown r0 hook clsact
	is_last r0
	is_last r2
	until_true taken_on r0 || fail "nothing is taken over"
	tc_of r0 >"$WORK/attached"
	offload r0 r2
	tc_of r0 | sed 's/\[[0-9]*\]\|id [0-9]*\|jited//g' >"$WORK/again"
	sed 's/\[[0-9]*\]\|id [0-9]*\|jited//g' "$WORK/attached" | diff - "$WORK/again" >&2 ||
		fail "attaching again does not replace in place"
	check_shown r0 transit clsact
	pings client server 10
	txp router attach r0
	check_shown r0 transit none
	check_shown r0 hook clsact
	check_shown r2 transit clsact
	offload r0
	check_shown r0 transit "$("$TXPATH" -j features | grep -q '"tcx":true' && echo tcx || echo clsact)"
	txp router detach r0
	tc_of r0 | diff "$WORK/r0" - >&2 || fail "r0: something is left"
	txp router detach --all
	tc_of r2 | diff "$WORK/r2" - >&2 || fail "r2: not as it was"
	[ -z "$(pins)" ] || fail "detach --all leaves pins"
}

# A device in the middle of a list that cannot have it: the others are as they were.
test_transit_on_clsact_is_undone()
{
	add_topology
	offload r2 tc-hook=clsact
	run ip netns exec "$(ns router)" tc qdisc add dev r1 ingress
	tc_of r0 >"$WORK/r0"
	tc_of r2 | sed 's/\[[0-9]*\]\|id [0-9]*\|jited//g' >"$WORK/r2"
	settings >"$WORK/before"
	refuses 1 "ingress qdisc is in the way" \
		txp router attach r0 r2 r1 --mode offload tc-hook=clsact
	tc_of r0 | diff "$WORK/r0" - >&2 || fail "r0: something is left"
	tc_of r2 | sed 's/\[[0-9]*\]\|id [0-9]*\|jited//g' | diff "$WORK/r2" - >&2 ||
		fail "r2: not as it was"
	settings | diff "$WORK/before" - >&2 || fail "status has changed"
}

# Every packet of the host would pay for it: only where transit cannot be without.
test_receive_is_watched_only_where_needed()
{
	local needed

	needed=tp_btf
	! "$TXPATH" -j features | grep -q '"kernel_context":true' || needed=not
	add_topology
	txp router attach r0 lo-forwarding=on
	[ "$(hook router receive)" = not ] || fail "receive has a hook although nothing is in transit"
	offload r0 r2
	[ "$(hook router receive)" = $needed ] || fail "receive: $(hook router receive)"
	txp router attach r0
	[ "$(hook router receive)" = $needed ] || fail "r2 has lost it: $(hook router receive)"
	until_true taken_on r2 || fail "nothing is taken over any more"
	txp router detach r2
	[ "$(hook router receive)" = not ] || fail "receive has a hook although no device needs it"
	! pins | grep -q /links/receive || fail "its link is left"
	offload r2
	[ "$(hook router receive)" = $needed ] || fail "r2 does not get it again"
	txp router attach r2
	[ "$(hook router receive)" = not ] || fail "receive has a hook although no device needs it"
}

# taken_on DEV: the answers from the server are taken over
taken_on()
{
	in_ns client ping -q -c 2 -i 0.1 "${ADDRESS[server]}" >/dev/null
	[ "$(verdict "$1" taken)" -gt 0 ]
}

# forwarded: what the kernel says it has forwarded
forwarded()
{
	in_ns router cat /proc/net/snmp | awk '/^Ip: [0-9]/ { print $7 }'
}

# What the kernel has counted and what it has not add up to what was sent.
test_uncounted_completes_the_kernels_counters()
{
	local before uncounted

	add_topology
	before=$(forwarded)
	pings client server 10
	[ "$(($(forwarded) - before))" = 20 ] || fail "the kernel does not count ten pings"
	offload r0 r2
	until_true taken_on r0 || fail "nothing is taken over"
	until_true taken_on r2 || fail "nothing is taken over"
	before=$(($(forwarded) + $(uncounted packets)))
	in_ns client ping -q -f -c "$N" -s 100 "${ADDRESS[server]}" >&2
	until_true all_forwarded $((before + N * 2)) ||
		fail "of $((N * 2)) $(forwarded) + $(uncounted packets) - $before are counted"
	uncounted=$(uncounted bytes)
	txp router stats | grep -q 'uncounted by the kernel' || fail "the text does not show it"
	[ "$uncounted" -gt $((N * 128)) ] || fail "only $uncounted bytes"
	[ "$(($(taken_bytes) - uncounted))" = $(($(uncounted packets) * 14)) ] ||
		fail "not bytes of IP"
}

all_forwarded()
{
	[ $(($(forwarded) + $(uncounted packets))) = "$1" ]
}

# uncounted packets|bytes: on both sides of the router
uncounted()
{
	numbers router stats | awk -v last="$1" \
		'$1 ~ "^devices[.]r[02][.]uncounted[.]" last { n += $2 } END { print n + 0 }'
}

taken_bytes()
{
	numbers router stats | awk \
		'$1 ~ /^devices[.]r[02][.]transit[.]verdicts[.]taken[.]bytes/ { n += $2 } END { print n + 0 }'
}

# surprised: the kernel's answer is not what transit held, although nothing has moved
surprised()
{
	"$TOOLS/corrupt_lease" "$(echo "$BPFFS"/txpath/v2/*/maps/leases)" || fail "the leases cannot be written"
	in_ns client ping -q -c 2 -i 0.1 "${ADDRESS[server]}" >/dev/null
	grep -q '"kind":"surprise"' "$WORK/trace.out"
}

test_trace_shows_surprises()
{
	command -v jq >/dev/null || skip "there is no jq"
	offloaded_topology lease-ms=4000 max-surprises=0
	refuses 2 "not a filter" txp router trace r0
	READY=following spawn trace "$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j trace probe=none
	until_true surprised || fail "there was no surprise"
	until_true is_demoted || fail "no demotion"
	run kill -TERM "$PID"
	wait "$PID" || fail "trace ends with $?"
	grep '"kind":"surprise"' "$WORK/trace.out" | head -n 1 >"$WORK/surprise"
	cat "$WORK/surprise" >&2
	jq -e '.netns and (.dev == "r0" or .dev == "r2") and .flow.protocol == 0 and
		(.flow.saddr, .flow.daddr | startswith("10.7.")) and .held.smac != .kernel.smac and
		.kernel.mtu == 1500 and .held.dmac == .kernel.dmac and .kernel.oif > 0 and
		.kernel.verdict == "taken"' "$WORK/surprise" >/dev/null ||
		fail "not the surprise that was made"
	grep -q demoted <(numbers router status) || fail "status does not show the demotion"
}

is_demoted()
{
	grep -q '"kind":"demotion"' "$WORK/trace.out"
}

run_test "$@"
