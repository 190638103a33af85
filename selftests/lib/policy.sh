# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests that no packet passes a policy of the kernel. It sources offload.sh.
#
# Each policy is first shown to work without txpath. Then it is applied to a flow that txpath takes
# over: it must work at once, from the first packet after the command returned, and transit must
# count the packets under the right reason. A lease lasts longer than a test, so that its expiry
# cannot hide a policy that txpath ignores.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server
#          c1 ==== r1
#
# A test defines on_NAME and off_NAME for each policy, effect_NAME where needed, and calls obeys NAME...

# shellcheck source-path=SCRIPTDIR source=offload.sh
. "$(dirname "${BASH_SOURCE[0]}")/offload.sh"

shopt -s extglob

PROBES=10

# TXPATH_TEST_ONLY: a regular expression. Policies with other names are left out.
: "${TXPATH_TEST_ONLY:=.*}"

# Not empty if the router's devices are in offload.
OFFLOADS=

# Leases are per CPU, and a veth receives packets on the CPU that sent them. Tests that run at the
# same time choose different CPUs.
stay_on_one_cpu()
{
	local cpus first last

	cpus=$(taskset -cp $$ | sed 's/.*: //; s/,.*//')
	first=${cpus%-*} last=${cpus#*-}
	run taskset -cp $((first + $$ % (last - first + 1))) $$ >&2
}

offload_for_long()
{
	stay_on_one_cpu
	offload r0 r2 lease-ms=60000
	OFFLOADS=yes
}

# settle: waits until the flow passes, and is taken over if the router is in offload.
settle()
{
	until_true passes || fail "the flow does not pass at first: $ARRIVED of $PROBES packets, ping says: $SAID"
	[ -z "$OFFLOADS" ] || demand_taken "before any policy"
}

# all_is_done NS ADDRESS: waits until all packets sent before, and their answers, have arrived. A CPU
# handles packets in order, so an answered echo request behind them shows it. ADDRESS is on a device
# of the router that the test does not count.
all_is_done()
{
	until_true ip netns exec "$(ns "$1")" ping -q -c 1 -W 2 "$2" >/dev/null ||
		fail "the router does not answer"
}

# fix_neighbours: nobody has to ask for an address, so all that is counted was sent by the test.
fix_neighbours()
{
	run ip -n "$(ns server)" neigh replace 10.7.3.1 lladdr "$(mac_of router r2)" dev s0 \
		nud permanent
	router_ip neigh replace "${ADDRESS[server]}" lladdr "$(mac_of server s0)" dev r2 \
		nud permanent
	router_ip neigh replace "${ADDRESS[client]}" lladdr "$(mac_of client c0)" dev r0 \
		nud permanent
}

# probe [OPTION...]: sends PROBES packets of the flow. Sets ARRIVED (packets at the server), ANSWERED
# (answers at the client) and SAID (the output of ping).
probe()
{
	local before

	before=$(snmp server Icmp.InEchos)
	SAID=$(ip netns exec "$(ns client)" ping -c $PROBES -i 0.01 -W 1 "$@" "${FLOW[@]}" 2>&1) || :
	ANSWERED=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' <<<"$SAID")
	ARRIVED=$(($(snmp server Icmp.InEchos) - before))
}

# Effects: each sends packets and succeeds if the policy works.

dropped()
{
	probe "$@"
	[ "$ARRIVED$ANSWERED" = 00 ]
}

# The requests arrive; the answers do not.
unanswered()
{
	probe
	[ "$ARRIVED $ANSWERED" = "$PROBES 0" ]
}

answered_by_router()
{
	probe
	[ "$ARRIVED" = 0 ] && [ "$ANSWERED" -gt 0 ]
}

# refused_with TEXT: dropped, and the router says why, though not for every packet: ip_error has a
# rate limit.
refused_with()
{
	dropped && until_true why_is_known "$1"
}

why_is_known()
{
	grep -q "$1" <<<"$SAID" || {
		probe
		return 1
	}
}

passes()
{
	probe
	[ "$ARRIVED" = $PROBES ]
}

effect()
{
	if declare -F "effect_$1" >/dev/null; then
		"effect_$1"
	else
		dropped
	fi
}

# without NAME: without txpath the effect is there exactly while the policy is.
without()
{
	say "== $1, without txpath"
	! effect "$1" || fail "$1: its effect shows without it"
	"on_$1"
	effect "$1" || fail "$1: does nothing here; $ARRIVED arrived, $ANSWERED answered: $SAID"
	"off_$1"
	until_true passes || fail "$1: the flow does not pass after it was removed: $ARRIVED of $PROBES packets, ping says: $SAID"
}

# verdict_of REASON[+REASON...]: packets that transit counted under these reasons
verdict_of()
{
	local name sum=0

	for name in ${1//+/ }; do
		sum=$((sum + $(verdict r0 "$name")))
	done
	echo $sum
}

# counted REASONS BEFORE WHAT: fails unless more packets than BEFORE have these reasons.
counted()
{
	[ "$(verdict_of "$1")" -gt "$2" ] || {
		txp router stats r0 >&2
		fail "$3: no packet was counted as $1"
	}
}

# A DSCP that no packet has had yet makes a new flow.
NEW_TOS=0

# with NAME [=REASONS|~REASONS]: the reasons of the flow that had a lease (=), or of a new flow (~)
with()
{
	local before reasons=${2:-}

	say "== $1, with txpath"
	demand_taken "before $1"
	before=$(verdict_of "${reasons#[=~]}")
	"on_$1"
	effect "$1" || fail "$1: not obeyed; $ARRIVED arrived, $ANSWERED answered: $SAID"
	case $reasons in
	=*)
		counted "${reasons#=}" "$before" "$1"
		;;
	~*)
		NEW_TOS=$((NEW_TOS + 4))
		probe -Q $NEW_TOS
		counted "${reasons#"~"}" "$before" "$1"
		;;
	esac
	"off_$1"
}

# wanted SEPARATOR: of the lines on stdin, those whose name TXPATH_TEST_ONLY matches
wanted()
{
	grep -E "^($TXPATH_TEST_ONLY)($1|\$)"
}

# obeys NAME[=REASON|~REASON]...: on_NAME and off_NAME add and remove a policy. effect_NAME shows its
# effect; without one the effect is that nothing arrives. The caller may have changed the topology.
obeys()
{
	local name names

	mapfile -t names < <(printf '%s\n' "$@" | wanted '[=~]')
	[ ${#names[@]} -gt 0 ] || fail "no policy of $* matches TXPATH_TEST_ONLY=$TXPATH_TEST_ONLY"
	[ -e "/run/netns/$(ns router)" ] || add_topology
	stay_on_one_cpu
	for name in "${names[@]}"; do
		without "${name%%[=~]*}"
	done
	offload_for_long
	for name in "${names[@]}"; do
		with "${name%%[=~]*}" "${name##*([a-z_])}"
	done
	demand_taken "after all"
}

# Changes of the topology that tests of several files make.

router_ip()
{
	run ip -n "$(ns router)" "$@"
}

router_sysctl()
{
	in_ns router sysctl -qw "$@"
}

is_up()
{
	[ "$(ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/operstate")" = up ]
}

no_rp_filter()
{
	local dev

	in_ns client sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.c0.rp_filter=0 \
		net.ipv4.conf.c1.rp_filter=0
	for dev in all r0 r1 r2; do
		router_sysctl net.ipv4.conf.$dev.rp_filter=0
	done
}

# Without this the rate limit of ICMP decides which errors are sent.
all_errors_are_sent()
{
	router_sysctl net.ipv4.icmp_ratemask=0
	in_ns server sysctl -qw net.ipv4.icmp_ratemask=0
}

server_answers()
{
	run ip -n "$(ns server)" link set s0 arp "$1"
}

# send_odd WORD...: dmac=, saddr= and daddr= are addresses; the other words go to tools/frames.
send_odd()
{
	local daddr=${ADDRESS[server]} dmac saddr=${ADDRESS[client]} word words=()

	dmac=$(mac_of router r0)
	for word; do
		case $word in
		dmac=*) dmac=${word#*=} ;;
		saddr=*) saddr=${word#*=} ;;
		daddr=*) daddr=${word#*=} ;;
		*) words+=("$word") ;;
		esac
	done
	in_ns client "$TOOLS/frames" c0 "$dmac" "$saddr" "$daddr" count=$PROBES "${words[@]}" >&2
}
