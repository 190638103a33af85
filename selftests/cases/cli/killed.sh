#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# A command that is killed leaves the old state or the new, packets pass, and the next command
# removes what is left. strace kills it before a system call that changes something: before each
# of them, or where there are more than $POINTS, before so many of them.
# Topology: ../../lib/offload.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# TXPATH_TEST_PACKETS=80000 is enough for all.
POINTS=$((N / 800))
[ $POINTS -ge 5 ] || POINTS=5

CALLS=bpf,mkdir,rename,unlink,sendto,sendmsg,write
CHANGES='^(bpf\(BPF_(MAP_UPDATE|MAP_DELETE|OBJ_PIN|LINK_|RAW_)|mkdir|rename|unlink|send|write\(.*"[01]\\n")'

OFFLOAD=(attach r0 r2 --mode offload lo-forwarding=on)

killed_topology()
{
	command -v strace >/dev/null || skip "there is no strace to kill at a system call"
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	add_topology
	traces >"$WORK/traces"
	offload r0 r2
	COOKIE=$(numbers router status | awk '$1 == "devices.r0.netns_id" { print $2 }')
	txp router detach --all
	check_traces
}

# What attaching may change of the router.
traces()
{
	local dev

	pins
	for dev in r0 r2; do
		ip netns exec "$(ns router)" tc qdisc show dev $dev
		ip netns exec "$(ns router)" tc filter show dev $dev ingress
		ip netns exec "$(ns router)" tc filter show dev $dev egress
	done
	ip netns exec "$(ns router)" sysctl net.ipv4.conf.lo.forwarding
}

check_traces()
{
	traces | diff "$WORK/traces" - >&2 || fail "$HERE: a trace is left"
}

# Each program holds the map with the row of its instance, which says whose it is.
is_gone()
{
	local map

	for map in $(bpftool map show | sed -n 's/^\([0-9]*\): .* name instance .*/\1/p'); do
		! bpftool map dump id "$map" 2>/dev/null | grep -q "\"netns\": $COOKIE," || return 1
	done
}

# The kernel frees them after a while.
check_programs()
{
	until_true is_gone || {
		bpftool prog show >&2
		fail "a program is left"
	}
}

# points COMMAND...: "SYSCALL N" of each change that it makes; it is carried out.
points()
{
	run strace -o "$WORK/trace" -e trace=$CALLS "$TXPATH" --bpffs "$BPFFS" \
		--netns "$(ns router)" "$@" >&2
	# what is written to maps before all else: nobody sees them yet
	CHANGES=$CHANGES awk '
		{ name = $0; sub(/\(.*/, "", name); n[name]++ }
		/^bpf\(BPF_(OBJ_PIN|LINK_|RAW_)/ { seen = 1 }
		/= -1 ENOENT/ || (/^bpf/ && !seen) { next }
		$0 ~ ENVIRON["CHANGES"] { print name, n[name] }' "$WORK/trace" >"$WORK/all"
	say "$(wc -l <"$WORK/all") system calls that change something"
	[ -s "$WORK/all" ] || fail "nothing changes: $(head -n 3 "$WORK/trace")"
	awk -v all="$(wc -l <"$WORK/all")" -v most="$POINTS" '
		int(NR * most / all) != int((NR - 1) * most / all) || most >= all' "$WORK/all"
}

# kill_at SYSCALL N COMMAND...
kill_at()
{
	local code

	HERE="killed before $1 $2 of $3"
	say "$HERE"
	# in a shell of its own, which would say that it was killed
	code=$(
		strace -o /dev/null -e trace="$1" -e inject="$1":signal=KILL:when="$2" "$TXPATH" \
			--bpffs "$BPFFS" --netns "$(ns router)" "${@:3}" >"$WORK/said" 2>&1 || echo $?
	) 2>/dev/null
	code=${code:-0}
	# it may need a call less than before
	[ "$code" = 137 ] || [ "$code" = 0 ] || fail "$HERE: exit code $code: $(cat "$WORK/said")"
	[ "$code" = 0 ] || KILLED=$((KILLED + 1))
}

# check_state MODE...: each device is in one of those modes (none: it is not attached), and
# packets pass, taken over only where the mode is offload.
check_state()
{
	local dev mode

	numbers router status >"$WORK/status"
	for dev in r0 r2; do
		mode=$(awk -v path="devices.$dev.mode" '$1 == path { print $2 }' "$WORK/status")
		[[ " $* " = *" ${mode:-none} "* ]] || fail "$HERE: $dev is in mode '$mode'"
	done
	count_taken >"$WORK/taken"
	ip netns exec "$(ns client)" ping -q -c 3 -i 0.01 -W 10 "${ADDRESS[server]}" >"$WORK/ping" ||
		fail "$HERE: packets are lost"
	grep -q '^devices.*mode offload' "$WORK/status" || [ "$(count_taken)" = "$(cat "$WORK/taken")" ] ||
		fail "$HERE: something was taken over"
}

# count_taken: so far, by all devices
count_taken()
{
	local code=0

	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j stats >"$WORK/json" 2>&1 || code=$?
	[ $code = 0 ] || grep -q 'nothing is attached' "$WORK/json" || fail "$HERE: stats fails"
	awk -v RS='"taken":{"packets":' 'NR > 1 { n += $1 } END { print n + 0 }' "$WORK/json"
}

txp_quietly()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" "$@" >"$WORK/said" 2>&1 ||
		fail "$HERE: then $1 fails: $(cat "$WORK/said")"
}

check_attached()
{
	numbers router status >"$WORK/status"
	[ "$(grep -c '^devices.*[.]mode offload' "$WORK/status")" = 2 ] ||
		fail "$HERE: attached again, status shows $(grep '[.]mode' "$WORK/status")"
	[ "$(grep -c '^devices.*[.]transit [tc]' "$WORK/status")" = 2 ] ||
		fail "$HERE: attached again, without transit"
	! pins | grep -e -next || fail "$HERE: attached again, a pin is left"
}

# Every other time the next command is detach.
next_is_detach()
{
	TURN=$((TURN + 1))
	[ $((TURN % 2)) = 0 ]
}

KILLED=0
TURN=0
HERE="at first"

at_each_point()
{
	local call n step=$1

	while read -r call n <&3; do
		"$step" "$call" "$n"
	done 3<"$WORK/points"
	say "killed $KILLED times"
	[ $KILLED -gt 0 ] || fail "it was never killed"
	txp_quietly detach --all
	check_traces
	check_programs
}

kill_attach()
{
	kill_at "$1" "$2" "${OFFLOAD[@]}"
	check_state none off offload
	if ! next_is_detach; then
		txp_quietly "${OFFLOAD[@]}"
		check_attached
	fi
	txp_quietly detach --all
	check_traces
}

test_killed_attach()
{
	killed_topology
	points "${OFFLOAD[@]}" >"$WORK/points"
	txp router detach --all
	at_each_point kill_attach
}

# Filters and a qdisc do not go with the process that made them.
test_killed_attach_on_clsact()
{
	killed_topology
	OFFLOAD+=(tc-hook=clsact)
	points "${OFFLOAD[@]}" >"$WORK/points"
	txp router detach --all
	at_each_point kill_attach
}

# Without these pins the programs of every probe and of transit are replaced.
make_old()
{
	rm -f "$BPFFS"/txpath/v2/*/maps/transit_calls "$BPFFS"/txpath/v2/*/links/neigh_update
}

SHADOW=(attach r0 r2 --mode shadow transit=on)

kill_again()
{
	make_old
	kill_at "$1" "$2" "${SHADOW[@]}"
	check_state offload shadow
	if next_is_detach; then
		txp_quietly detach --all
		check_traces
	fi
	txp_quietly "${OFFLOAD[@]}"
	check_attached
}

test_killed_attach_again()
{
	killed_topology
	txp_quietly "${OFFLOAD[@]}"
	make_old
	points "${SHADOW[@]}" >"$WORK/points"
	txp_quietly "${OFFLOAD[@]}"
	at_each_point kill_again
}

kill_detach()
{
	kill_at "$1" "$2" detach --all
	check_state offload off none
	if next_is_detach; then
		txp_quietly detach --all
		check_traces
	fi
	txp_quietly "${OFFLOAD[@]}"
	check_attached
}

test_killed_detach()
{
	killed_topology
	txp_quietly "${OFFLOAD[@]}"
	points detach --all >"$WORK/points"
	txp_quietly "${OFFLOAD[@]}"
	at_each_point kill_detach
}

test_killed_detach_on_clsact()
{
	killed_topology
	OFFLOAD+=(tc-hook=clsact)
	txp_quietly "${OFFLOAD[@]}"
	points detach --all >"$WORK/points"
	txp_quietly "${OFFLOAD[@]}"
	at_each_point kill_detach
}

# write_rules NAME: a file with one rule for all packets
write_rules()
{
	printf 'version: 1\nclasses: {a: {priority: 6}}\nrules: [{name: %s, class: a}]\n' "$1" >"$WORK/$1.yaml"
}

rules_now()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" -j classify show |
		jq -r '.classify[].rules[] | .rule'
}

# The old rules or the new, all of them.
kill_classify()
{
	txp_quietly classify load "$WORK/old.yaml"
	kill_at "$1" "$2" classify load "$WORK/new.yaml"
	rules_now >"$WORK/rules"
	[[ $(cat "$WORK/rules") = @(old|new) ]] || fail "$HERE: the rules are '$(cat "$WORK/rules")'"
	check_state offload
	txp_quietly classify load "$WORK/new.yaml"
	[ "$(rules_now)" = new ] || fail "$HERE: then load loads nothing"
}

# Nothing but its last call changes what the host sees: it is killed before some calls and before that.
test_killed_classify_load()
{
	killed_topology
	txp_quietly "${OFFLOAD[@]}"
	write_rules old
	write_rules new
	txp_quietly classify load "$WORK/old.yaml"
	run strace -o "$WORK/trace" -e trace=bpf "$TXPATH" --bpffs "$BPFFS" --netns "$(ns router)" \
		classify load "$WORK/new.yaml"
	awk -v most=$POINTS -v last="$(grep -n BPF_MAP_UPDATE_ELEM "$WORK/trace" | tail -n 1 | cut -d: -f1)" \
		-v all="$(wc -l <"$WORK/trace")" '
		NR == last || int(NR * most / all) != int((NR - 1) * most / all) { print "bpf", NR }' \
		"$WORK/trace" >"$WORK/points"
	at_each_point kill_classify
}

run_test "$@"
