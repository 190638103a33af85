#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past a policy. Each policy is first shown to bite without txpath, then again on a flow
# that is taken over: it must bite at once, from the first packet after the command returned,
# and transit must count the packets under the reason it has for it. A lease lasts longer than
# a test, so that nothing is obeyed just because the lease was over.
#
#   client c0 ==== [transit] r0 router r2 [transit] ==== s0 server
#          c1 ==== r1

# shellcheck source-path=SCRIPTDIR source=../offload.sh
. "$(dirname "$0")/../offload.sh"

shopt -s extglob

PROBES=10

# TXPATH_TEST_ONLY: a regular expression; policies of other names are left out.
: "${TXPATH_TEST_ONLY:=.*}"

# Not empty: the router's devices are in offload.
OFFLOADS=

# Leases are per CPU, and what a veth carries is received on the CPU that sent it.
stay_on_one_cpu()
{
	run taskset -cp "$(taskset -cp $$ | sed 's/.*: //; s/[-,].*//')" $$ >&2
}

offload_for_long()
{
	stay_on_one_cpu
	offload r0 r2 lease-ms=60000
	OFFLOADS=yes
}

# The flow goes its way: taken over, if it may be.
settle()
{
	until_true passes || fail "the road is closed"
	[ -z "$OFFLOADS" ] || demand_taken "on an open road"
}

# snmp NS NAME: a counter of the kernel, PROTOCOL.NAME
snmp()
{
	ip netns exec "$(ns "$1")" cat /proc/net/snmp | awk -v name="$2" '
		{ protocol = substr($1, 1, length($1) - 1) }
		protocol != last { last = protocol; split($0, names); next }
		{ for (i = 2; i <= NF; i++) if (protocol "." names[i] == name) print $i }'
}

# probe [OPTION...]: sends the flow PROBES packets. ARRIVED: at the server; ANSWERED: to the
# client; SAID: what ping had to say.
probe()
{
	local before

	before=$(snmp server Icmp.InEchos)
	SAID=$(ip netns exec "$(ns client)" ping -c $PROBES -i 0.01 -W 1 "$@" "${FLOW[@]}" 2>&1) || :
	ANSWERED=$(sed -n 's/.* \([0-9]*\) received.*/\1/p' <<<"$SAID")
	ARRIVED=$(($(snmp server Icmp.InEchos) - before))
}

# Effects: each probes and succeeds if the policy bites.

dropped()
{
	probe "$@"
	[ "$ARRIVED$ANSWERED" = 00 ]
}

# The server's answers do not find the client.
unanswered()
{
	probe
	[ "$ARRIVED $ANSWERED" = "$PROBES 0" ]
}

answered_by_router()
{
	probe
	[ "$ARRIVED $ANSWERED" = "0 $PROBES" ]
}

# refused_with TEXT: dropped, and the router says why. Not for every packet: ip_error has a rate.
refused_with()
{
	dropped && until_true told_why "$1"
}

told_why()
{
	grep -q "$1" <<<"$SAID" || {
		probe
		return 1
	}
}

passes()
{
	probe
	[ "$ARRIVED" = $PROBES ]
}

effect()
{
	if declare -F "effect_$1" >/dev/null; then
		"effect_$1"
	else
		dropped
	fi
}

# without NAME: its effect comes and goes with it.
without()
{
	say "== $1, without txpath"
	! effect "$1" || fail "$1: its effect shows without it"
	"on_$1"
	effect "$1" || fail "$1: does nothing here; $ARRIVED arrived, $ANSWERED answered: $SAID"
	"off_$1"
	until_true passes || fail "$1: the road stays closed"
}

# verdict_of REASONS: packets under any of REASON+REASON...
verdict_of()
{
	local name sum=0

	for name in ${1//+/ }; do
		sum=$((sum + $(verdict r0 "$name")))
	done
	echo $sum
}

# counted REASONS BEFORE WHAT: more of them than before.
counted()
{
	[ "$(verdict_of "$1")" -gt "$2" ] || {
		txp router stats r0 >&2
		fail "$3: no packet was counted as $1"
	}
}

# A DSCP that no packet has had yet: a flow of its own.
NEW_TOS=0

# with NAME [=REASONS|~REASONS]: = of the flow that had a lease, ~ of one that has none.
with()
{
	local before reasons=${2:-}

	say "== $1, with txpath"
	demand_taken "before $1"
	before=$(verdict_of "${reasons#[=~]}")
	"on_$1"
	effect "$1" || fail "$1: not obeyed; $ARRIVED arrived, $ANSWERED answered: $SAID"
	case $reasons in
	=*)
		counted "${reasons#=}" "$before" "$1"
		;;
	~*)
		NEW_TOS=$((NEW_TOS + 4))
		probe -Q $NEW_TOS
		counted "${reasons#"~"}" "$before" "$1"
		;;
	esac
	"off_$1"
}

# wanted SEPARATOR: of lines that begin with a name, those of TXPATH_TEST_ONLY.
wanted()
{
	grep -E "^($TXPATH_TEST_ONLY)($1|\$)"
}

# obeys NAME[=REASON|~REASON]...: on_NAME and off_NAME make and remove a policy, effect_NAME shows
# it, else its effect is that nothing arrives. The road may have been changed before.
obeys()
{
	local name names

	mapfile -t names < <(printf '%s\n' "$@" | wanted '[=~]')
	[ ${#names[@]} -gt 0 ] || fail "no policy is called $TXPATH_TEST_ONLY"
	[ -e "/run/netns/$(ns router)" ] || add_road
	for name in "${names[@]}"; do
		without "${name%%[=~]*}"
	done
	offload_for_long
	for name in "${names[@]}"; do
		with "${name%%[=~]*}" "${name##*([a-z_])}"
	done
	demand_taken "after all"
}

router_ip()
{
	run ip -n "$(ns router)" "$@"
}

nft_router()
{
	command -v nft >/dev/null || skip "no nft"
	in_ns router nft "$@" || skip "nft $* is refused here"
}

# Netfilter

# chain TYPE HOOK [RULE]: a chain of the router; without RULE it drops.
chain()
{
	nft_router add table ip t
	nft_router "add chain ip t c { type $1 hook $2 priority 0; policy $([ "${3:-}" ] && echo accept || echo drop); }"
	[ -z "${3:-}" ] || nft_router "add rule ip t c $3"
}

no_chain()
{
	nft_router flush ruleset
}

on_prerouting() { chain filter prerouting; }
off_prerouting() { no_chain; }
on_forward() { chain filter forward; }
off_forward() { no_chain; }
on_postrouting() { chain filter postrouting; }
off_postrouting() { no_chain; }

test_policy_netfilter_drops()
{
	obeys prerouting=netfilter forward=netfilter postrouting=netfilter
}

# By a rule for the mark that is there before.
on_mark() { chain filter prerouting 'meta mark set 7'; }
off_mark() { no_chain; }

test_policy_netfilter_marks()
{
	add_road
	router_ip rule add fwmark 7 blackhole
	obeys mark=netfilter
}

on_dnat() { chain nat prerouting 'ip daddr 10.7.3.2 dnat to 10.7.1.1'; }
off_dnat() { no_chain; }
effect_dnat() { answered_by_router; }

# To an address that nobody answers for.
on_snat() { chain nat postrouting 'ip daddr 10.7.3.2 snat to 10.7.3.77'; }
off_snat() { no_chain; }
effect_snat() { unanswered; }

test_policy_netfilter_translates()
{
	# seen on 5.10: 318 of 318 packets declined as netfilter with an empty ruleset
	[[ $(uname -r) != 5.* ]] || skip "NAT's hooks stay when its rules are gone: all is declined"
	obeys dnat=netfilter snat=netfilter
}

on_netdev_ingress()
{
	nft_router add table netdev t
	nft_router 'add chain netdev t i { type filter hook ingress device r0 priority 0; policy drop; }'
}
off_netdev_ingress() { no_chain; }

on_netdev_egress()
{
	nft_router add table netdev t
	nft_router 'add chain netdev t e { type filter hook egress device r2 priority 0; policy drop; }'
}
off_netdev_egress() { no_chain; }

test_policy_netdev_hooks()
{
	obeys netdev_ingress=netdev_ingress netdev_egress=netdev_egress
}

# IPsec

xfrm_router()
{
	run ip -n "$(ns router)" xfrm "$@" || skip "ip xfrm $* is refused here"
}

on_xfrm_fwd() { xfrm_router policy add src 0.0.0.0/0 dst 0.0.0.0/0 dir fwd action block; }
off_xfrm_fwd() { xfrm_router policy flush; }
on_xfrm_out() { xfrm_router policy add src 0.0.0.0/0 dst 10.7.3.0/24 dir out action block; }
off_xfrm_out() { xfrm_router policy flush; }
on_default_fwd() { xfrm_router policy setdefault fwd block; }
off_default_fwd() { xfrm_router policy setdefault fwd accept; }
on_default_out() { xfrm_router policy setdefault out block; }
off_default_out() { xfrm_router policy setdefault out accept; }

test_policy_xfrm()
{
	obeys xfrm_fwd=xfrm_policy xfrm_out=xfrm_policy \
		default_fwd=xfrm_policy default_out=xfrm_policy
}

KEY=0x000102030405060708090a0b0c0d0e0f

# esp NS COMMAND...: the state of a tunnel from client to router.
esp()
{
	run ip -n "$(ns "$1")" xfrm state add src "${ADDRESS[client]}" dst 10.7.1.1 proto esp spi 7 \
		mode tunnel enc 'cbc(aes)' $KEY auth 'hmac(sha1)' $KEY
}

# The tunnel's end has no policy that lets it forward what came out, so it is dropped.
on_esp()
{
	run ip -n "$(ns client)" xfrm policy add dst "${ADDRESS[server]}" dir out \
		tmpl src "${ADDRESS[client]}" dst 10.7.1.1 proto esp mode tunnel
}
off_esp() { run ip -n "$(ns client)" xfrm policy flush; }

test_policy_secpath()
{
	add_road
	esp client || skip "no ESP here"
	esp router
	obeys esp=secpath
}

# Devices stacked on the input

rx_packets()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/statistics/rx_packets"
}

# goes_to DEV: the packets come in there.
goes_to()
{
	local before

	ip -n "$(ns router)" link show "$1" >/dev/null 2>&1 || return 1
	before=$(rx_packets router "$1")
	probe
	[ $(($(rx_packets router "$1") - before)) -ge $PROBES ]
}

on_bridge()
{
	router_ip link add br0 type bridge
	router_ip link set br0 up
	router_ip link set r0 master br0
}
off_bridge() { router_ip link del br0; }
effect_bridge() { goes_to br0; }

on_macvlan()
{
	router_ip link add mv0 link r0 type macvlan mode passthru
	router_ip link set mv0 up
}
off_macvlan() { router_ip link del mv0; }
effect_macvlan() { goes_to mv0; }

test_policy_macvlan()
{
	obeys macvlan=rx_handler
}

remove_road()
{
	local name

	for name in client router server; do
		run ip netns del "$(ns $name)"
	done
}

# Where there is br_netfilter, its hook stays with a namespace that has had a bridge.
test_policy_bridge()
{
	add_road
	without bridge
	remove_road
	add_road
	offload_for_long
	with bridge =rx_handler+netfilter
}

# bridged_counts NAME: a flow that comes in through the bridge has packets counted so.
bridged_counts()
{
	local before

	before=$(transit br0 "verdicts.$1.packets")
	passes && [ "$(transit br0 "verdicts.$1.packets")" -gt "$before" ]
}

# br_netfilter has a hook in the way of every packet (ip_sabotage_in), which changes nothing. But it
# can have a bridge call netfilter's hooks, and says so on the packet.
test_policy_bridge_netfilter()
{
	[ -z "${TXPATH_GUEST:-}" ] || modprobe br_netfilter || skip "no br_netfilter here"
	add_road
	router_ip link add br0 type bridge
	router_sysctl net.bridge.bridge-nf-call-iptables=0 || skip "no br_netfilter here"
	router_ip addr flush dev r0
	router_ip link set r0 master br0
	router_ip link set br0 up
	router_ip addr add 10.7.1.1/24 dev br0
	until_true passes || fail "the bridge carries nothing"
	stay_on_one_cpu
	offload br0 r2 lease-ms=60000
	until_true bridged_counts taken || fail "no packet was taken past a hook that is harmless"
	router_sysctl net.bridge.bridge-nf-call-iptables=1
	bridged_counts netfilter || fail "no packet was counted as netfilter"
	! bridged_counts taken || fail "not obeyed: packets were taken that a bridge's netfilter had"
}

# A device must be down to become a port. Its addresses stay, its routes come again.
on_bond()
{
	router_ip link add bond0 type bond
	router_ip link set bond0 up
	router_ip link set r0 down
	router_ip link set r0 master bond0
	until_true is_up router r0
}
off_bond()
{
	router_ip link del bond0
	router_ip link set r0 up
}
effect_bond() { goes_to bond0; }

is_up()
{
	[ "$(ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/operstate")" = up ]
}

test_policy_bond()
{
	add_road
	router_ip link add bond1 type bond || skip "no bonding here"
	router_ip link del bond1
	obeys bond=rx_handler
}

on_vrf()
{
	router_ip link add vrf9 type vrf table 9
	router_ip link set vrf9 up
	router_ip route replace blackhole default table 9
	router_ip link set r0 master vrf9
}
off_vrf() { router_ip link del vrf9; }

# Only the input: its table does not know the server, and has the last word.
test_policy_vrf()
{
	add_road
	router_ip link add vrf8 type vrf table 8 || skip "no VRF here"
	router_ip link del vrf8
	obeys vrf=in_vrf
}

# Programs of others

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
	add_road
	udp_sink router 1
	obeys assigned=prefetched
}

# Forwarding

router_sysctl()
{
	in_ns router sysctl -qw "$@"
}

on_device_off() { router_sysctl net.ipv4.conf.r0.forwarding=0; }
off_device_off() { router_sysctl net.ipv4.conf.r0.forwarding=1; }
on_all_off() { router_sysctl net.ipv4.conf.all.forwarding=0; }
off_all_off() { router_sysctl net.ipv4.conf.all.forwarding=1; }
on_host() { router_sysctl net.ipv4.ip_forward=0; }
off_host() { router_sysctl net.ipv4.ip_forward=1; }

test_policy_forwarding()
{
	obeys device_off=forwarding_off all_off=forwarding_off host=forwarding_off
}

# The client's second address is behind r1, says the router.
on_strict() { router_sysctl net.ipv4.conf.r0.rp_filter=1; }
off_strict() { router_sysctl net.ipv4.conf.r0.rp_filter=0; }
on_all_strict() { router_sysctl net.ipv4.conf.all.rp_filter=1; }
off_all_strict() { router_sysctl net.ipv4.conf.all.rp_filter=0; }

no_rp_filter()
{
	local dev

	in_ns client sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.c0.rp_filter=0 \
		net.ipv4.conf.c1.rp_filter=0
	for dev in all r0 r1 r2; do
		router_sysctl net.ipv4.conf.$dev.rp_filter=0
	done
}

test_policy_rp_filter_strict()
{
	add_road
	no_rp_filter
	run ip -n "$(ns client)" addr add 10.7.9.2/32 dev lo
	router_ip route add 10.7.9.0/24 via 10.7.2.2 dev r1
	FLOW=(-I 10.7.9.2 "${ADDRESS[server]}")
	obeys strict~rp_filter all_strict~rp_filter
}

# The router has no route to the client's second address.
on_loose() { router_sysctl net.ipv4.conf.r0.rp_filter=2; }
off_loose() { router_sysctl net.ipv4.conf.r0.rp_filter=0; }
on_all_loose() { router_sysctl net.ipv4.conf.all.rp_filter=2; }
off_all_loose() { router_sysctl net.ipv4.conf.all.rp_filter=0; }

test_policy_rp_filter_loose()
{
	add_road
	no_rp_filter
	run ip -n "$(ns client)" addr add 10.7.8.2/32 dev lo
	FLOW=(-I 10.7.8.2 "${ADDRESS[server]}")
	obeys loose~rp_filter all_loose~rp_filter
}

# Routes

# route_to_server ARGUMENTS...: one of its own, in front of the connected one.
route_to_server()
{
	router_ip route replace "$@" "${ADDRESS[server]}"
}

no_route_to_server()
{
	router_ip route del "$@" "${ADDRESS[server]}"
}

on_blackhole() { route_to_server blackhole; }
off_blackhole() { no_route_to_server blackhole; }
on_unreachable() { route_to_server unreachable; }
off_unreachable() { no_route_to_server unreachable; }
effect_unreachable() { refused_with 'Destination Host Unreachable'; }
on_prohibit() { route_to_server prohibit; }
off_prohibit() { no_route_to_server prohibit; }
effect_prohibit() { refused_with 'Packet filtered'; }
on_rule() { router_ip rule add to "${ADDRESS[server]}" blackhole; }
off_rule() { router_ip rule del to "${ADDRESS[server]}" blackhole; }
on_local() { router_ip addr add "${ADDRESS[server]}/32" dev r1; }
off_local() { router_ip addr del "${ADDRESS[server]}/32" dev r1; }
effect_local() { answered_by_router; }

# Else they are a matter of time.
all_errors_are_sent()
{
	router_sysctl net.ipv4.icmp_ratemask=0
	in_ns server sysctl -qw net.ipv4.icmp_ratemask=0
}

test_policy_not_unicast()
{
	add_road
	all_errors_are_sent
	obeys blackhole~not_unicast unreachable~not_unicast prohibit~not_unicast \
		rule~not_unicast local~not_unicast
}

SOCKETS=16

# both_paths_used: by datagrams of sockets that differ in nothing but the hash that each gives to
# its packets (sk_txhash), which policy 1 takes the path from.
both_paths_used()
{
	local after before dev

	before=$(sent_on_paths)
	in_ns server "$TOOLS/udpgen" 10.7.9.2 9 sockets=$SOCKETS count=$PROBES connected=1 \
		sport=7000 loose=1 >&2
	after=$(sent_on_paths)
	say "r0 and r1: $before before, $after after"
	for dev in 1 2; do
		[ "$(cut -d ' ' -f $dev <<<"$before")" != "$(cut -d ' ' -f $dev <<<"$after")" ] || return 1
	done
}

sent_on_paths()
{
	echo "$(device_packets router r0) $(device_packets router r1)"
}

test_policy_hash_of_socket()
{
	add_road
	no_rp_filter
	router_sysctl net.ipv4.fib_multipath_hash_policy=1 ||
		skip "no routes of several paths here"
	run ip -n "$(ns client)" addr add 10.7.9.2/32 dev lo
	router_ip route add 10.7.9.2/32 nexthop via 10.7.1.2 dev r0 nexthop via 10.7.2.2 dev r1
	stay_on_one_cpu
	until_true both_paths_used || fail "the kernel does not choose by the socket's hash"
	offload r0 r1 r2 lease-ms=60000
	both_paths_used || fail "not obeyed: all sockets take the path of the first"
	[ "$(verdict r2 taken)" -gt 0 ] || fail "nothing was taken over"
	[ "$(verdict r2 hash_moved)" -gt 0 ] || fail "no packet was counted as hash_moved"
}

# Only what is long is dropped, so the route goes on being used, and nothing may be learned of it.
on_tunnel()
{
	router_ip route replace "${ADDRESS[server]}" via "${ADDRESS[server]}" dev r2 onlink \
		encap bpf xmit obj "$TOOLS/tunnel.bpf.o" section lwt_xmit || skip "no BPF tunnels here"
	until_true passes || fail "the tunnel does not carry what is short"
}
off_tunnel() { router_ip route del "${ADDRESS[server]}"; }
effect_tunnel() { dropped -s 1000; }

test_policy_lwtunnel()
{
	obeys tunnel=lwtunnel
}

# Neighbours

router_neigh()
{
	router_ip neigh replace "${ADDRESS[server]}" dev r2 "$@"
}

server_answers()
{
	run ip -n "$(ns server)" link set s0 arp "$1"
}

on_moved() { router_neigh lladdr 02:00:00:00:00:77 nud permanent; }
off_moved() { router_ip neigh del "${ADDRESS[server]}" dev r2; }

on_silent()
{
	server_answers off
	router_neigh nud "$1"
}
off_silent()
{
	server_answers on
	router_ip neigh del "${ADDRESS[server]}" dev r2 || :
}

on_failed() { on_silent failed; }
off_failed() { off_silent; }
on_incomplete() { on_silent incomplete; }
off_incomplete() { off_silent; }
on_deleted()
{
	server_answers off
	router_ip neigh del "${ADDRESS[server]}" dev r2
}
off_deleted() { off_silent; }

test_policy_neighbour()
{
	obeys moved=neighbour_moved failed~no_neighbour deleted~no_neighbour
}

# The output

on_down() { router_ip link set r2 down; }
off_down()
{
	router_ip link set r2 up
	until_true is_up router r2
}
on_no_carrier() { run ip -n "$(ns server)" link set s0 down; }
off_no_carrier()
{
	run ip -n "$(ns server)" link set s0 up
	run ip -n "$(ns server)" route replace default via 10.7.3.1
}
on_gone() { router_ip link del r2; }
off_gone()
{
	add_link router r2 10.7.3.1/24 server s0 "${ADDRESS[server]}/24"
	run ip -n "$(ns server)" route add default via 10.7.3.1
}

test_policy_output()
{
	obeys down=routes_moved no_carrier
}

test_policy_output_gone()
{
	add_road
	without gone
	offload_for_long
	with gone =routes_moved
}

# Several queues of the output. The client's socket remembers the one of its own device (XPS: the
# third), which the kernel does not look at when it forwards (XPS of the router: the second).

ALL_CPUS=$(printf '%x' $(((1 << $(nproc)) - 1)))

# queues_to NS DEV ADDRESS NS DEV ADDRESS XPS: in place of the link that is there.
queues_to()
{
	run ip -n "$(ns "$1")" link del "$2"
	run ip -n "$(ns "$1")" link add "$2" numtxqueues 4 numrxqueues 1 type veth \
		peer name "$5" netns "$(ns "$4")" numtxqueues 1 numrxqueues 4
	run ip -n "$(ns "$1")" addr add "$3/24" dev "$2"
	run ip -n "$(ns "$4")" addr add "$6/24" dev "$5"
	run ip -n "$(ns "$1")" link set "$2" up
	run ip -n "$(ns "$4")" link set "$5" up
	in_ns "$1" sh -c "echo $ALL_CPUS >/sys/class/net/$2/queues/tx-$7/xps_cpus" ||
		skip "no XPS here"
}

# other_queues: packets that the router has sent through any queue but the second.
other_queues()
{
	tc -n "$(ns router)" -s class show dev r2 | awk '
		/^class mq/ { queue = $3 }
		/^ Sent/ && queue != "1:2" { n += $4 }
		END { print n + 0 }'
}

# by_its_queue: all packets of a socket leave through the second.
by_its_queue()
{
	local before

	before=$(other_queues)
	udp client server "$N" connected=1
	say "$(($(other_queues) - before)) of $N packets through another queue"
	[ "$(other_queues)" = "$before" ]
}

test_policy_sender_queue()
{
	local before

	add_road
	queues_to client c0 "${ADDRESS[client]}" router r0 10.7.1.1 2
	queues_to router r2 10.7.3.1 server s0 "${ADDRESS[server]}" 1
	run ip -n "$(ns client)" route add default via 10.7.1.1
	run ip -n "$(ns server)" route add default via 10.7.3.1
	run tc -n "$(ns router)" qdisc add dev r2 root handle 1: mq || skip "no mq here"
	by_its_queue || fail "the kernel does not take the queue that XPS says"
	offload_for_long
	demand_taken "of an echo, whose lease is the socket's too"
	by_its_queue || fail "not obeyed: packets went through another queue than the kernel's"
	declined sender_queue
	[[ $(uname -r) != 5.1[01].* ]] || return 0 # XPS is not looked into there
	# where both would take the same
	in_ns client sh -c "cd /sys/class/net/c0/queues && echo 0 >tx-2/xps_cpus && echo $ALL_CPUS >tx-1/xps_cpus"
	before=$(verdict r0 taken)
	by_its_queue || fail "not obeyed: packets went through another queue than the kernel's"
	[ "$(verdict r0 taken)" -gt "$before" ] || fail "no packet was taken to the kernel's queue"
}

# fq has a flow for each socket, and paces it; fq_codel asks for the hash, as both roads have it.
test_policy_sender_fq()
{
	add_road
	run tc -n "$(ns router)" qdisc add dev r2 root fq || skip "no fq here"
	offload_for_long
	udp client server "$N" connected=1
	declined sender_queue
	[ "$(verdict r0 taken)" = 0 ] || fail "not obeyed: packets were taken past their socket's flow"
	run tc -n "$(ns router)" qdisc replace dev r2 root fq_codel
	udp client server "$N" connected=1
	[ "$(verdict r0 taken)" -gt 0 ] || fail "no packet was taken to fq_codel"
}

# Packets that are not for forwarding, one odd thing at a time. They share addresses with a flow
# that is taken over where nothing is said of addresses.

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
		directed_broadcast cold+not_unicast daddr=10.7.2.255
		to_loopback martian daddr=127.0.0.1
		to_nobody martian daddr=0.0.0.0
		from_loopback martian saddr=127.0.0.2
		from_nobody martian saddr=0.0.0.0
		from_multicast martian saddr=224.0.0.7
		from_broadcast martian saddr=255.255.255.255
		from_input_address cold+own_source saddr=10.7.1.1
		from_output_address cold+own_source saddr=10.7.3.1
	END
}

# send_odd WORD...: dmac=, saddr= and daddr= are addresses, the rest is for "frames".
send_odd()
{
	local daddr=${ADDRESS[server]} dmac saddr=${ADDRESS[client]} word words=()

	dmac=$(mac_of router r0)
	for word; do
		case $word in
		dmac=*) dmac=${word#*=} ;;
		saddr=*) saddr=${word#*=} ;;
		daddr=*) daddr=${word#*=} ;;
		*) words+=("$word") ;;
		esac
	done
	in_ns client "$TOOLS/frames" c0 "$dmac" "$saddr" "$daddr" count=$PROBES "${words[@]}" >&2
}

# arrivals WORD...: how much more the server has seen: packets and bytes.
arrivals()
{
	local after before

	read -ra before < <(seen_at_server)
	send_odd "$@"
	read -ra after < <(seen_at_server)
	echo $((after[0] - before[0])) $((after[1] - before[1]))
}

# No address has to be asked for, so that all that is counted was sent by us.
add_quiet_road()
{
	add_road
	no_rp_filter
	router_sysctl net.ipv4.conf.all.accept_source_route=0
	run ip -n "$(ns server)" neigh replace 10.7.3.1 lladdr "$(mac_of router r2)" dev s0 \
		nud permanent
	router_ip neigh replace "${ADDRESS[server]}" lladdr "$(mac_of server s0)" dev r2 \
		nud permanent
	router_ip neigh replace "${ADDRESS[client]}" lladdr "$(mac_of client c0)" dev r0 \
		nud permanent
}

test_policy_odd_frames()
{
	local before got last name reasons words
	declare -A want=()

	add_quiet_road
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

# Size

# Nothing arrives, and the client is told each time. It sends as if it were not (PMTUDISC_PROBE).
effect_too_big()
{
	local arrived told

	told=$(snmp client Icmp.InDestUnreachs)
	arrived=$(snmp server Udp.NoPorts)
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=$PROBES size=1200 pmtudisc=3 >&2
	ARRIVED=$(($(snmp server Udp.NoPorts) - arrived))
	SAID="$(($(snmp client Icmp.InDestUnreachs) - told)) errors"
	[ "$ARRIVED, $SAID" = "0, $PROBES errors" ]
}

# small_route ARGUMENTS...: packets of 1,000 bytes at most; what is short is taken over still.
small_route()
{
	router_ip route replace "${ADDRESS[server]}" dev r2 "$@"
	settle
}

on_route_mtu() { small_route mtu 1000; }
off_route_mtu() { router_ip route del "${ADDRESS[server]}"; }
effect_route_mtu() { effect_too_big; }
on_locked_mtu() { small_route mtu lock 1000; }
off_locked_mtu() { router_ip route del "${ADDRESS[server]}"; }
effect_locked_mtu() { effect_too_big; }

on_device_mtu()
{
	router_ip link set r2 mtu 1000
	small_route
}
off_device_mtu()
{
	router_ip link set r2 mtu 1500
	router_ip route del "${ADDRESS[server]}"
}
effect_device_mtu() { effect_too_big; }

test_policy_too_big()
{
	add_road
	all_errors_are_sent
	obeys route_mtu=too_big locked_mtu=too_big device_mtu=too_big
}

# What may be cut is cut.
effect_cut()
{
	local before

	before=$(snmp router Ip.FragCreates)
	probe -M dont -s 1200
	[ $(($(snmp router Ip.FragCreates) - before)) = $((PROBES * 2)) ] && [ "$ARRIVED" = $PROBES ]
}
on_cut_route_mtu() { on_route_mtu; }
off_cut_route_mtu() { off_route_mtu; }
effect_cut_route_mtu() { effect_cut; }
on_cut_device_mtu() { on_device_mtu; }
off_cut_device_mtu() { off_device_mtu; }
effect_cut_device_mtu() { effect_cut; }

test_policy_cut()
{
	obeys cut_route_mtu=too_big cut_device_mtu=too_big
}

# Datagrams in one packet of segments, cut for the client's MTU.
effect_segments()
{
	local before

	# a small one first, of which a lease is learned: nothing is of what is cut
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=2 size=64 >&2
	before=$(snmp router Ip.FragCreates)
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 count=$PROBES size=4800 gso=1200 \
		pmtudisc=0 >&2
	[ $(($(snmp router Ip.FragCreates) - before)) -gt 0 ]
}
on_segments() { on_route_mtu; }
off_segments() { off_route_mtu; }

test_policy_too_big_segments()
{
	obeys segments=too_big
}

# Segments inside a tunnel: each has the inner headers too, and is above the route's MTU with them.

# tunnel_end NS NS ADDRESS: the first one's.
tunnel_end()
{
	run ip -n "$(ns "$1")" link add vx0 type vxlan id 7 dstport 4789 \
		local "${ADDRESS[$1]}" remote "${ADDRESS[$2]}" || return 1
	run ip -n "$(ns "$1")" addr add "$3/24" dev vx0
	run ip -n "$(ns "$1")" link set vx0 up
}

effect_tunnel_segments()
{
	local before

	before=$(snmp router Ip.FragCreates)
	in_ns client "$TOOLS/tcpflow" 10.7.6.2 "$PORT" count=$PROBES size=5000 >&2
	SAID="$(($(snmp router Ip.FragCreates) - before)) fragments"
	[ "$SAID" != "0 fragments" ]
}
on_tunnel_segments() { small_route mtu 1450; }
off_tunnel_segments() { router_ip route del "${ADDRESS[server]}"; }

test_policy_tunnel_segments()
{
	add_road
	tunnel_end client server 10.7.6.1 || skip "no VXLAN here"
	tunnel_end server client 10.7.6.2
	tcp_server server
	obeys tunnel_segments=gso_kind
}

# A shorter way

# What another neighbour of the client is for leaves where it came from, at the client's own
# address: nobody answers, but the router says so.
effect_redirect()
{
	local before

	before=$(snmp client Icmp.InRedirects)
	send_odd daddr=10.7.5.5
	[ "$(snmp client Icmp.InRedirects)" -gt "$before" ]
}
on_redirect() { router_sysctl net.ipv4.conf.r0.send_redirects=1; }
off_redirect() { router_sysctl net.ipv4.conf.r0.send_redirects=0; }

test_policy_redirect()
{
	add_road
	router_sysctl net.ipv4.conf.all.send_redirects=0 net.ipv4.conf.r0.send_redirects=0
	router_ip neigh replace 10.7.1.77 lladdr "$(mac_of client c0)" dev r0 nud permanent
	router_ip route add 10.7.5.5 via 10.7.1.77 dev r0
	obeys redirect=same_device
}

# Devices that look at a packet's route when they send it.
test_policy_needs_dst()
{
	local name

	add_road
	for name in router server; do
		run ip -n "$(ns $name)" link add vx0 type vxlan id 7 dstport 4789 \
			local "$([ $name = router ] && echo 10.7.3.1 || echo 10.7.3.2)" \
			remote "$([ $name = router ] && echo 10.7.3.2 || echo 10.7.3.1)" ||
			skip "no VXLAN here"
		run ip -n "$(ns $name)" addr add "10.7.6.$([ $name = router ] && echo 1 || echo 2)/24" dev vx0
		run ip -n "$(ns $name)" link set vx0 up
	done
	offload r0 vx0 lease-ms=60000
	FLOW=(10.7.6.2)
	until_true passes || fail "the tunnel carries nothing"
	passes || fail "the tunnel does not carry everything"
	declined needs_dst
}

# A filter at the output that asks for the route came when the flow was being taken over already.
test_policy_needs_dst_since()
{
	add_road
	offload_for_long
	demand_taken "before the filter"
	run tc -n "$(ns router)" qdisc add dev r2 root handle 1: htb || skip "no htb here"
	run tc -n "$(ns router)" filter add dev r2 parent 1: protocol ip bpf direct-action \
		object-file "$TOOLS/realm.bpf.o" section tc || skip "no such filter here"
	until_true passes || fail "nothing passes"
	declined needs_dst
}

# A device without a link-layer header: whoever is behind it is asked nothing, so it need not be there.
test_policy_output_kind()
{
	add_road
	router_ip tuntap add tun9 mode tun || skip "no tun here"
	router_ip addr add 10.7.6.1/24 dev tun9
	router_ip link set tun9 up
	offload r0 lease-ms=60000
	txp router attach tun9
	FLOW=(10.7.6.2)
	probe
	declined output_kind
	[ "$(verdict r0 taken)" = 0 ] || fail "packets were taken to a device that has no MAC address"
}

# What an egress program ahead of ours makes of a packet is not what the kernel decided.
test_policy_disagrees()
{
	add_road
	offload r0 r2 lease-ms=60000
	spawn mangle ip netns exec "$(ns router)" "$TOOLS/mangle" r2 tos
	until_true passes || fail "the road is closed"
	passes || fail "the road does not carry everything"
	declined disagrees
	[ "$(verdict r0 taken)" = 0 ] || fail "packets were taken over that the kernel sends otherwise"
	kill "$PID"
	wait "$PID" || :
}

# ICMP looks the same with and without

# A dump of what the client was told, without what differs from one time to the next.
told()
{
	sed -E 's/^[0-9:.]+ //; s/\bid [0-9]+/id/g; s/\[bad udp cksum [^]]*\] //;
		s/(([0-9]+\.){4})[0-9]+ > /\1port > /' "$WORK/$1.out" |
		grep -vE '^(tcpdump|listening|([0-9]+ )?packets)'
}

ping_once()
{
	settle
	ip netns exec "$(ns client)" ping -c 1 -W 10 "$@" >&2 || :
}

udp_once()
{
	settle
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 33434 loose=1 "$@" >&2
}

look_along_the_road()
{
	local ttl

	for ttl in 1 2 3; do
		ping_once -t $ttl "${ADDRESS[server]}"
		udp_once ttl=$ttl
		udp_once ttl=$ttl tos=8 pmtudisc=2
	done
}

look_for_its_mtu()
{
	router_ip link set r2 mtu 1000
	run ip -n "$(ns client)" route flush cache
	ping_once -M 'do' -s 1200 "${ADDRESS[server]}"
	udp_once size=1200 pmtudisc=3
	router_ip link set r2 mtu 1500
}

look_for_hosts()
{
	ping_once 10.7.3.99
	ping_once 10.99.0.1
	settle
	server_answers off
	router_ip neigh del "${ADDRESS[server]}" dev r2
	ip netns exec "$(ns client)" ping -c 1 -W 10 "${ADDRESS[server]}" >&2 || :
	server_answers on
	settle
	send_odd daddr=10.7.5.5 count=1
}

LAST_PORT=33435 # of the router, where nobody listens either

# look_about NAME: all that a client asks a road.
look_about()
{
	READY='listening on' spawn "$1" ip netns exec "$(ns client)" tcpdump -lnvvi c0 \
		--immediate-mode 'icmp and icmp[0] != 8 and icmp[0] != 0'
	look_along_the_road
	look_for_its_mtu
	look_for_hosts
	in_ns client "$TOOLS/udpgen" 10.7.1.1 $LAST_PORT >&2
	until_true grep -q "udp port $LAST_PORT unreachable" "$WORK/$1.out" || fail "the dump has no end"
	kill "$PID"
	wait "$PID" || :
}

test_policy_looks_the_same()
{
	local text

	add_road
	all_errors_are_sent
	router_ip neigh replace 10.7.1.77 lladdr "$(mac_of client c0)" dev r0 nud permanent
	router_ip route add 10.7.5.5 via 10.7.1.77 dev r0
	look_about without
	for text in 'time exceeded' 'need to frag' 'host 10.7.3.99 unreachable' \
		'host 10.7.3.2 unreachable' 'net 10.99.0.1 unreachable' 'redirect' \
		'udp port 33434 unreachable'; do
		told without | grep -q "$text" || {
			told without >&2
			fail "without txpath nothing says '$text'"
		}
	done
	offload_for_long
	look_about with
	diff <(told without) <(told with) >&2 || fail "the client is told something else"
}

run_test "$@"
