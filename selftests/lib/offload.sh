# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests of a router in offload. It sources lib.sh.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# offload [DEV|KNOB...]: attaches to the router in offload. Skips the test if this kernel has no hook
# for transit.
offload()
{
	local said

	said=$(txp router attach "$@" --mode offload 2>&1) || {
		grep -q 'transit' <<<"$said" || fail "$said"
		skip "$said"
	}
}

nft_router()
{
	command -v nft >/dev/null || skip "no nft"
	in_ns router nft "$@" || skip "nft $* is refused here"
}

# transit DEV NAME: a counter of transit for the device: verdicts.NAME.packets, learned
transit()
{
	numbers router stats "$1" | number "devices.$1.transit.$2"
}

# verdict DEV NAME: packets with this verdict of transit
verdict()
{
	transit "$1" "verdicts.$2.packets"
}

# The flow of is_taken: arguments of ping
FLOW=("${ADDRESS[server]}")

# is_taken: the client's flow to the server is taken over.
is_taken()
{
	local before

	before=$(verdict r0 taken)
	ip netns exec "$(ns client)" ping -q -c 2 -i 0.01 -W 1 "${FLOW[@]}" >/dev/null || :
	[ "$(verdict r0 taken)" -gt "$before" ]
}

# demand_taken WHEN: waits until the flow is taken over.
demand_taken()
{
	until_true is_taken || {
		txp router stats >&2
		fail "nothing is taken over $1: taken is $(verdict r0 taken)"
	}
}

# offloaded_topology [KNOB=VALUE...]: the topology of lib.sh with its router in offload.
offloaded_topology()
{
	add_topology
	offload r0 r2 "$@"
	demand_taken "of a plain flow"
}

# hits DEV: packets that were taken over as hits (map "dev_cache").
hits()
{
	local place

	place=$(($(ip netns exec "$(ns router)" cat "/sys/class/net/$1/ifindex") % 4096))
	bpftool -j map lookup pinned "$(echo "$BPFFS"/txpath/v2/*/maps/dev_cache)" \
		key $((place % 256)) $((place / 256)) 0 0 | jq '[.formatted.values[].value.taken.packets] | add'
}

# declined NAME: transit left packets to the kernel for this reason.
declined()
{
	[ "$(verdict r0 "$1")" -gt 0 ] || fail "no packet was counted as $1"
}
