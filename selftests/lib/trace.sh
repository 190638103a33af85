# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests of txpath probes, latency and trace. It sources lib.sh. A test starts a trace session in
# the background (watch), sends packets, and ends it (watched). The topology has IPv6 too:
#
#   client c0 10.7.1.2 fd07:1::2 ==== r0 router r2 ==== s0 10.7.3.2 fd07:3::2 server

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# add_inet6 NS DEV ADDRESS
add_inet6()
{
	ip netns exec "$(ns "$1")" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0" \
		"net.ipv6.conf.$2.accept_dad=0" "net.ipv6.conf.$2.accept_ra=0" \
		"net.ipv6.conf.$2.mldv2_unsolicited_report_interval=3600000" || skip "no IPv6 here"
	run ip -n "$(ns "$1")" addr add "$3/64" dev "$2" nodad
}

add_both_paths()
{
	add_topology
	add_inet6 client c0 fd07:1::2
	add_inet6 router r0 fd07:1::1
	add_inet6 router r2 fd07:3::1
	add_inet6 server s0 fd07:3::2
	in_ns router sysctl -qw net.ipv6.conf.all.forwarding=1
	run ip -n "$(ns client)" route add default via fd07:1::1
	run ip -n "$(ns server)" route add default via fd07:3::1
	until_true in_ns client ping -q -c 1 -W 2 fd07:3::2 >/dev/null ||
		fail "the topology does not carry a packet of IPv6"
}

# watch NS COMMAND [WORD...]: runs txpath COMMAND for the packets of the namespace, in the background
# until watched stops it. Its output goes to $WORK/watch.json.
watch()
{
	local name=$1 command=$2

	shift 2
	rm -f "$WORK"/watch.*
	say "+ txpath --netns $(ns "$name") -j $command $* &"
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns "$name")" -j "$command" "$@" \
		>"$WORK/watch.json" 2>"$WORK/watch.err" &
	WATCH=$!
	SPAWNED+=("$WATCH")
	until_true watching || :
	grep -q 'probes are attached' "$WORK/watch.err" || {
		cat "$WORK/watch.err" >&2
		fail "txpath $command $* does not start: $(cat "$WORK/watch.err")"
	}
}

watching()
{
	grep -qs 'probes are attached' "$WORK/watch.err" || ! kill -0 "$WATCH" 2>/dev/null
}

watched()
{
	local code=0

	kill -INT "$WATCH"
	wait "$WATCH" || code=$?
	[ "$code" = 0 ] || fail "the trace session ended with exit code $code: $(cat "$WORK/watch.err")"
}

# from_hook PROBE MEMBER: from the last document that txpath probes or latency has printed
from_hook()
{
	tail -n 1 "$WORK/watch.json" |
		jq -r --arg probe "$1" --arg member "$2" '.hooks[] | select(.probe == $probe) | .[$member]'
}

# demand_fentry PROBE...: stock kernels allow fentry, so these probes must use it in guests.
demand_fentry()
{
	local probe

	[ -n "${TXPATH_GUEST:-}" ] || return 0
	for probe; do
		[[ $(from_hook "$probe" got) = fentry* ]] ||
			fail "$probe: $(from_hook "$probe" got): $(from_hook "$probe" errno)"
	done
}

is_seen()
{
	[ "$(from_hook "$1" got)" != none ]
}

# without_arp: fixed neighbours between client and router
without_arp()
{
	run ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr "$(mac_of router r0)" dev c0 nud permanent
	run ip -n "$(ns router)" neigh replace "${ADDRESS[client]}" lladdr "$(mac_of client c0)" dev r0 nud permanent
}

# A busy driver: one softirq sends more packets than the ring of the peer holds (256), so that the
# peer cannot take one in between. Since 6.16 veth then stops its queue, if there is a qdisc
# (veth_xmit). The packet is sent when the queue is woken.
FLOOD=300

add_busy_driver()
{
	# the ring is for NAPI, and NAPI for what its sender has not segmented
	in_ns client ethtool -K c0 gro on >&2 || skip "no NAPI on veth here"
	in_ns router ethtool -K r0 tso off >&2
	without_arp # all that the qdisc counts is the flood
	in_ns router tc qdisc add dev r0 root pfifo limit 2000 || skip "no pfifo here"
	spawn other ip netns exec "$(ns router)" "$TOOLS/other" r2 flood clsact r0
}

# flood_driver: one packet of the server becomes FLOOD packets at r0.
flood_driver()
{
	in_ns server "$TOOLS/udpgen" 10.7.1.2 7099 count=1 loose=1 >&2
	until_true all_sent || fail "not all are sent: $(qdisc_counts)"
	say "r0: $(qdisc_counts)"
}

# The counters of the qdisc. Requeues are packets that the driver refused.
qdisc_counts()
{
	ip netns exec "$(ns router)" tc -s -j qdisc show dev r0 root | jq -c '.[0]'
}

all_sent()
{
	[ "$(qdisc_counts | jq '.packets - (.qlen // 0)')" -ge $FLOOD ]
}

# needs_busy REQUEUES: fails if the driver was not busy, and skips where it never is.
needs_busy()
{
	[ "$1" -gt 0 ] || printf '6.16\n%s\n' "$(uname -r)" | sort -VC || skip "veth is never busy before Linux 6.16"
	[ "$1" -gt 0 ] || fail "the driver was not busy: $1 requeues, $(qdisc_counts)"
}
