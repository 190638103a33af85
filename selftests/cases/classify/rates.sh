#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# txpath classify: shares of a device. Classes of HTB that rules give, and rates that fq keeps, side by
# side, overloaded, and loaded again. Topology: ../../lib/lib.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/classify.sh
. "$(dirname "$0")/../../lib/classify.sh"

# Each queue of the device must keep times, also those that tc does not show.
test_classify_refuses_rate()
{
	local class ignored='c0: the rate of class .* would have no effect'

	in_ns_htb
	attach client c0
	loads_class "$ignored" 'rate: 1mbit'
	for class in 10 20; do
		in_ns client tc qdisc add dev c0 parent 1:$class fq || skip "no fq here"
		loads_class "$ignored" 'rate: 1mbit'
	done
	in_ns client tc qdisc add dev c0 parent 1:30 fq
	loads_class '' 'rate: 1mbit'
	refuses 0 'c1: rules with a rate are loaded' txp client attach c1
	in_ns client tc qdisc replace dev c0 parent 1:20 sfq
	loads_class "$ignored" 'rate: 1mbit'
	in_ns client tc qdisc del dev c0 root
	in_ns client tc qdisc add dev c0 root handle 1: hfsc default 10 || skip "no hfsc here"
	in_ns client tc class add dev c0 parent 1: classid 1:1 hfsc sc rate 1gbit
	in_ns client tc class add dev c0 parent 1:1 classid 1:10 hfsc sc rate 1gbit
	loads_class "$ignored" 'rate: 1mbit'
	in_ns client tc qdisc add dev c0 parent 1:10 fq
	in_ns client tc qdisc show dev c0 invisible
	loads_class '' 'rate: 1mbit'
}

# add_fq NS DEV: what keeps the times of departure
add_fq()
{
	in_ns "$1" tc qdisc replace dev "$2" root fq || skip "no fq here"
}

# Each pod's class gets no more than its rate, whatever it sends: fq keeps the times that it is given.
test_classify_example_bandwidth()
{
	local start took

	add_topology
	add_fq client c0
	in_batch client <<-END
		addr add 10.244.1.10/32 dev c0
		addr add 10.244.1.70/32 dev c0
		route add 10.7.3.2 via 10.7.1.1 src 10.244.1.70
	END
	in_batch router <<<'route add 10.244.1.0/24 via 10.7.1.2'
	attach client c0
	sed 's/eth0/c0/' "$ROOT/docs/examples/bandwidth.yaml" >"$WORK/bandwidth.yaml"
	txp client classify load "$WORK/bandwidth.yaml"
	count_dscp cs1
	# 10 mbit: 250 frames of 1,042 bytes need 0.208 s, the last one less
	udp_sink server 250
	start=$(date +%s%N)
	send client server udpgen count=250 size=1000
	sink_filled
	took=$((($(date +%s%N) - start) / 1000000))
	say "250 frames of 1042 bytes took $took ms"
	[ "$took" -ge 206 ] || fail "faster than the rate of its class allows"
	in_batch client <<<'route replace 10.7.3.2 via 10.7.1.1 src 10.244.1.10'
	udp client server 5
	in_batch client <<<'route replace 10.7.3.2 via 10.7.1.1 src 10.7.1.2'
	udp client server 3
	hit client batch 250
	hit client web 5
	[ "$(hits client rest)" -ge 3 ] || fail "the last rule has no packet"
	[ "$(arrived cs1)" = 250 ] || fail "$(arrived cs1) packets have the batch's DSCP"
	[ "$(arrived others)" = 8 ] || fail "$(arrived others) packets have another"
}

# Two rates at once, each with more to send: they share as the rates say. Long frames at small rates:
# half a second and more waits in fq, so a machine that stands still for less loses nothing.
test_classify_rates_share()
{
	local start

	add_topology
	run ip -n "$(ns client)" link set c0 mtu 9000
	run ip -n "$(ns router)" link set r0 mtu 9000
	run ip -n "$(ns router)" link set r2 mtu 9000
	run ip -n "$(ns server)" link set s0 mtu 9000
	add_fq client c0
	attach client c0
	rules client <<-END
		version: 1
		classes:
		  big: {rate: 5mbit, dscp: cs2}
		  small: {rate: 1mbit, dscp: cs1}
		rules:
		  - {name: one, match: {dev: c0, proto: udp, dport: 5001}, class: big}
		  - {name: two, match: {dev: c0, proto: udp, dport: 5002}, class: small}
	END
	count_dscp cs2 cs1
	start=$(uptime_ms)
	datagrams 5001 390000
	datagrams 5002 125000
	until_true both_have dscp_bytes 50000 || fail "the flows do not flow"
	share_from_here dscp_bytes
	# 8 s of 1 mbit
	until_true both_have dscp_bytes $((SMALL + 1000000)) || fail "the flows do not flow"
	shares_are dscp_bytes 5
	none_is_above dscp_bytes "$start" 5000 1000
	[ "$(arrived others)" = 0 ] || fail "$(arrived others) packets met no rule"
}

# datagrams PORT ROOM: without an end, as many as there is room for in queues
datagrams()
{
	ip netns exec "$(ns client)" "$TOOLS/udpgen" 10.7.3.2 "$1" count=1000000 size=7000 \
		room="$2" >/dev/null &
	SPAWNED+=($!)
}

# Of cs2 and cs1, as count_dscp counts them.
dscp_bytes()
{
	ip netns exec "$(ns server)" nft -j list counters |
		jq -r '[.nftables[].counter // empty | {(.name): .bytes}] | add | "\(.cs2) \(.cs1)"'
}

# A flow from elsewhere of twice its rate fills fq (flow_limit): the rate is used all the same. Where what fq
# drops is paid for, half of it is. So small a rate is a slow machine's too.
test_classify_paces_overload()
{
	add_topology
	add_fq router r2
	in_ns client tc qdisc add dev c0 root tbf rate 2mbit burst 30kb limit 1mb ||
		skip "no token bucket here"
	attach router r2
	rules router <<-END
		version: 1
		classes: {paced: {rate: 1mbit, dscp: cs1}}
		rules:
		  - {name: all, match: {dev: r2, direction: forwarded, proto: udp}, class: paced}
	END
	count_dscp cs1
	capture 'udp' -s 64 -B 4096
	# 5 s of 2 mbit
	START=$EPOCHREALTIME
	send client server udpgen count=1200 size=1000
	until_true hits_reach router all 1200 || fail "the rule has $(hits router all) of 1200 packets"
	until_true drained router r2 || fail "fq keeps packets"
	rate_is 1000 75 110
	hit router all 1200
	[ "$(arrived cs1)" -lt 1200 ] || fail "the flow was not above its rate"
}

# drained NS DEV: nothing waits in its qdisc
drained()
{
	ip netns exec "$(ns "$1")" tc -j -s qdisc show dev "$2" |
		jq -e 'all(.[]; .backlog == 0)' >/dev/null
}

# rate_is KBIT LEAST MOST: percents of that rate; of what has arrived as cs1, by the times of the capture. At
# least: from the first packet on. At most: since $START, before which nothing was sent. The first packet
# may have been late.
rate_is()
{
	local least most

	end_capture "$(arrived cs1)"
	read -r least most < <(tcpdump -tt -e -nnr "$WORK/capture.pcap" 2>/dev/null | awk -v start="$START" '
		match($0, /length [0-9]+/) { length_now = 8 * substr($0, RSTART + 7, RLENGTH - 7) }
		NR == 1 { first = $1 }
		NR > 1 { later += length_now }
		{ all += length_now }
		END { printf "%d %d\n", later / ($1 - first), all / ($1 - start) }')
	say "$(arrived cs1) packets arrived, at $least bit/s, and $most since the flow was started"
	[ "$least" -ge $(($1 * $2 * 10)) ] || fail "less than $2 % of the rate"
	[ "$most" -le $(($1 * $3 * 10)) ] || fail "more than $3 % of the rate"
}

# The file is loaded again while its class has packets in fq: those behind them come no earlier. At so
# small a rate they are a third of a second, which a clock that starts anew would add at each load.
test_classify_reload_keeps_pace()
{
	local i sender sink

	add_topology
	add_fq client c0
	attach client c0
	rules client <<-END
		version: 1
		classes: {paced: {rate: 1mbit, dscp: cs1}}
		rules: [{name: all, match: {dev: c0, proto: udp}, class: paced}]
	END
	count_dscp cs1
	capture 'udp and dst host 10.7.3.2' -s 64 -B 4096
	PORT=$((PORT + 1))
	spawn sink ip netns exec "$(ns server)" "$TOOLS/seq_check" $PORT
	sink=$PID
	START=$EPOCHREALTIME
	spawn sender ip netns exec "$(ns client)" "$TOOLS/seq_check" 10.7.3.2 $PORT size=1000 \
		room=50000
	sender=$PID
	for ((i = 0; i < 20; i++)); do
		ARRIVED=$(arrived cs1)
		until_true more_arrived 20 || fail "the flow does not flow"
		txp client -q classify load "$WORK/rules.yaml"
	done
	kill -TERM "$sender"
	wait_for "$sender" sender
	wait_for "$sink" sink
	cat "$WORK/sink.out" >&2
	until_true drained client c0 || fail "fq keeps packets"
	rate_is 1000 0 110
}

# more_arrived PACKETS: than $ARRIVED
more_arrived()
{
	[ "$(arrived cs1)" -ge $((ARRIVED + $1)) ]
}

# HTB with classes by our rules: flows that all want more share as its rates say.
test_classify_feeds_htb()
{
	in_ns_htb
	attach client c0
	rules client <<-END
		version: 1
		classes:
		  big: {tc: "1:10"}
		  small: {tc: "1:20"}
		rules:
		  - {name: one, match: {dev: c0, proto: tcp, dport: 5001}, class: big}
		  - {name: two, match: {dev: c0, proto: tcp, dport: 5002}, class: small}
	END
	flow 5001
	flow 5002
	until_true both_have rule_bytes 250000 || fail "the flows do not flow"
	until_true shares_exact rule_bytes 2 || fail "the flows never share 2 to one within 10 %"
	[ "$(hits client one)" -gt 0 ] || fail "no packet of the one flow met its rule"
	[ "$(hits client two)" -gt 0 ] || fail "no packet of the other"
}

# flow PORT: a TCP stream without an end, to a server that reads it all.
flow()
{
	READY=listening spawn "server$1" ip netns exec "$(ns server)" \
		socat -d -d -u "TCP-LISTEN:$1" /dev/null
	ip netns exec "$(ns client)" socat -u /dev/zero "TCP:10.7.3.2:$1" &
	SPAWNED+=($!)
}

# What left by the first two rules.
rule_bytes()
{
	"$TXPATH" --bpffs "$BPFFS" --netns "$(ns client)" -j classify show |
		jq -r '.classify[0].rules | "\(.[0].bytes) \(.[1].bytes)"'
}

# share_from_here READ: a command that prints the bytes of a big and a small share
share_from_here()
{
	read -r BIG SMALL < <("$1")
}

# both_have READ BYTES
both_have()
{
	local big small

	read -r big small < <("$1")
	[ "$big" -ge "$2" ] && [ "$small" -ge "$2" ]
}

# share_now READ TIMES: from there on, percents of the big one by the small one
share_now()
{
	local big small

	read -r big small < <("$1")
	big=$((big - BIG)) small=$((small - SMALL))
	PERCENT=$((big * 100 / (small * $2)))
	say "$big and $small bytes: $PERCENT % of $2 to one"
}

# shares_are READ TIMES: within 10 % where the machine has nothing else to do, which the log shows. Without
# their classes they are alike, or the wrong way round.
shares_are()
{
	share_now "$@"
	[ $PERCENT -ge 70 ] || fail "less than $2 to one by far"
	[ $PERCENT -le 150 ] || fail "more than $2 to one by far"
}

# shares_exact READ TIMES: within 10 %, from now on. A sender that the machine holds up lets the other borrow:
# to be tried again. Flows that are not told apart do not come that near to it.
shares_exact()
{
	share_from_here "$1"
	until_true both_have "$1" $((SMALL + 1000000)) || fail "the flows do not flow"
	share_now "$@"
	[ $PERCENT -ge 90 ] && [ $PERCENT -le 110 ]
}

# none_is_above READ START_MS BIG_KBIT SMALL_KBIT: since then, before which nothing was sent, neither has had
# more than its rate. A second's worth more, for what this clock and the rate's own round off.
none_is_above()
{
	local big elapsed small

	read -r big small < <("$1")
	elapsed=$(($(uptime_ms) - $2))
	say "$big and $small bytes in $elapsed ms"
	[ $((big * 8)) -le $(($3 * (elapsed + 1000))) ] || fail "the big share is above its rate"
	[ $((small * 8)) -le $(($4 * (elapsed + 1000))) ] || fail "the small share is above its rate"
}

run_test "$@"
