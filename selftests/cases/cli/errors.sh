#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What cannot be done is refused with the reason, and nothing is changed.
#
#   host                       peer
#     a0 10.8.0.1/24 -- 10.8.0.2/24 b0

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

add_pair()
{
	add_ns host peer
	add_link host a0 10.8.0.1/24 peer b0 10.8.0.2/24
}

check_unpinned()
{
	[ -z "$(pins)" ] || fail "something was pinned"
}

test_usage_errors()
{
	add_pair
	refuses 2 "" txp host
	refuses 2 nosuch txp host nosuch
	refuses 2 "" txp host attach
	refuses 2 "" txp host detach
	refuses 2 "" txp host --nosuch status
	refuses 2 nosuch txp host attach a0 nosuch=1
	refuses 2 lo-forwarding txp host attach a0 lo-forwarding=perhaps
	refuses 2 compare-rate=10000001 txp host attach a0 compare-rate=10000001
	refuses 2 "" txp host attach a0 --mode nosuch
	refuses 2 "" txp host stats -i never
	refuses 2 "" txp host status --all
	check_unpinned
}

test_unknown_device()
{
	add_pair
	refuses 1 nosuch txp host attach nosuch
	refuses 1 nosuch txp host detach nosuch
	refuses 1 nosuch txp host stats nosuch
	check_unpinned
}

test_unknown_netns()
{
	refuses 1 nosuch run "$TXPATH" --bpffs "$BPFFS" --netns nosuch attach lo
	refuses 1 nosuch run "$TXPATH" --bpffs "$BPFFS" --netns nosuch status
	check_unpinned
}

test_no_bpffs()
{
	add_pair
	mkdir "$WORK/plain"
	BPFFS=$WORK/plain refuses 1 "no bpffs is mounted" txp host status
	BPFFS=$WORK/plain refuses 1 "no bpffs is mounted" txp host detach a0
	BPFFS=$WORK/nosuch refuses 1 nosuch txp host attach a0
	[ -z "$(find "$WORK/plain" -mindepth 1)" ] || fail "wrote into a plain directory"
	# a mount would hide what is there
	touch "$WORK/plain/file"
	if run "$TXPATH" --bpffs "$WORK/plain" --netns "$(ns host)" attach a0 2>"$WORK/said"; then
		run umount "$WORK/plain"
		fail "mounted over a file"
	fi
	grep -q "not empty" "$WORK/said" || fail "says: $(cat "$WORK/said")"
}

# Attach mounts a bpffs where there is none, and says so. What it pins outlives it.
test_bpffs_is_mounted()
{
	add_pair
	mkdir "$WORK/plain"
	# shellcheck disable=SC2016 # expanded by the inner shell
	run unshare -m -p -f --mount-proc --propagation private bash -c '
		set -e
		if "$1" --bpffs "$2" --netns "$3" attach nosuch; then exit 1; fi
		[ "$(stat -f -c %T "$2")" != bpf_fs ]
		"$1" --bpffs "$2" --netns "$3" attach a0 2>"$4"
		cat "$4" >&2
		grep -q "^txpath: mounted bpffs on $2$" "$4"
		[ "$(stat -f -c %T "$2")" = bpf_fs ]
		"$1" --bpffs "$2" --netns "$3" status | grep -q "^a0 "
		"$1" --bpffs "$2" --netns "$3" attach a0 2>"$4"
		if grep mounted "$4"; then exit 1; fi
		"$1" --bpffs "$2" --netns "$3" detach a0' \
		- "$TXPATH" "$WORK/plain" "$(ns host)" "$WORK/said" || fail "bpffs was not mounted"
}

# In a mount namespace of the command alone, as ip netns exec makes one, pins would go with it.
test_bpffs_of_a_command_is_not_mounted()
{
	add_pair
	mkdir "$WORK/plain"
	refuses 1 'would end with it.*--netns' \
		unshare -m "$TXPATH" --bpffs "$WORK/plain" --netns "$(ns host)" attach a0
	refuses 1 'would end with it' in_ns host "$TXPATH" --bpffs "$WORK/plain" attach a0
	# nor in a shell of such a namespace
	refuses 1 'would end with it' in_ns host bash -c '"$@"; exit $?' - \
		"$TXPATH" --bpffs "$WORK/plain" attach a0
	check_unpinned
}

# Programs of two versions would compare each packet twice.
test_other_version_is_refused()
{
	local directory

	add_pair
	txp host attach a0
	directory=$(echo "$BPFFS"/txpath/v2/*)
	txp host detach a0
	# an empty directory, left by a killed run, is not attached
	mkdir -p "$BPFFS/txpath/v1/$(basename "$directory")"
	txp host attach a0
	txp host detach a0
	mkdir -p "$BPFFS/txpath/v1/$(basename "$directory")/maps"
	pins >"$WORK/before"
	refuses 1 'another version of txpath is attached.*txpath/v1/' txp host attach a0
	pins | diff "$WORK/before" - >&2 || fail "the refused attach changed a pin"
	# grep -q would end the pipe before its writer
	txp host status >"$WORK/said" 2>&1
	grep 'another version' "$WORK/said" >&2 || fail "status says: $(cat "$WORK/said")"
	run "$TXPATH" --bpffs "$BPFFS" --netns "$(ns host)" detach --all >"$WORK/said" 2>&1
	grep 'another version' "$WORK/said" >&2 || fail "detach says: $(cat "$WORK/said")"
	rmdir "$BPFFS"/txpath/v1/*/maps "$BPFFS"/txpath/v1/* "$BPFFS/txpath/v1"
	txp host attach a0
}

test_read_only_bpffs()
{
	add_pair
	run mount -o remount,ro "$BPFFS"
	refuses 1 "[Rr]ead-only" txp host attach a0
	run mount -o remount,rw "$BPFFS"
	check_unpinned
}

check_foreign()
{
	run bpftool map show pinned "$1" >"$WORK/foreign"
	grep -q "name foreign" "$WORK/foreign" || fail "the foreign pin is gone"
}

# Where a pin of ours would be there is something else: it stays, and attach says so.
test_foreign_pin()
{
	local foreign map

	add_pair
	run bpftool map create "$BPFFS/txpath" type array key 4 value 4 entries 1 name foreign
	refuses 1 "$BPFFS/txpath" txp host attach a0
	check_foreign "$BPFFS/txpath"
	rm "$BPFFS/txpath"

	attach host a0
	for map in "$BPFFS"/txpath/v2/*/maps/counters; do
		foreign=$map
	done
	rm "$foreign"
	run bpftool map create "$foreign" type array key 4 value 4 entries 1 name foreign
	refuses 1 counters txp host attach a0
	check_foreign "$foreign"
}

# without CAPABILITIES ARGUMENTS...: txpath as root, but for those.
without()
{
	local drop=$1

	shift
	in_ns host setpriv --bounding-set "$drop" --inh-caps "$drop" \
		"$TXPATH" --bpffs "$BPFFS" "$@"
}

test_missing_privilege()
{
	add_pair
	refuses 1 CAP_BPF without -bpf,-sys_admin attach a0
	refuses 1 CAP_PERFMON without -perfmon,-sys_admin attach a0
	refuses 1 CAP_NET_ADMIN without -net_admin attach a0
	refuses 1 CAP_SYS_ADMIN without -sys_admin attach a0
	refuses 1 CAP_BPF without -bpf,-sys_admin status
	check_unpinned
}

# Other tools read the maps by the names of the X-lists.
test_maps_have_names()
{
	add_pair
	attach host a0
	in_ns host ping -q -c 3 -i 0.1 10.8.0.2 >&2
	for map in "$BPFFS"/txpath/v2/*/maps/counters; do
		run bpftool map dump pinned "$map" >"$WORK/dump"
	done
	for name in compared next_hop mismatch ip_output; do
		grep -q "\"$name\"" "$WORK/dump" || fail "no $name in the dump of counters"
	done
	for map in "$BPFFS"/txpath/v2/*/maps/devices; do
		run bpftool map dump pinned "$map" >"$WORK/dump"
	done
	grep -q '"ifindex"' "$WORK/dump" || fail "no ifindex in the dump of devices"
}

# Commands that show: text and JSON, with nothing attached and with a device.
test_commands_show()
{
	local command

	add_pair
	for command in status features; do
		txp host $command >"$WORK/text"
		numbers host $command >/dev/null
	done
	refuses 1 "nothing is attached" txp host stats
	refuses 1 "nothing is attached" txp host parity
	attach host a0
	in_ns host ping -q -c 3 -i 0.1 10.8.0.2 >&2
	for command in status stats parity features; do
		txp host $command >"$WORK/text"
		[ -s "$WORK/text" ] || fail "$command prints nothing"
		numbers host $command >"$WORK/numbers"
		[ -s "$WORK/numbers" ] || fail "$command -j prints nothing"
	done
	numbers host stats a0 >"$WORK/numbers"
	[ "$(number devices.a0.verdicts.compared.packets <"$WORK/numbers")" -gt 0 ] ||
		[ "$(number devices.a0.verdicts.header_only.packets <"$WORK/numbers")" -gt 0 ] ||
		fail "stats -j has no packets"
	[ "$(grep -c '^devices.a0.probes.*packets ' "$WORK/numbers")" = \
		"$(sed -n 's/^	TXP_VERIFY_PROBE(.*/x/p' "$ROOT/include/txpath/probes.h" | wc -l)" ] ||
		fail "stats -j has probes that are never counted"
	txp host parity -q >"$WORK/full" || fail "parity with nothing wrong"
	! "$TXPATH" --bpffs "$BPFFS" --netns "$(ns host)" stats >/dev/full 2>/dev/null ||
		fail "a full disk looks like success"
}

run_test "$@"
