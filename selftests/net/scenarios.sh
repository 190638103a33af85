#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What hosts do beside the plain road: devices chosen by sockets, several paths, rules, firewalls,
# tunnels. On the road of lib.sh, with reverse path filters off,
#
#   client c0 ==== r0 router r2 ==== s0 server
#          c1 ==== r1
#
# No field may differ. Where txpath cannot predict, the verdict that says so must show.

# shellcheck source-path=SCRIPTDIR source=../lib.sh
. "$(dirname "$0")/../lib.sh"

# watch_all: the road with txpath wherever it is left.
watch_all()
{
	local dev

	add_road
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

judge()
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

index()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/ifindex"
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

# background NAME NS COMMAND...: leaves its pid in PID.
background()
{
	local log=$WORK/$1.out

	say "+ ${*:3} &"
	ip netns exec "$(ns "$2")" "${@:3}" >"$log" 2>&1 &
	PID=$!
	SPAWNED+=("$PID")
}

# The routing table prefers c0.
prefer_c0()
{
	client_ip route add 10.7.3.0/24 via 10.7.1.1 dev c0 metric 1
	client_ip route add 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
}

bound_flows()
{
	local c1

	c1=$(index client c1)
	tcp client server "$N" size=200 bound="$c1"
	ADDRESS[client]=10.7.2.2
	tcp_server client bound="$c1"
	send server client tcpflow count="$N" size=200
	# TIME_WAIT answers
	tcp_server client bound="$c1" hangup=1
	for _ in {1..20}; do
		send server client tcpflow last=1
		send server client tcpflow last=2
	done
	udp client server "$N" bound="$c1"
	udp client server "$N" bound="$c1" connected=1
}

test_scenario_bound_device()
{
	watch_all
	prefer_c0
	sent_by client c1 bound_flows
	# once more with nothing in the table that leads there
	in_ns router sysctl -qw net.ipv4.conf.r1.proxy_arp=1 net.ipv4.neigh.r1.proxy_delay=0
	client_ip route del 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
	sent_by client c1 bound_flows
	judge tot_len checksum mtu ttl df
	shows client declined route next_hop
}

chosen_by_message()
{
	local c1

	c1=$(index client c1)
	udp client server "$N" pktinfo="$c1"
	udp client server "$N" pktinfo="$c1" connected=1
	udp client server "$N" unicast_if="$c1"
	udp client server "$N" unicast_if="$c1" connected=1
}

test_scenario_pktinfo()
{
	watch_all
	prefer_c0
	sent_by client c1 chosen_by_message
	in_ns router sysctl -qw net.ipv4.conf.r1.proxy_arp=1 net.ipv4.neigh.r1.proxy_delay=0
	client_ip route del 10.7.3.0/24 via 10.7.2.1 dev c1 metric 100
	sent_by client c1 chosen_by_message
	judge tot_len checksum mtu
	shows client declined route
}

# Many addresses on either side: FAR is the client's, beyond both links.
FAR=10.7.9

many_addresses()
{
	local i

	for i in 2 3 4 5 6 7 8 9; do
		run ip -n "$(ns server)" addr replace 10.7.3.$i/24 dev s0
		run ip -n "$(ns client)" addr replace $FAR.$i/32 dev lo
	done
}

# to_many FROM TO PREFIX
to_many()
{
	local i

	for i in 2 3 4 5 6 7 8 9; do
		ADDRESS[$2]=$3.$i
		udp_sink "$2" $((N / 8 / 8 * 8))
		send "$1" "$2" udpgen sockets=8 count=$((N / 8 / 8))
		sink_filled
		udp_sink "$2" 32
		send "$1" "$2" udpgen sockets=32 connected=1
		sink_filled
		pings "$1" "$2" $((N / 40 + 1))
		tcp_server "$2"
		send "$1" "$2" tcpflow count=20
		send "$1" "$2" tcpflow count=20
	done
}

multipath_flows()
{
	to_many client server 10.7.3
	to_many server client $FAR
}

each_hash_policy()
{
	local policy

	for policy in 0 1; do
		in_ns client sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
		in_ns router sysctl -qw net.ipv4.fib_multipath_hash_policy=$policy
		multipath_flows
	done
}

# two_paths WEIGHT: the second one's, the first has 1.
two_paths()
{
	watch_all
	many_addresses
	client_ip route replace default nexthop via 10.7.1.1 weight 1 nexthop via 10.7.2.1 weight "$1"
	run ip -n "$(ns router)" route add $FAR.0/24 \
		nexthop via 10.7.1.2 weight 1 nexthop via 10.7.2.2 weight "$1"
	# by addresses alone a path may be nobody's: there are few
	sent_by client c0 sent_by client c1 sent_by router r0 sent_by router r1 each_hash_policy
	judge "${ALWAYS[@]}"
	# by a hash that the packet brought along
	shows router declined route
}

test_scenario_multipath()
{
	two_paths 3
}

# One path is so rare that few of many look-ups find it.
test_scenario_multipath_uneven()
{
	two_paths 9
}

# use_ipv6 NS DEV ADDRESS
use_ipv6()
{
	in_ns "$1" sysctl -qw "net.ipv6.conf.$2.disable_ipv6=0" &&
		run ip -n "$(ns "$1")" addr add "$3/64" dev "$2" nodad
}

both_ways()
{
	udp client server "$N"
	udp client server "$N" connected=1
	tcp client server "$N" size=200
	tcp server client "$N" size=200
	pings client server $((N / 10))
}

test_scenario_inet6_gateway()
{
	watch_all
	use_ipv6 client c0 fe80::2 || skip "no IPv6 on this kernel"
	use_ipv6 client c1 fe80::2
	use_ipv6 router r0 fe80::1
	use_ipv6 router r1 fe80::1
	client_ip route add 10.7.3.0/24 via inet6 fe80::1 dev c0 ||
		skip "no IPv6 gateways of IPv4 routes on this kernel"
	sent_by client c0 both_ways
	judge "${ALWAYS[@]}"
	shows_no client declined
	# two of them
	client_ip route replace 10.7.3.0/24 nexthop via inet6 fe80::1 dev c0 \
		nexthop via inet6 fe80::1 dev c1
	many_addresses
	sent_by client c0 sent_by client c1 to_many client server 10.7.3
	# and two on one device
	use_ipv6 router r0 fe80::9
	client_ip route replace 10.7.3.0/24 nexthop via inet6 fe80::1 dev c0 \
		nexthop via inet6 fe80::9 dev c0
	client_ip neigh replace fe80::9 lladdr "$(mac_of router r0)" dev c0 nud permanent
	to_many client server 10.7.3
	judge "${ALWAYS[@]}"
}

test_scenario_policy_routing()
{
	watch_all
	client_ip rule add fwmark 7 lookup 100 || skip "no policy rules on this kernel"
	client_ip route add default via 10.7.2.1 dev c1 table 100
	run ip -n "$(ns router)" rule add iif r1 lookup 101
	run ip -n "$(ns router)" rule add to 10.7.2.0/24 iif r2 lookup 102
	run ip -n "$(ns router)" route add 10.7.3.0/24 dev r2 mtu 1400 table 101
	run ip -n "$(ns router)" route add 10.7.2.0/24 via 10.7.1.2 dev r0 table 102
	sent_by client c0 both_ways
	sent_by client c1 udp client server "$N" mark=7
	sent_by client c1 udp client server "$N" mark=7 connected=1
	sent_by client c1 tcp client server "$N" size=200 mark=7
	ADDRESS[client]=10.7.2.2
	sent_by router r0 udp server client "$N"
	judge "${ALWAYS[@]}" ttl df
}

# nft_add NS: a ruleset from stdin, nothing of it when a part is refused.
nft_add()
{
	in_ns "$1" nft -f - || return 1
}

probe_nft()
{
	command -v nft >/dev/null || skip "no nft"
	nft_add client <<<'table ip probe { }' || skip "no nf_tables on this kernel"
	in_ns client nft delete table ip probe
}

# nft_egress NS DEV DSCP
nft_egress()
{
	nft_add "$1" <<-END
		table netdev egress {
			chain out {
				type filter hook egress device $2 priority 0
				meta protocol ip meta priority set 1:7
				ip dscp set $3
			}
		}
	END
}

# What is behind rules that change everything: told from the socket, or as received.
forwarded_fields()
{
	[ "$(hook router ip_forward)" = none ] || echo "$@"
}

test_scenario_netdev_egress()
{
	local forwarded

	watch_all
	probe_nft
	nft_egress client c0 af11 || skip "no egress hook of netdev on this kernel, or in this nft"
	nft_egress router r2 cs4
	both_ways
	judge tot_len checksum mtu ttl df route next_hop
	shows client declined tos priority
	read -ra forwarded <<<"$(forwarded_fields tos priority)"
	shows router declined "${forwarded[@]}"
}

test_scenario_netfilter()
{
	local forwarded name

	watch_all
	probe_nft
	nft_add client <<-END || skip "no rules that change a header on this kernel"
		table ip change {
			chain out {
				type route hook output priority mangle
				ip ttl set 33
				meta mark set 9
			}
			chain post {
				type filter hook postrouting priority mangle
				ip dscp set cs1
				meta priority set 1:3
			}
		}
	END
	nft_add router <<-END
		table ip change {
			chain pre {
				type filter hook prerouting priority mangle
				meta mark set 5
			}
			chain forward {
				type filter hook forward priority mangle
				ip ttl set 44
				ip dscp set cs2
			}
		}
	END
	both_ways
	judge checksum tot_len mtu route next_hop
	shows client declined ttl tos priority mark
	read -ra forwarded <<<"$(forwarded_fields ttl tos)"
	shows router declined "${forwarded[@]}"
	for name in client router; do
		[ "$(verdicts $name checksum checked)" = "$(verdicts $name checksum match)" ] ||
			fail "$name: a checksum does not match"
	done
}

# Routers that do not answer for their address, and know those who ask.
hide_next_hops()
{
	in_ns router sysctl -qw net.ipv4.conf.r0.arp_ignore=8
	in_ns server sysctl -qw net.ipv4.conf.s0.arp_ignore=8
	in_ns client sysctl -qw net.ipv4.neigh.c0.mcast_solicit=1000
	in_ns router sysctl -qw net.ipv4.neigh.r2.mcast_solicit=1000
	run ip -n "$(ns router)" neigh replace "${ADDRESS[client]}" lladdr "$(mac_of client c0)" \
		dev r0 nud permanent
	run ip -n "$(ns server)" neigh replace 10.7.3.1 lladdr "$(mac_of router r2)" \
		dev s0 nud permanent
}

asked_for()
{
	ip -n "$(ns "$1")" neigh show "$2" | grep -q INCOMPLETE
}

# introduce NS ADDRESS DEV MAC: when it has been asked for.
introduce()
{
	until_true asked_for "$1" "$2" || fail "$1 does not ask for $2"
	run ip -n "$(ns "$1")" neigh replace "$2" lladdr "$4" dev "$3" nud reachable
}

forget_next_hops()
{
	run ip -n "$(ns client)" neigh flush dev c0
	run ip -n "$(ns router)" neigh flush dev r2
}

# All that was sent waits at the client, then at the router.
let_go()
{
	introduce client 10.7.1.1 c0 "$(mac_of router r0)"
	introduce router "${ADDRESS[server]}" r2 "$(mac_of server s0)"
}

udp_that_waits()
{
	forget_next_hops
	udp_sink server 50
	send client server udpgen count=50 "$@"
	let_go
	sink_filled
}

# A SYN whose socket changes while it waits.
# shellcheck disable=SC2034
tcp_that_waits()
{
	local READY='^connecting' # for spawn

	forget_next_hops
	spawn "waits$PORT" ip netns exec "$(ns client)" "$TOOLS/tcpflow" "${ADDRESS[server]}" \
		$PORT late=1 count=10 "$@"
	let_go
	wait_for "$PID" "waits$PORT"
}

test_scenario_waiting()
{
	local i

	watch_all
	hide_next_hops
	for i in {1..5}; do
		udp_that_waits
		udp_that_waits connected=1 tos=0x10 ttl="$i"0
		tcp_server server
		tcp_that_waits
		tcp_that_waits tos=0x10 priority=6
		tcp_that_waits ttl=77 mark=3 tos=0xb8
		tcp_that_waits options=8 pmtudisc=0
	done
	judge "${ALWAYS[@]}" ttl tos df
	[ "$(hook client ip_queue_xmit)" = fentry ] || shows client unknown ttl tos priority mark
}

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

	watch_all
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
	judge "${ALWAYS[@]}"
	check_parity server "${ALWAYS[@]}"
}

# add_tunnel KIND N: 10.8.N.0/24 between client and router.
add_tunnel()
{
	local name=$1$2 more=() net=10.8.$2

	[ "$1" != vxlan ] || more=(id 7 dstport 4789)
	run ip -n "$(ns client)" link add "$name" type "$1" \
		local 10.7.1.2 remote 10.7.1.1 "${more[@]}" || return 1
	run ip -n "$(ns router)" link add "$name" type "$1" \
		local 10.7.1.1 remote 10.7.1.2 "${more[@]}"
	run ip -n "$(ns client)" addr add "$net.2/24" dev "$name"
	run ip -n "$(ns router)" addr add "$net.1/24" dev "$name"
	run ip -n "$(ns client)" link set "$name" up
	run ip -n "$(ns router)" link set "$name" up
}

tunnel_flows()
{
	both_ways
	tcp client server $((N / 20 + 1)) size=65536
	tcp server client $((N / 20 + 1)) size=65536
	udp client server $((N / 4)) size=4000
}

test_scenario_tunnel()
{
	local i=0 kind made=()

	watch_all
	for kind in ipip gre vxlan; do
		i=$((i + 1))
		add_tunnel $kind $i || continue
		made+=("$kind")
		client_ip route replace 10.7.3.0/24 via 10.8.$i.1
		ADDRESS[client]=10.8.$i.2
		sent_by client c0 sent_by client $kind$i sent_by router r0 tunnel_flows
	done
	[ ${#made[@]} -gt 0 ] || skip "no tunnels on this kernel"
	say "tunnels: ${made[*]}"
	judge tot_len checksum route next_hop dmac smac mtu
	[ "$(hook client ip_make_skb)" = fentry ] || shows_no client lost
}

# Retransmissions come at once, so that TCP keeps up with the changes.
RTO="rto_min 5ms"

# change N: of each kind once; c0's traffic goes through c1 while c0 is down.
change()
{
	local other="via 10.7.1.9 dev c0 hoplimit 40"

	[ $(($1 % 2)) = 0 ] || other="via 10.7.1.1 dev c0 mtu lock 1300"
	ip -n "$(ns client)" -batch - <<-END
		route replace default $other $RTO
		neigh replace 10.7.1.1 lladdr 02:00:00:00:00:99 dev c0 nud reachable
		neigh replace 10.7.1.1 lladdr $2 dev c0 nud reachable
		link set c0 mtu $((1200 + $1 % 2 * 300))
		addr add 10.7.1.77/24 dev c0
		addr del 10.7.1.77/24 dev c0
		addr del 10.7.2.2/24 dev c1
		addr add 10.7.2.2/24 dev c1
		route replace default via 10.7.2.1 dev c1 metric 100 $RTO
		link set c0 down
		link set c0 up
		route replace default via 10.7.1.1 dev c0 $RTO
	END
	ip -n "$(ns router)" -batch - <<-END
		link set r2 mtu $((1500 - $1 % 2 * 200))
		route replace 10.7.3.0/24 dev r2 hoplimit $((40 + $1))
	END
}

sends_again()
{
	[ "$(device_packets client c0)" -gt "$1" ]
}

test_scenario_many_changes()
{
	local flows=() i mac

	watch_all
	mac=$(mac_of router r0)
	client_ip route replace default via 10.7.1.1 rto_min 5ms
	tcp_server server
	background tcp client "$TOOLS/tcpflow" "${ADDRESS[server]}" "$PORT" count=1000000000 \
		size=3000
	flows+=("$PID")
	udp_sink server 1000000000
	background udp client "$TOOLS/udpgen" "${ADDRESS[server]}" "$PORT" count=1000000000 \
		size=1400 pmtudisc=0 loose=1
	flows+=("$PID")
	for i in {1..100}; do
		change "$i" "$mac"
		until_true sends_again "$(device_packets client c0)" || fail "no packets after change $i"
	done
	for i in "${flows[@]}"; do
		kill "$i" || fail "a sender has given up"
		wait "$i" || :
	done
	# what a device drops while it is down has passed us, and is not counted as sent
	no_mismatch route next_hop dmac smac tot_len checksum mtu
}

run_test "$@"
