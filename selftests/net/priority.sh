#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the kernel makes of a packet without a priority: the netprio map of the sender's cgroup. What
# is predicted must be what others see on the device.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# all_match NS FIELD: it was compared, nothing differs, and nothing was left out.
all_match()
{
	local verdict

	check_parity "$1" "$2"
	for verdict in unknown lost observed declined; do
		[ "$(verdicts "$1" "$2" $verdict)" = 0 ] || {
			txp "$1" parity >&2
			fail "$1: $2 was $verdict"
		}
	done
}

# Only devices of the first network namespace have a netprio map. A guest has nothing else there,
# and its test takes it for its client:
#
#   first c0 10.7.1.2/24 ==== 10.7.1.1/24 s0 server
#
# HTB gives each packet to the class that its priority names.
netprio_road()
{
	run ip netns attach "$(ns first)" $$
	add_ns server
	add_link first c0 10.7.1.2/24 server s0 10.7.1.1/24
	ADDRESS[first]=10.7.1.2
	ADDRESS[server]=10.7.1.1
	in_ns first sysctl -qw net.ipv6.conf.c0.disable_ipv6=1
	run tc qdisc add dev c0 root handle 1: htb default 1
	for class in 1 5 6; do
		run tc class add dev c0 parent 1: classid 1:$class htb rate 10gbit
	done
}

# of_class MINOR: packets that it has sent.
of_class()
{
	tc -s class show dev c0 | awk -v class="1:$1" '
		/^class/ { name = $3 }
		name == class && $1 == "Sent" { print $4 }'
}

# goes_to MINOR PACKETS COMMAND...: it sends so many in that class.
goes_to()
{
	local before class=$1 packets=$2

	before=$(of_class "$class")
	shift 2
	"$@"
	[ $(($(of_class "$class") - before)) = "$packets" ] ||
		fail "$(($(of_class "$class") - before)) packets in class 1:$class, not $packets: $*"
}

# A cgroup of the netprio controller, and us in it; both go with the test.
NETPRIO=
enter_cgroup()
{
	NETPRIO=$(mktemp -d /tmp/txpath-netprio.XXXXXX)
	trap 'clean_up; leave_cgroup' EXIT
	run mount -t cgroup -o net_prio net_prio "$NETPRIO" || skip "no netprio controller here"
	mkdir "$NETPRIO/ours"
	echo $$ >"$NETPRIO/ours/cgroup.procs"
}

leave_cgroup()
{
	echo $$ >"$NETPRIO/cgroup.procs"
	rmdir "$NETPRIO/ours"
	umount "$NETPRIO"
	rmdir "$NETPRIO"
}

# map_priority PRIORITY: of those in our cgroup that have none, on c0.
map_priority()
{
	say "+ c0 $1 >net_prio.ifpriomap"
	echo "c0 $(($1))" >"$NETPRIO/ours/net_prio.ifpriomap"
}

mixed_flows()
{
	tcp first server "$each" size=200
	tcp server first "$each" size=200
	pings first server "$each"
	pings server first "$each"
}

test_parity_netprio()
{
	local each=$((N / 10))

	[ -n "${TXPATH_GUEST:-}" ] || skip "the first network namespace is not the test's here"
	netprio_road
	enter_cgroup
	attach first c0
	count_from_here first c0
	goes_to 5 0 udp first server "$each" # there is no map yet
	map_priority 0x10005
	goes_to 5 "$each" udp first server "$each"
	goes_to 5 "$each" udp first server "$each" connected=1
	goes_to 5 0 udp first server "$each" priority=4
	goes_to 6 "$each" udp first server "$each" priority=0x10006
	mixed_flows
	map_priority 0x10006
	goes_to 6 "$each" udp first server "$each"
	mixed_flows
	all_match first priority
	check_counted first c0
}

run_test "$@"
