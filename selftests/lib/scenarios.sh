# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests of less common setups. Sourced beside lib.sh. The topology of lib.sh with reverse path
# filters off:
#
#   client c0 ==== r0 router r2 ==== s0 server
#          c1 ==== r1
#
# No field may differ. Where txpath cannot predict, the verdict that says so must show.

# attach_all: the topology, with txpath on every device that packets leave by.
attach_all()
{
	local dev

	add_topology
	in_ns client sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.c0.rp_filter=0 \
		net.ipv4.conf.c1.rp_filter=0
	in_ns router sysctl -qw net.ipv4.conf.all.rp_filter=0
	for dev in r0 r1 r2; do
		in_ns router sysctl -qw net.ipv4.conf.$dev.rp_filter=0
	done
	attach client c0 c1
	attach router r0 r1 r2
	attach server s0
	count_from_here client c0 c1
	count_from_here router r0 r1 r2
	count_from_here server s0
}

# no_mismatch FIELD...: anywhere, and the named fields were compared at the client.
no_mismatch()
{
	local name

	for name in client router server; do
		txp $name parity >&2 || :
	done
	check_parity client "$@"
	check_parity router
	check_parity server
}

check_all()
{
	no_mismatch "$@"
	check_counted client c0 c1
	check_counted router r0 r1 r2
	check_counted server s0
}

# shows NS VERDICT FIELD...: each of the fields has it.
shows()
{
	local field name=$1 verdict=$2

	shift 2
	for field; do
		[ "$(verdicts "$name" "$field" "$verdict")" -gt 0 ] || {
			txp "$name" parity >&2 || :
			fail "$name: $field was never $verdict"
		}
	done
	say "$name: $verdict: $*"
}

# shows_no NS VERDICT: in no field.
shows_no()
{
	local found

	found=$(numbers "$1" parity |
		awk -v at="^fields[.].*[.]$2\$" '$1 ~ at && $2 > 0 { print $1, $2 }')
	[ -z "$found" ] || fail "$1: $found"
}

client_ip()
{
	run ip -n "$(ns client)" "$@"
}

# sent_by NS DEV COMMAND...: it must make the device send.
sent_by()
{
	local before dev=$2 name=$1

	before=$(device_packets "$name" "$dev")
	shift 2
	"$@"
	[ "$(device_packets "$name" "$dev")" -gt "$before" ] || fail "$dev sent nothing"
}

both_ways()
{
	udp client server "$N"
	udp client server "$N" connected=1
	tcp client server "$N" size=200
	tcp server client "$N" size=200
	pings client server $((N / 10))
}
