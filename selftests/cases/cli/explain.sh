#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath explain: what it says of a packet is what becomes of one, and asking changes nothing.
# Topology: ../../lib/offload.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# explain CODES OPTION...: of the client's packets to the server, if no option says otherwise.
explain()
{
	local code=0 expected=$1

	shift
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j explain --dev r0 --src 10.7.1.2 \
		--dst "${ADDRESS[server]}" "$@" >"$WORK/explained" || code=$?
	cat "$WORK/explained" >&2
	[[ " $expected " = *" $code "* ]] || fail "explain $*: exit code $code, not $expected"
}

# says JQ: is it so of what was explained?
says()
{
	jq -e "$1" "$WORK/explained" >/dev/null
}

# demand_said JQ
demand_said()
{
	says "$1" || fail "it is not said that $1"
}

# some_say VERDICT OPTION...: of a flow that has a lease on some CPU. It is renewed and asked for again:
# a device that has just come up may have moved the routes.
some_say()
{
	in_ns client ping -q -c 2 -i 0.1 "${ADDRESS[server]}" >/dev/null
	explain 0 "${@:2}"
	says "[.cpus[] | select(.verdict == \"$1\")] | length > 0"
}

can_explain()
{
	command -v jq >/dev/null || skip "there is no jq"
	txp router explain --dev r0 --src 10.7.1.2 --dst 10.7.3.2 >/dev/null 2>"$WORK/refused" ||
		! grep -q 'Linux 6.2' "$WORK/refused" || skip "$(cat "$WORK/refused")"
}

test_explain_usage()
{
	local packet=(--src 10.7.1.2 --dst 10.7.3.2)

	add_topology
	refuses 2 "are needed" txp router explain --dev r0 --src 10.7.1.2
	refuses 1 "nothing is attached" txp router explain --dev r0 "${packet[@]}"
	offload r2
	refuses 1 nosuch txp router explain --dev nosuch "${packet[@]}"
	refuses 1 "not attached" txp router explain --dev r0 "${packet[@]}"
	refuses 2 "an IPv4 or IPv6 address" txp router explain --dev r2 --src 10.7.1 --dst 10.7.3.2
	refuses 2 "does not take --uid" txp router explain --dev r2 "${packet[@]}" --uid 0
	refuses 2 IPv4 txp router explain --dev r2 --src fd00::1 --dst fd00::2
	refuses 2 "from 28 to" txp router explain --dev r2 "${packet[@]}" --proto udp --len 27
	refuses 2 "only tcp and udp" txp router explain --dev r2 "${packet[@]}" --proto icmp --sport 1
}

test_explain_is_what_happens()
{
	local before dmac

	add_topology
	offload r0 r2 lease-ms=60000
	can_explain
	dmac=$(in_ns server cat /sys/class/net/s0/address)
	until_true some_say taken || fail "no CPU has a lease"
	demand_said ".agree and .kernel.type == \"unicast\" and .kernel.output == \"r2\""
	demand_said ".device.dev == \"r0\" and .device.mode == \"offload\""
	demand_said "[.cpus[] | select(.verdict == \"taken\")][0] |
		.output == \"r2\" and .dmac == \"$dmac\" and .priority == 0"
	until_true some_say too_big --len 1501 || fail "above the MTU it is not too big"
	before=$(verdict r0 taken)
	explain 0
	[ "$(verdict r0 taken)" = "$before" ] || fail "what is asked is counted"
	txp router explain --dev r0 --src 10.7.1.2 --dst "${ADDRESS[server]}" |
		grep -q "look-up: unicast dev r2" || fail "the text says something else"
}

# why_not JQ OPTION...: what a miss flow is asked for is asked of it again if routes have moved just then.
why_not()
{
	explain 0 "${@:2}"
	says "$1"
}

test_explain_says_why_not()
{
	add_topology
	offload r0 r2
	can_explain
	until_true why_not '.kernel.type == "local" and .cpus[0].verdict == "not_unicast"' \
		--dst 10.7.1.1 || fail "it is not said that the router is meant"
	until_true why_not '.kernel.errno == "ENETUNREACH" and .cpus[0].verdict == "not_unicast"' \
		--dst 203.0.113.1 || fail "it is not said that nobody is there"
	explain 0 --dst 224.0.0.1
	demand_said '.cpus[0].verdict == "multicast"'
	in_ns router sysctl -qw net.ipv4.conf.r0.forwarding=0
	explain 0
	demand_said '[.cpus[].verdict] | unique == ["forwarding_off"]'
}

leads_to_r1()
{
	echo x | ip netns exec "$(ns client)" socat -u - "IP4-SENDTO:${ADDRESS[server]}:99"
	explain '0 3' --proto 99
	says '([.cpus[] | select(.output == "r1")] | length > 0) and .agree == false and
		.kernel.output == "r2"'
}

test_explain_in_shadow()
{
	add_topology
	txp router attach r0 r2 --mode shadow transit=on lease-ms=60000 2>"$WORK/said" ||
		skip "$(cat "$WORK/said")"
	can_explain
	until_true some_say would_take || fail "no CPU would take it"
	demand_said '.device.mode == "shadow" and ([.cpus[] | select(.output == "r2")] | length > 0)'
}

# A rule asks for the protocol, of which the kernel's look-up is told only tcp, udp and icmp.
test_explain_shows_a_difference()
{
	add_topology
	run ip -n "$(ns router)" route add default via 10.7.2.2 dev r1 table 7
	ip -n "$(ns router)" rule add ipproto 99 lookup 7 || skip "no policy rules here"
	offload r0 r1 r2 lease-ms=60000
	can_explain
	until_true leads_to_r1 || fail "no lease leads to r1, or nothing is said of it"
	run ip -n "$(ns router)" rule del ipproto 99 lookup 7
	explain 0 --proto 99
	demand_said .agree
}

run_test "$@"
