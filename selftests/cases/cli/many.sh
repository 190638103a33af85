#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Many devices in one command: all or none of them, whatever stops it, and the host's grace
# periods are as they were. selftests/bench/scale measures it.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

# At least as many as the loader expedites grace periods for.
DEVICES=$((N / 40 > 20 ? N / 40 : 20))
SWITCH=/sys/kernel/rcu_expedited
NAMES=()

add_devices()
{
	local i

	add_ns many
	for ((i = 0; i < DEVICES; i++)); do
		NAMES+=("d$i")
		echo "link add d$i numtxqueues 1 numrxqueues 1 type veth peer name p$i numtxqueues 1 numrxqueues 1"
	done >"$WORK/links"
	run ip -n "$(ns many)" -batch "$WORK/links"
}

# check_attached NUMBER: so many devices are, and each has its program.
check_attached()
{
	local ok

	ok=$(numbers many status | grep -c '^devices[.].*[.]state ok$' || :)
	[ "$ok" = "$1" ] || fail "$ok devices are attached, not $1"
}

check_nothing()
{
	[ -z "$(pins)" ] || fail "pins are left: $(pins | head -n 3)"
	! in_ns many tc qdisc show | grep clsact >&2 || fail "a qdisc is left"
}

switched_back()
{
	[ "$(cat $SWITCH)" = "$SWITCHED" ]
}

# note_switch: what the switch is now, and check_switch: that it is so again. Another suite's
# txpath may have it just then.
note_switch()
{
	[ ! -w $SWITCH ] || SWITCHED=$(cat $SWITCH)
}

check_switch()
{
	[ ! -w $SWITCH ] || until_true switched_back || fail "$SWITCH is $(cat $SWITCH)"
}

# with_descriptors HARD|SOFT NUMBER ARGUMENTS...: txpath, which may have so many of them.
with_descriptors()
{
	(
		ulimit "$1" "$2"
		shift 2
		exec "$TXPATH" --bpffs "$BPFFS" --netns "$(ns many)" "$@"
	)
}

test_many_devices()
{
	add_devices
	note_switch
	with_descriptors -Sn 16 attach "${NAMES[@]}"
	check_attached $DEVICES
	txp many stats >"$WORK/stats"
	[ "$(grep -c '^d[0-9].* all ' "$WORK/stats")" = $DEVICES ] || fail "stats has not all"
	with_descriptors -Sn 16 attach "${NAMES[@]}"
	check_attached $DEVICES
	check_switch
	txp many detach "${NAMES[@]:1}"
	check_attached 1
	txp many detach --all
	check_nothing
	check_switch
}

# Too few descriptors for so many links.
test_many_devices_fail()
{
	add_devices
	note_switch
	refuses 1 'Too many open files' with_descriptors -n $DEVICES attach "${NAMES[@]}"
	check_nothing
	check_switch
	txp many attach d0
	pins >"$WORK/before"
	refuses 1 'Too many open files' with_descriptors -n $DEVICES attach "${NAMES[@]}"
	pins | diff "$WORK/before" - >&2 || fail "other pins than before"
	check_attached 1
	check_switch
}

# The 8th link: by then grace periods are expedited.
killing_point()
{
	strace -f -o "$WORK/trace" -e trace=bpf,pwrite64 "$TXPATH" --bpffs "$BPFFS" \
		--netns "$(ns many)" attach "${NAMES[@]}" >&2
	[ ! -w $SWITCH ] || grep -q 'pwrite64(.*"1"' "$WORK/trace" || [ "$SWITCHED" = 1 ] ||
		! grep -q BPF_LINK_CREATE "$WORK/trace" || fail "grace periods were not expedited"
	awk '/bpf\(/ { n++ } /BPF_LINK_CREATE.* = [0-9]/ && ++links == 8 { print n }' "$WORK/trace"
	txp many detach --all >&2
}

test_many_devices_killed()
{
	local n

	command -v strace >/dev/null || skip "there is no strace to kill at a system call"
	strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
	add_devices
	note_switch
	n=$(killing_point)
	[ -n "$n" ] || skip "there are no TCX links here"
	strace -o /dev/null -e trace=bpf -e inject=bpf:signal=KILL:when="$n" "$TXPATH" \
		--bpffs "$BPFFS" --netns "$(ns many)" attach "${NAMES[@]}" >&2 &
	! wait $! 2>/dev/null || fail "it was not killed"
	check_switch
	pins | grep -q 'egress-.*-next' || fail "it was killed too early: nothing was attached yet"
	txp many attach "${NAMES[@]}"
	check_attached $DEVICES
	txp many detach --all
	check_nothing
	check_switch
}

run_test "$@"
