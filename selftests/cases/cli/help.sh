#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Help and completion: made from the tables of commands, options, knobs and filters.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

COMMANDS="attach detach status stats parity probes latency trace check explain classify features help"

# knobs: the names of include/txpath/knobs.h
knobs()
{
	sed -n 's/.*TXP_KNOB([A-Z_]*, "\([a-z-]*\)".*/\1/p' "$ROOT/include/txpath/knobs.h"
}

# says WORD FILE: has it, as a word of its own?
says()
{
	grep -qE -- "(^|[^a-z-])$1([^a-z-]|\$)" "$2"
}

test_help_lists_commands()
{
	local command

	refuses 2 'Usage: txpath COMMAND' "$TXPATH"
	[ "$(wc -l <"$WORK/said")" -lt 50 ] || fail "txpath alone is a wall of text"
	"$TXPATH" >"$WORK/alone" || :
	run "$TXPATH" help >"$WORK/help"
	run "$TXPATH" --help | diff "$WORK/help" - >&2 || fail "--help is not help"
	diff "$WORK/alone" "$WORK/help" >&2 || fail "txpath alone is not help"
	for command in $COMMANDS; do
		grep -q "^  $command " "$WORK/help" || fail "$command is not listed"
	done
	! says lease-ms "$WORK/help" || fail "the list of commands has knobs"
	refuses 2 'nosuch: there is no such command' "$TXPATH" help nosuch
	refuses 2 'nosuch: there is no such command' "$TXPATH" nosuch
}

# Each command has its own help: its arguments, its options and not those of others, an example.
test_help_of_a_command()
{
	local command

	for command in $COMMANDS; do
		run "$TXPATH" "$command" --help >"$WORK/$command"
		"$TXPATH" help "$command" | diff "$WORK/$command" - >&2 ||
			fail "$command: help and --help differ"
		grep -q "^Usage: txpath $command" "$WORK/$command" || fail "$command: no usage"
		grep -A1 '^Example:' "$WORK/$command" | grep -q "txpath $command" ||
			fail "$command: no example"
	done
	for command in $COMMANDS; do
		[ "$command" = attach ] || ! says lease-ms "$WORK/$command" || fail "$command has knobs"
		[ "$command" = trace ] || ! says --pcap "$WORK/$command" || fail "$command has --pcap"
	done
	for command in probes latency trace; do
		grep -q '^  sport=PORT ' "$WORK/$command" || fail "$command: no filters"
	done
	grep -q stages "$WORK/probes" || fail "the other name of probes is not said"
	diff <("$TXPATH" stages --help) "$WORK/probes" >&2 || fail "stages is not probes"
	says --uid "$WORK/classify" || fail "classify has no --uid"
	! says --uid "$WORK/explain" || fail "explain has --uid"
}

test_help_of_knobs()
{
	local knob count=0

	run "$TXPATH" attach --help >"$WORK/attach"
	for knob in $(knobs); do
		grep -qE "^  $knob=[^ ].*, default [a-z0-9]+\$" "$WORK/attach" ||
			fail "$knob has no range or no default"
		count=$((count + 1))
	done
	[ $count -ge 10 ] || fail "the list of knobs is not read: $count"
	grep -q '^  lease-ms=1..60000 ms, default 1000$' "$WORK/attach" || fail "lease-ms"
	grep -q '^  tc-hook=auto|tcx|clsact, default auto$' "$WORK/attach" || fail "tc-hook"
}

# error_is WORD... TEXT: attaching with it says exactly that, in one line. Without a bpffs nothing can
# be attached, whatever the words.
error_is()
{
	local text=${*: -1}

	set -- "${@:1:$#-1}"
	refuses 2 '' "$TXPATH" --bpffs "$WORK/nosuch" attach lo "$@"
	[ "$(cat "$WORK/said")" = "txpath: $text" ] || fail "$*: says more or less than '$text'"
}

# The error for a bad value has the range of that value only.
test_bad_values()
{
	error_is lease-ms=0 'lease-ms=0: a number from 1 to 60000 (ms)'
	error_is lease-ms=0x10 'lease-ms=0x10: a number from 1 to 60000 (ms)'
	error_is lease-ms=60001 'lease-ms=60001: a number from 1 to 60000 (ms)'
	error_is lease-ms= 'lease-ms=: a number from 1 to 60000 (ms)'
	error_is lease-ms=1s 'lease-ms=1s: a number from 1 to 60000 (ms)'
	error_is compare-rate=-1 'compare-rate=-1: a number from 0 to 10000000 (packets/s)'
	error_is max-surprises=few 'max-surprises=few: a number from 0 to 1000000'
	error_is tc-hook=perhaps 'tc-hook=perhaps: auto, tcx or clsact'
	error_is lo-forwarding= 'lo-forwarding=: off or on'
	error_is 'lo-forwarding=off on' 'lo-forwarding=off on: off or on'
	error_is --mode perhaps '--mode perhaps: shadow or offload'
	error_is --netfilter perhaps '--netfilter perhaps: decline, lease or bypass'
	refuses 2 '^txpath: sport=0: a number from 1 to 65535$' "$TXPATH" probes sport=0
	refuses 2 '^txpath: src=10.7: an IPv4 or IPv6 address or prefix$' "$TXPATH" trace src=10.7
	refuses 2 '^txpath: rate=0: a number from 1 to 10000000' "$TXPATH" trace rate=0
	refuses 2 'does not take --pcap: see txpath stats --help' "$TXPATH" stats --pcap file
	refuses 2 'attach --help' "$TXPATH" --bpffs "$WORK/nosuch" attach lo --nosuch
}

# completes LINE WORD...: at the end of the line the shell is offered exactly these words.
completes()
{
	local line=$1 offered

	shift
	offered=$(PATH=$ROOT/build:$PATH COMP_LINE=$line bash -c '
		. "$1"
		COMP_POINT=${#COMP_LINE}
		_txpath txpath
		printf "%s\n" "${COMPREPLY[@]}"' - "$ROOT/scripts/completion/txpath")
	[ "$(sort <<<"$offered")" = "$(printf '%s\n' "$@" | sort)" ] ||
		fail "'$line' is completed by '${offered//$'\n'/ }', not '$*'"
	say "'$line' is completed by '$*'"
}

test_completion()
{
	completes 'txpath pa' parity
	# shellcheck disable=SC2086 # a word each
	completes 'txpath ' $COMMANDS
	# shellcheck disable=SC2086 # a word each
	completes 'txpath -j --netns attach help ' $COMMANDS
	completes 'txpath attach lease' lease-ms=
	completes 'txpath attach lo t' tc-hook=auto tc-hook=clsact tc-hook=tcx transit=off transit=on
	# the shell splits words at = and replaces what is behind it
	completes 'txpath attach lo tc-hook=' auto tcx clsact
	completes 'txpath --netns attach attach lo tc-hook=t' tcx
	completes 'txpath attach --mo' --mode=shadow --mode=offload
	completes 'txpath attach --mode ' shadow offload
	completes 'txpath attach --mode=o' offload
	completes 'txpath check l' lo
	completes 'txpath trace probe=net_dev_' net_dev_queue net_dev_start_xmit net_dev_xmit
	completes 'txpath trace spo' sport=
	completes 'txpath stages probe=qdisc_' qdisc_enqueue qdisc_dequeue
	completes 'txpath classify sh' show
	completes "txpath classify load $ROOT/Makef" "$ROOT/Makefile"
	completes 'txpath status spo' ''
}

# Each knob, with its words, is offered.
test_completion_has_all_knobs()
{
	local knob

	run "$TXPATH" help --words attach >"$WORK/words"
	for knob in $(knobs); do
		grep -q "^$knob=" "$WORK/words" || fail "$knob is not offered"
	done
}

test_install_has_completion()
{
	command -v make >/dev/null || skip "no make"
	run make -s -C "$ROOT" install DESTDIR="$WORK/root" PREFIX=/usr >&2
	diff "$ROOT/scripts/completion/txpath" \
		"$WORK/root/usr/share/bash-completion/completions/txpath" >&2 || fail "not installed"
}

run_test "$@"
