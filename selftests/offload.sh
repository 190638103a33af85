# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests of a router in offload; sourced after lib.sh.

# offload [DEV...]: of the router; where the kernel has no place for transit, it says so.
offload()
{
	local said

	said=$(txp router attach "$@" --mode offload 2>&1) || {
		grep -q 'transit' <<<"$said" || fail "$said"
		skip "$said"
	}
}

# transit DEV NAME: a number that transit has for the device; verdicts.NAME.packets, learned
transit()
{
	numbers router stats "$1" | number "devices.$1.transit.$2"
}

# verdict DEV NAME: packets that transit counted so.
verdict()
{
	transit "$1" "verdicts.$2.packets"
}

# is_taken: the client's flow to the server has a lease.
is_taken()
{
	local before

	before=$(verdict r0 taken)
	in_ns client ping -q -c 2 -i 0.1 "${ADDRESS[server]}" >/dev/null
	[ "$(verdict r0 taken)" -gt "$before" ]
}

# offloaded_road [KNOB=VALUE...]: the road of lib.sh, router in offload.
offloaded_road()
{
	add_road
	offload r0 r2 "$@"
	until_true is_taken || fail "nothing is taken over"
}
