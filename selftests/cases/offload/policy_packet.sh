#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Packets that are not for forwarding, one odd thing at a time. They share addresses with a flow
# that is taken over where nothing is said of addresses. How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

# seen_at_server: what has come in there, whatever it is.
seen_at_server()
{
	ip netns exec "$(ns server)" cat /sys/class/net/s0/statistics/rx_{packets,bytes} |
		tr '\n' ' '
}

# NAME REASON[+REASON...] WORD...: all are counted under these, some under the last; WORDs for
# send_odd.
odd_frames()
{
	cat <<-END
		plain taken
		tagged vlan_tag vlan=7
		other_host other_host dmac=02:00:00:00:00:77
		broadcast_frame multicast dmac=ff:ff:ff:ff:ff:ff
		multicast_frame multicast dmac=01:00:5e:00:00:07
		not_ipv4 not_ipv4 ethertype=0x88b5
		version bad_header version=5
		header_short bad_header ihl=4
		header_long bad_header ihl=15 size=0
		checksum bad_header sum=1
		total_beyond bad_length total=100
		total_short bad_length total=-80
		cut bad_length cut=10
		padded taken total=-20
		record_route ip_options option=7
		source_route ip_options option=131
		strict_route ip_options option=137
		first_fragment fragment fragment=0x2000
		last_fragment fragment fragment=8
		reserved_flag taken fragment=0x8000
		ttl_0 ttl_over ttl=0
		ttl_1 ttl_over ttl=1
		ttl_2 taken ttl=2
		multicast multicast daddr=224.0.0.7
		limited_broadcast multicast daddr=255.255.255.255
		directed_broadcast miss+not_unicast daddr=10.7.2.255
		to_loopback martian daddr=127.0.0.1
		to_nobody martian daddr=0.0.0.0
		from_loopback martian saddr=127.0.0.2
		from_nobody martian saddr=0.0.0.0
		from_multicast martian saddr=224.0.0.7
		from_broadcast martian saddr=255.255.255.255
		from_input_address miss+own_source saddr=10.7.1.1
		from_output_address miss+own_source saddr=10.7.3.1
	END
}

# arrivals WORD...: how much more the server has seen: packets and bytes.
arrivals()
{
	local after before

	read -ra before < <(seen_at_server)
	send_odd "$@"
	all_is_done client 10.7.2.1
	read -ra after < <(seen_at_server)
	echo $((after[0] - before[0])) $((after[1] - before[1]))
}

add_quiet_topology()
{
	add_topology
	no_rp_filter
	router_sysctl net.ipv4.conf.all.accept_source_route=0
	fix_neighbours
}

test_policy_odd_frames()
{
	local before got last name reasons words
	declare -A want=()

	add_quiet_topology
	stay_on_one_cpu
	while read -r name reasons words; do
		# shellcheck disable=SC2086 # several words
		want[$name]=$(arrivals $words)
		say "$name: ${want[$name]} without txpath"
	done < <(odd_frames | wanted ' ')
	[ ${#want[@]} -gt 0 ] || fail "no frame is called $TXPATH_TEST_ONLY"
	[ "$(arrivals | cut -d ' ' -f 1)" = $PROBES ] || fail "frames that are not odd do not arrive"
	offload_for_long
	while read -r name reasons words; do
		demand_taken "before $name"
		before=$(verdict_of "$reasons")
		last=$(verdict_of "${reasons##*+}")
		# shellcheck disable=SC2086 # several words
		got=$(arrivals $words)
		[ "$got" = "${want[$name]}" ] || fail "$name: $got arrived, ${want[$name]} without txpath"
		counted "${reasons##*+}" "$last" "$name"
		[ "$(verdict_of "$reasons")" = $((before + PROBES)) ] ||
			fail "$name: not $PROBES packets were counted as $reasons"
	done < <(odd_frames | wanted ' ')
}

run_test "$@"
