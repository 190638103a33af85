#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Connections that end badly, and ports where nobody listens. Topology and what must hold:
# ../../lib/scenarios.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/scenarios.sh
. "$(dirname "$0")/../../lib/scenarios.sh"

# No listener there.
refused_flows()
{
	for _ in {1..20}; do
		refuses 1 'Connection refused' in_ns "$1" "$TOOLS/tcpflow" "${ADDRESS[$2]}" 9 "${@:3}"
	done
}

# listener NS SETTING...: in the three ways that a connection may end badly.
ended_flows()
{
	local settings=("${@:3}")

	tcp_server "$2" "${settings[@]}" hangup=1
	for _ in {1..20}; do
		send "$1" "$2" tcpflow last=1
		send "$1" "$2" tcpflow last=2
	done
	tcp_server "$2" "${settings[@]}" hangup=1 abort=1
	for _ in {1..20}; do
		send "$1" "$2" tcpflow
	done
	tcp_server "$2" "${settings[@]}"
	for _ in {1..20}; do
		send "$1" "$2" tcpflow abort=1 ttl=20
	done
}

resets_of()
{
	in_ns "$1" nstat -asz TcpOutRsts | awk '$1 == "TcpOutRsts" { print $2 }'
}

test_scenario_reset()
{
	local name

	attach_all
	for name in client server; do
		resets_of $name >"$WORK/before.$name"
	done
	refused_flows client server
	refused_flows server client ttl=9 tos=0x10
	ended_flows client server
	ended_flows client server ttl=9 tos=0x10 priority=5 mark=3
	ended_flows server client ttl=9 options=8
	for name in client server; do
		[ $(($(resets_of $name) - $(<"$WORK/before.$name"))) -ge 40 ] ||
			fail "$name sent no resets"
	done
	check_all "${ALWAYS[@]}"
	check_parity server "${ALWAYS[@]}"
}

run_test "$@"
