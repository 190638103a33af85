#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath latency: each packet is timed once between the probes that it passes; what cannot be
# followed is counted as such, and what dies on the way leaves nothing behind.

# shellcheck source-path=SCRIPTDIR source=../../lib/trace.sh
. "$(dirname "$0")/../../lib/trace.sh"

N=$((N < 200 ? N : 200))

# latency FILTER: of jq, of the last document
latency()
{
	tail -n 1 "$WORK/watch.json" | jq -c "$1"
}

# holds WHAT FILTER
holds()
{
	[ "$(latency "$2")" = true ] || {
		latency 'del(.hooks)' >&2
		fail "not so: $1"
	}
}

# The probes of the transmit path that have a hook here, in order.
path()
{
	local probe

	for probe in ip_make_skb ip_local_out ip_output ip_finish_output ip_finish_output2 \
		dev_queue_xmit pick_tx net_dev_queue net_dev_start_xmit net_dev_xmit; do
		! is_seen $probe || echo $probe
	done
}

test_latency_of_each_span()
{
	local from='' to

	add_topology
	watch client latency proto=udp
	udp client server "$N"
	watched
	demand_fentry ip_make_skb ip_output ip_finish_output2 dev_queue_xmit
	for to in $(path); do
		[ -z "$from" ] || holds "$N packets went from $from to $to" \
			"[.spans[] | select(.from == \"$from\" and .to == \"$to\" and (.whole | not)) | .count] == [$N]"
		from=$to
	done
	holds "all of them came to their end" "[.spans[] | select(.whole) | .count] == [$N]"
	holds "quantiles are in order" \
		'[.spans[] | .p50_ns <= .p99_ns and .p99_ns <= .max_ns and .mean_ns <= .max_ns] | all'
	holds "each packet is in one bucket" '[.spans[] | (.buckets | map(.count) | add) == .count] | all'
	holds "nothing is left of them" '.on_the_path == 0'
	holds "no memory was mistaken" '.replaced == 0'
}

# Their addresses are others after POST_ROUTING: still the same packets.
test_latency_of_what_is_translated()
{
	add_topology
	in_ns client nft -f - <<-END || skip "no NAT here"
		table ip t {
			chain c {
				type nat hook postrouting priority 100;
				udp dport 7099 snat to 10.7.1.3
			}
		}
	END
	watch client latency dport=7099
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=50 loose=1 >&2
	watched
	holds "all of them came to their end" '[.spans[] | select(.whole) | .count] == [50]'
	holds "none was taken for another" '.replaced == 0'
}

# netfilter drops them at OUTPUT.
test_latency_of_what_dies()
{
	add_topology
	in_ns client nft -f - <<-END || skip "no nftables here"
		table ip t {
			chain c {
				type filter hook output priority 10;
				udp dport 7099 drop
			}
		}
	END
	watch client latency dport=7099
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=50 loose=1 >&2
	watched
	holds "nothing is left of them" '.on_the_path == 0'
	holds "none went beyond" '[.spans[] | select(.to == "net_dev_xmit")] == []'
}

# Fragments are packets of their own.
test_latency_of_fragments()
{
	add_topology
	watch client latency proto=icmp
	in_ns client ping -q -c 10 -i 0.01 -s 4000 10.7.3.2 >&2
	watched
	holds "fragments are not comparable" '.unpaired >= 20'
	holds "nothing is left of them" '.on_the_path == 0'
}

# What the driver refuses waits once more, and is one packet still.
test_latency_of_a_busy_driver()
{
	local busy

	add_topology
	add_busy_driver
	watch router latency dev=r0 dst=10.7.1.2
	flood_driver
	busy=$(qdisc_counts | jq .requeues)
	watched
	needs_busy "$busy"
	holds "each of them came to its end once" "[.spans[] | select(.whole) | .count] | add == $FLOOD"
	holds "those that waited again were timed" \
		"[.spans[] | select(.from == \"net_dev_start_xmit\") | .count] | add == $FLOOD + $busy"
	holds "nothing is left of them" '.on_the_path == 0'
	holds "none was taken for another" '.replaced == 0'
}

# With TSO a segment's pieces come to the driver as packets of their own.
test_latency_of_segments()
{
	add_topology
	in_ns client ethtool -K c0 tso off gso on >/dev/null
	watch client latency proto=tcp
	tcp client server 20 size=60000
	until_true quiet
	watched
	holds "nothing is left of them" '.on_the_path == 0'
	holds "pieces are not comparable" '.unpaired > 0'
}

quiet()
{
	[ -z "$(ip netns exec "$(ns client)" ss -Htn state connected exclude time-wait)" ]
}

run_test "$@"
