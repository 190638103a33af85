#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --netfilter lease and bypass: TCP segments that conntrack calls invalid meet the firewall's rule
# `ct state invalid drop`. They share addresses and ports with a connection that is taken over.
# tcp_error in net/netfilter/nf_conntrack_proto_tcp.c decides which segments are invalid.
#
#   client c0 ==== [transit] r0 router (nft) r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

PORT=4711
ACK=0x10

# tcp_valid_flags; PSH does not count.
valid_flags()
{
	case $(($1 & ~8)) in
	# SYN and SYN|URG, SYN|ACK, RST, RST|ACK, FIN|ACK and with URG, ACK, ACK|URG
	2 | 34 | 18 | 4 | 20 | 17 | 49 | 16 | 48) ;;
	*) return 1 ;;
	esac
}

# NAME WORD...: segments that are invalid; WORDs for send_odd.
invalid_segments()
{
	local flags

	for ((flags = 0; flags < 64; flags++)); do
		valid_flags $flags || printf 'flags_%02x tcp=%d\n' $flags $flags
	done
	cat <<-END
		header_0 tcp=$ACK doff=0
		header_16 tcp=$ACK doff=4
		header_beyond tcp=$ACK doff=15 size=20
		header_padding tcp=$ACK doff=7 size=20 total=-20
	END
}

# Nobody listens on PORT, and a RST would end the connection.
answer_nothing()
{
	in_ns "$1" nft 'add table ip t; add chain ip t i { type filter hook input priority 0; };
		add rule ip t i tcp dport '$PORT' drop'
}

add_invalid_drop()
{
	add_topology
	no_rp_filter
	nft_router '
		add table ip t
		add chain ip t f { type filter hook forward priority 0; policy accept; }
		add rule ip t f ct state invalid drop'
	in_ns router sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1 ||
		skip "no conntrack here"
	answer_nothing client
	answer_nothing server
	fix_neighbours
	stay_on_one_cpu
}

segments()
{
	send_odd dport=$PORT "$@"
	all_is_done client 10.7.2.1
}

# conntrack has seen a segment in each direction: the connection is established.
establish()
{
	segments tcp=$ACK
	in_ns server "$TOOLS/frames" s0 "$(mac_of router r2)" "${ADDRESS[server]}" \
		"${ADDRESS[client]}" count=1 dport=$PORT tcp=$ACK >&2
}

connection_is_taken()
{
	local before

	before=$(verdict r0 taken)
	segments tcp=$ACK
	[ "$(verdict r0 taken)" -gt "$before" ]
}

seen_at_server()
{
	ip netns exec "$(ns server)" cat /sys/class/net/s0/statistics/rx_packets
}

# arrivals WORD...: how many of the segments the server sees
arrivals()
{
	local after before

	before=$(seen_at_server)
	segments "$@"
	after=$(seen_at_server)
	echo $((after - before))
}

# demand_dropped NAME WORD...
demand_dropped()
{
	local got

	got=$(arrivals "${@:2}")
	[ "$got" = 0 ] || fail "$1: $got of $PROBES arrived past ct state invalid drop"
}

# invalid_is_dropped MODE hits|slow
invalid_is_dropped()
{
	local before count line lines

	mapfile -t lines < <(invalid_segments | wanted ' ')
	[ ${#lines[@]} -gt 0 ] || fail "no segment is called $TXPATH_TEST_ONLY"
	[ "$2" = slow ] || "$TXPATH" features | grep -q '^tcx: yes' || skip "no TCX here: no hits"
	add_invalid_drop
	# no packet is a hit while the priority is left alone (cache_validate)
	[ "$2" = hits ] || router_sysctl net.ipv4.ip_forward_update_priority=0
	establish
	count=$(arrivals tcp=$ACK)
	[ "$count" = $PROBES ] || fail "$count of $PROBES valid segments arrived"
	for line in "${lines[@]}"; do
		# shellcheck disable=SC2086 # several words
		demand_dropped $line
	done
	offload r0 r2 --netfilter "$1" lease-ms=60000
	for line in "${lines[@]}"; do
		until_true connection_is_taken || fail "nothing is taken over before $line"
		before=$(verdict r0 tcp_state)
		# shellcheck disable=SC2086 # several words
		demand_dropped $line
		counted tcp_state "$before" "$line" # the first one: it ends the lease
	done
	count=$(hits r0)
	[ "$2" = slow ] || [ "$count" -gt 0 ] || fail "no valid segment was a hit"
	[ "$2" = hits ] || [ "${count:-0}" = 0 ] || fail "$count segments were hits"
}

test_policy_tcp_flags_lease_hits() { invalid_is_dropped lease hits; }
test_policy_tcp_flags_lease_slow() { invalid_is_dropped lease slow; }
test_policy_tcp_flags_bypass_hits() { invalid_is_dropped bypass hits; }
test_policy_tcp_flags_bypass_slow() { invalid_is_dropped bypass slow; }

run_test "$@"
