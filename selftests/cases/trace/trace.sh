#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath trace: a packet at each probe that has a hook here, as it was sent; and where packets are
# dropped on their way, and why. Topology: ../../lib/trace.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/trace.sh
. "$(dirname "$0")/../../lib/trace.sh"

# records FILTER: of jq, of the packets
records()
{
	jq -c "select(.kind == \"packet\") | select($1)" "$WORK/watch.json"
}

# has_record WHAT FILTER
has_record()
{
	[ -n "$(records "$2")" ] || {
		jq -c 'del(.hooks)' "$WORK/watch.json" | tail -n 40 >&2
		fail "no record of $1"
	}
}

# One packet of each kind at a time: the probes that have seen it, in the order of the transmit path.
test_trace_follows_a_packet()
{
	local seen probe

	add_topology
	watch client trace proto=udp --pcap "$WORK/packets.pcapng"
	udp_sink server 1
	send client server udpgen count=1 ttl=33 tos=40 mark=5 priority=3
	sink_filled
	watched
	demand_fentry ip_make_skb ip_output ip_finish_output2 dev_queue_xmit
	seen=$(records true | jq -r .probe | tr '\n' ' ')
	say "probes: $seen"
	for probe in ip_make_skb ip_local_out ip_output ip_finish_output ip_finish_output2 \
		dev_queue_xmit pick_tx net_dev_queue net_dev_start_xmit net_dev_xmit; do
		is_seen $probe || continue
		[[ $seen = "$probe "* || $seen = *" $probe "* ]] || fail "$probe has not seen it"
	done
	has_record 'its header' '.probe == "ip_output" and .ttl == 33 and .tos == 40 and .mark == 5 and
		.df and .saddr == "10.7.1.2" and .daddr == "10.7.3.2" and .protocol == 17 and
		.dport > 7000 and .len == 92 and .dev == "c0" and .next_hop == "10.7.1.1"'
	has_record 'its queue' '.probe == "net_dev_queue" and .queue == 0 and .priority == 3'
	[ "$(records .skb | jq -r .skb | sort -u | wc -l)" = 1 ] || fail "records of other packets too: $(records .skb | jq -r .skb | sort | uniq -c | tr "\n" " ")"
	[ "$(tail -n 1 "$WORK/watch.json" | jq '.lost + .limited')" = 0 ] || fail "records are lost: $(tail -n 1 "$WORK/watch.json" | jq -c "[.lost, .limited]")"
	check_pcap "$WORK/packets.pcapng"
}

# check_pcap FILE: tshark says the same of each packet as we do.
check_pcap()
{
	command -v tshark >/dev/null || {
		say "there is no tshark to read $1"
		return
	}
	tshark -r "$1" -T fields -e frame.comment -e ip.src -e ip.ttl -e udp.dstport -e ip.len >"$WORK/shark" ||
		fail "tshark does not read it"
	cat "$WORK/shark" >&2
	grep -q "probe ip_output dev c0.*10.7.1.2.33.$PORT.92" "$WORK/shark" || fail "not the packet"
	[ "$(wc -l <"$WORK/shark")" = "$(records '.ttl and .probe != "net_dev_xmit"' | wc -l)" ] ||
		fail "not one record for each probe with a header"
}

# dropped_in REASON FUNCTION: ends the session when a drop was seen. It must be one by the
# kernel's own reason, or where it gives none by the function.
dropped_in()
{
	until_true grep -q '"drop"' "$WORK/watch.json" || :
	watched
	has_record "a drop: $1 in $2" ".probe == \"drop\" and
		((.reason | test(\"$1\")) or (.location | test(\"$2\")))"
	records '.probe == "drop"' >&2
}

# The router has no route: ip_forward's look-up fails.
test_trace_no_route()
{
	add_topology
	watch router trace dst=198.51.100.1
	in_ns client "$TOOLS/udpgen" 198.51.100.1 9 count=3 loose=1 >&2
	dropped_in 'NOROUTE' 'ip_error|ip_rcv|ip_route_input'
}

# A connection whose route is taken away: ip_queue_xmit.
test_trace_no_route_of_a_socket()
{
	add_topology
	tcp_server server
	mkfifo "$WORK/fifo"
	spawn_writer
	run ip -n "$(ns client)" route del default
	watch client trace proto=tcp
	echo more >&3
	dropped_in 'OUTNOROUTES' 'ip_queue_xmit'
	exec 3>&-
}

# A connection that is written to from descriptor 3.
spawn_writer()
{
	ip netns exec "$(ns client)" socat -u "PIPE:$WORK/fifo" "TCP4:${ADDRESS[server]}:$PORT" &
	SPAWNED+=("$!")
	exec 3>"$WORK/fifo"
	echo first >&3
	until_true connected
}

connected()
{
	ip netns exec "$(ns client)" ss -Htn state established | grep -q .
}

# A strict source route whose first hop is behind a gateway: no route, for each SYN.
test_trace_strict_source_route()
{
	add_topology
	watch client trace proto=tcp
	ip netns exec "$(ns client)" socat -u /dev/null \
		"TCP4:${ADDRESS[server]}:9,ip-options=x8907040a07030200" &
	SPAWNED+=("$!")
	dropped_in 'OUTNOROUTES' 'ip_queue_xmit'
}

test_trace_no_neighbour()
{
	add_topology
	in_ns client sysctl -qw net.ipv4.neigh.c0.mcast_solicit=1 net.ipv4.neigh.c0.retrans_time_ms=100
	watch client trace dst=10.7.1.77
	in_ns client ping -q -c 1 -W 2 10.7.1.77 >&2 || :
	dropped_in 'NEIGH_FAILED' 'arp_error_report|neigh_'
}

# ip_forward: longer than the MTU, and not to be cut.
test_trace_too_big()
{
	add_topology
	run ip -n "$(ns router)" link set r2 mtu 1400
	watch router trace dst=10.7.3.2 proto=icmp
	in_ns client ping -q -c 1 -W 1 -M "do" -s 1450 10.7.3.2 >&2 || :
	dropped_in 'PKT_TOO_BIG' 'ip_forward'
}

# netfilter_drops HOOK
netfilter_drops()
{
	add_topology
	in_ns client nft -f - <<-END || skip "no nftables here"
		table ip t {
			chain c {
				type filter hook $1 priority 10;
				ip daddr 10.7.3.2 udp dport 7099 drop
			}
		}
	END
	watch client trace dport=7099
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=3 loose=1 >&2
	dropped_in 'NETFILTER_DROP' 'nf_hook_slow'
	has_record 'the probe before' '.probe == "ip_local_out"'
}

test_trace_netfilter_output()
{
	netfilter_drops output
	[ -z "$(records '.probe == "ip_finish_output"')" ] || fail "the packet went on to ip_finish_output"
}

test_trace_netfilter_postrouting()
{
	netfilter_drops postrouting
	has_record 'the probe before' '.probe == "ip_output"'
}

# A qdisc of one packet, and more of them than it can send.
test_trace_qdisc_full()
{
	add_topology
	in_ns client tc qdisc add dev c0 root tbf rate 8kbit burst 2k limit 2k || skip "no tbf here"
	watch client trace proto=udp
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=30 size=500 loose=1 >&2
	dropped_in 'QDISC' 'dev_queue_xmit|kfree_skb_list|qdisc'
}

# The other end of a veth is down: the driver, or where there is one a qdisc, drops all.
test_trace_device_down()
{
	add_topology
	run ip -n "$(ns client)" neigh replace 10.7.1.1 lladdr 02:00:00:00:00:01 dev c0 nud permanent
	in_ns client sysctl -qw net.ipv4.conf.c0.ignore_routes_with_linkdown=0
	run ip -n "$(ns router)" link set r0 down
	watch client trace proto=udp
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=3 loose=1 >&2
	dropped_in 'QDISC|DEV_READY' 'dev_queue_xmit|kfree_skb_list|qdisc|dev_forward_skb|veth_xmit'
}

# The device itself is down, and somebody redirects to it: its qdisc is one that drops (noop_qdisc).
test_trace_redirect_to_a_device_down()
{
	add_topology
	run ip -n "$(ns router)" link set r2 down
	spawn other ip netns exec "$(ns router)" "$TOOLS/other" r0 redirect clsact r2
	watch router trace proto=udp dev=r2
	in_ns client "$TOOLS/udpgen" 10.7.3.2 7099 count=3 loose=1 >&2
	dropped_in 'QDISC_DROP|NOT_SPECIFIED' 'dev_queue_xmit|kfree_skb_list|noop_enqueue'
	has_record "it at the device" '.probe == "net_dev_queue" and .dev == "r2" and .daddr == "10.7.3.2"'
	[ "$(records '.probe == "drop" and .dev == "r2" and .daddr == "10.7.3.2"' | wc -l)" = 3 ] ||
		fail "not each of them is dropped there"
	[ -z "$(records '.probe == "net_dev_start_xmit"')" ] || fail "the driver got a packet"
}

# busy_answers: how often the driver was busy, by the qdisc's own count
busy_answers()
{
	ip netns exec "$(ns router)" tc -s -j qdisc show dev r0 root | jq '.[0].requeues'
}

test_trace_driver_busy()
{
	local busy skb

	add_topology
	add_busy_driver
	watch router trace dev=r0 dst=10.7.1.2 rate=1000000
	flood_driver
	busy=$(qdisc_counts | jq .requeues)
	watched
	needs_busy "$busy"
	has_record 'the answer in words' '.probe == "net_dev_xmit" and .answer == "NETDEV_TX_BUSY"'
	[ "$(records '.answer == "NETDEV_TX_BUSY"' | wc -l)" = "$busy" ] ||
		fail "the driver was $busy times busy: $(records '.answer == "NETDEV_TX_BUSY"')"
	[ "$(records '.probe == "net_dev_xmit" and .answer == ""' | wc -l)" = $FLOOD ] ||
		fail "not all are seen to be sent"
	skb=$(records '.answer == "NETDEV_TX_BUSY"' | head -n 1 | jq -r .skb)
	records ".skb == \"$skb\"" | jq -r '.probe + " " + (.answer // "")' >"$WORK/path"
	cat "$WORK/path" >&2
	grep -A 3 BUSY "$WORK/path" | tr -s '\n ' ' ' |
		grep -q '^net_dev_xmit NETDEV_TX_BUSY qdisc_dequeue net_dev_start_xmit net_dev_xmit $' ||
		fail "it is not seen to be sent again"
}

# Each tunnel leads into the other one: the kernel ends it (dev_xmit_recursion).
test_trace_recursion()
{
	add_topology
	in_batch client <<-END || skip "no tunnels here"
		link add ta type ipip local 10.8.0.1 remote 10.8.2.2
		link add tb type ipip local 10.8.0.1 remote 10.8.1.2
		addr add 10.8.0.1/32 dev ta
		link set ta up
		link set tb up
		route add 10.8.1.0/24 dev ta
		route add 10.8.2.0/24 dev tb
	END
	watch client trace src=10.8.0.1
	in_ns client "$TOOLS/udpgen" 10.8.1.9 7099 count=1 loose=1 >&2 || :
	dropped_in 'RECURSION' 'dev_queue_xmit|kfree_skb_list|ip_tunnel_xmit|iptunnel_xmit'
}

# What transit leaves to the kernel, and why; other flows' are not shown.
test_trace_declines()
{
	add_topology
	txp router attach r0 r2 --mode shadow transit=on compare-rate=0 2>"$WORK/said" || skip "$(cat "$WORK/said")"
	watch router trace dst="${ADDRESS[server]}" proto=icmp
	in_ns client ping -q -c 3 -i 0.01 -t 1 "${ADDRESS[server]}" >&2 || :
	until_true grep -q '"decline"' "$WORK/watch.json"
	watched
	jq -c 'select(.kind == "decline" and .verdict == "ttl_over" and .dev == "r0" and
		.flow.daddr == "10.7.3.2" and .flow.protocol == 1)' "$WORK/watch.json" | grep . >&2 ||
		fail "the reason is not shown"
	[ -z "$(jq -c 'select(.kind == "decline" and .flow.daddr != "10.7.3.2")' "$WORK/watch.json")" ] ||
		fail "another flow is shown"
}

# What leaves with another checksum than the kernel should have written.
test_trace_mismatches()
{
	add_topology
	attach client c0
	spawn mangle ip netns exec "$(ns client)" "$TOOLS/mangle" c0 checksum
	READY=following spawn trace "$TXPATH" --bpffs "$BPFFS" --netns "$(ns client)" -j trace probe=none
	until_true is_mismatched || fail "no mismatch is shown"
	kill -INT "$PID"
	wait "$PID" || fail "the trace ended with $?"
	jq -c 'select(.kind == "mismatch" and .field == "checksum" and .dev == "c0" and
		.expected != .actual and .daddr == "10.7.3.2")' <(grep '^{' "$WORK/trace.out") | grep . >&2 ||
		fail "not the mismatch that was made: $(cat "$WORK/trace.out")"
}

is_mismatched()
{
	ip netns exec "$(ns client)" "$TOOLS/udpgen" "${ADDRESS[server]}" 7099 count=3 loose=1 >/dev/null
	grep -q '"kind":"mismatch"' "$WORK/trace.out"
}

# A flood is not for a terminal: what is over the rate is counted.
test_trace_keeps_to_its_rate()
{
	local most shown start

	add_topology
	start=$SECONDS
	watch client trace proto=udp rate=10
	udp client server 400
	watched
	shown=$(records true | wc -l)
	most=$(($(nproc) * 10 * (SECONDS - start + 2)))
	say "$shown records, at most $most"
	[ "$shown" -le $most ] || fail "$shown records at 10 a second of each CPU, in $((SECONDS - start)) s"
	[ "$(tail -n 1 "$WORK/watch.json" | jq .limited)" -gt 1000 ] || fail "only $(tail -n 1 "$WORK/watch.json" | jq .limited) records are counted as suppressed"
}

test_trace_usage()
{
	add_topology
	refuses 2 'probe=nowhere' "$TXPATH" --netns "$(ns client)" trace probe=nowhere
	refuses 2 'rate=0' "$TXPATH" --netns "$(ns client)" trace rate=0
	refuses 1 'pcap .*/no/such' "$TXPATH" --netns "$(ns client)" trace --pcap /no/such/file
}

run_test "$@"
