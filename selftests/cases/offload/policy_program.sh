#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past the programs of others: at the input, ahead of ours or in its place, and ahead of ours at
# the output. How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

# other DEV WHAT PLACE [PORT]
other()
{
	spawn other ip netns exec "$(ns router)" "$TOOLS/other" "$@"
	OTHER=$PID
}

no_other()
{
	kill "$OTHER"
	wait "$OTHER" || :
}

needs_tcx()
{
	"$TXPATH" features | grep -q '^tcx: yes' || skip "no TCX here: $1"
}

on_clsact() { other r0 drop clsact; }
off_clsact()
{
	no_other
	run tc -n "$(ns router)" filter del dev r0 ingress
}
on_tcx() { other r0 drop last; }
off_tcx() { no_other; }

test_policy_other_programs()
{
	needs_tcx "our filter is the last, all others are ahead of it"
	obeys clsact=other_programs tcx=other_programs
}

# A transparent proxy whose rules do not deliver: ip_forward drops what has a socket.
on_assigned() { other r0 assign first "$PORT"; }
off_assigned() { no_other; }

test_policy_prefetched()
{
	needs_tcx "the program that assigns is to be the first"
	add_topology
	udp_sink router 1
	obeys assigned=prefetched
}

# What an egress program ahead of ours makes of a packet is not what the kernel decided.
test_policy_disagrees()
{
	add_topology
	offload r0 r2 lease-ms=60000
	spawn mangle ip netns exec "$(ns router)" "$TOOLS/mangle" r2 tos
	until_true passes || fail "packets do not pass at first"
	passes || fail "not all packets pass"
	declined disagrees
	[ "$(verdict r0 taken)" = 0 ] || fail "packets were taken over that the kernel sends otherwise"
	kill "$PID"
	wait "$PID" || :
}

run_test "$@"
