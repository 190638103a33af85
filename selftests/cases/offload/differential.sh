#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The same packets through two routers that are alike but for txpath: what arrives, and what
# comes back, is equal byte for byte. The packets and what transit must say of each: rows_*.c.
#
#   client c0 ==== r0 router r2 ==== s0 server        without txpath
#   client c0 ==== r0 router r2 ==== s0 server        in offload
#
# Clients and servers are packet sockets: their devices have no addresses and answer nothing.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

# Long enough for a machine that stands still for a while.
LEASE_MS=60000

# Neighbours are told, nobody asks for them; 10.7.3.9 has none.
router_neighbours()
{
	local host

	echo "neigh add 10.7.1.2 dev r0 lladdr 02:00:00:00:01:02 nud permanent"
	echo "neigh add 10.7.1.3 dev r0 lladdr 02:00:00:00:01:03 nud permanent"
	for host in {20..69}; do
		echo "neigh add 10.7.1.$host dev r0 lladdr 02:00:00:00:01:02 nud permanent"
	done
	for host in 2 6 7; do
		echo "neigh add 10.7.3.$host dev r2 lladdr 02:00:00:00:03:0$host nud permanent"
	done
}

# Where the rows send their packets: ROUTE(n) is 11.n.0.0/16.
router_routes()
{
	cat <<-ROUTES
		route add 10.64.0.0/10 via 10.7.1.2
		route add 10.128.0.0/9 via 10.7.3.2
		route add 240.0.0.0/4 via 10.7.3.2
		route add 0.0.0.0/8 via 10.7.3.2
		route add 11.1.0.0/16 via 10.7.3.2 mtu $ROUTE_MTU
		route add 11.2.0.0/16 via 10.7.3.2 mtu lock $ROUTE_MTU
		route add unreachable 11.3.0.0/16
		route add prohibit 11.4.0.0/16
		route add blackhole 11.5.0.0/16
		route add throw 11.6.0.0/16
		route add 11.7.0.0/16 via 10.7.1.3
		route add 11.8.0.0/16 via 10.7.3.9
		route add 11.9.0.0/16 nexthop via 10.7.3.2 nexthop via 10.7.3.7
		route add 11.10.0.0/16 via 10.7.3.2
		route add 11.10.0.0/16 tos 0x10 via 10.7.3.7
		route add 11.11.0.0/16 via 10.7.3.6
	ROUTES
}
ROUTE_MTU=1000

# ICMP errors at every rate: one is owed to each packet.
router_settings()
{
	in_ns "$1" sysctl -qw net.ipv4.ip_forward=1 net.ipv4.icmp_ratemask=0 \
		net.ipv4.conf.{all,r0,r2}.{rp_filter=0,accept_source_route=1,send_redirects=1} \
		net.ipv4.neigh.{r0,r2}.{mcast_solicit,ucast_solicit}=0
}

# address NS DEV ADDRESS MTU
address()
{
	run ip -n "$(ns "$1")" link set "$2" address "$3" mtu "$4"
}

# add_kind KIND: a client, a router and a server.
add_kind()
{
	add_ns "client-$1" "router-$1" "server-$1"
	add_link "client-$1" c0 10.7.1.2/24 "router-$1" r0 10.7.1.1/24
	add_link "router-$1" r2 10.7.3.1/24 "server-$1" s0 10.7.3.2/24
	run ip -n "$(ns "client-$1")" addr flush dev c0
	run ip -n "$(ns "server-$1")" addr flush dev s0
	address "client-$1" c0 02:00:00:00:01:02 9000
	address "router-$1" r0 02:00:00:00:01:01 9000
	address "router-$1" r2 02:00:00:00:03:01 1500
	address "server-$1" s0 02:00:00:00:03:02 1500
	router_settings "router-$1"
	{ router_neighbours; router_routes; } | run ip -n "$(ns "router-$1")" -batch -
}

# names KIND: of its namespaces.
names()
{
	ns "router-$1"
	ns "client-$1"
	ns "server-$1"
}

# offload: where the kernel has no place for transit, it says so.
offload()
{
	local said

	ATTACH="$TXPATH --bpffs $BPFFS --netns $(ns router-txpath) attach r0 r2"
	# shellcheck disable=SC2086 # a command and its arguments
	said=$(run $ATTACH --mode offload compare-rate=0 lease-ms=$LEASE_MS 2>&1) || {
		grep -q 'transit' <<<"$said" || fail "$said"
		skip "$said"
	}
	export ATTACH
}

# packets of all rows: 20,000 of 4000.
test_differential()
{
	local index maps

	add_kind plain
	add_kind txpath
	offload
	index=$(ip netns exec "$(ns router-txpath)" cat /sys/class/net/r0/ifindex)
	maps=$(dirname "$(find "$BPFFS/txpath" -name counters)")
	# shellcheck disable=SC2046 # words
	run "$TOOLS/differential" $((N * 5)) "$maps" "$index" $(names plain) $(names txpath) ||
		fail "the kernel and txpath differ, or a verdict is not the row's"
}

run_test "$@"
