# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Library of the benchmarks programs and scale: several topologies at once. Each of them
# has a client, a router and a server of its own. It sources lib/offload.sh, and prints less on stderr
# than a test does.

# shellcheck source-path=SCRIPTDIR source=../lib/offload.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/offload.sh"

# The topology that in_ns, txp and the other functions act on.
TOPOLOGY=main

ns()
{
	echo "txp$$-$TOPOLOGY-$1"
}

run()
{
	"$@"
}

in_batch()
{
	ip -n "$(ns "$1")" -batch -
}

# The destinations of the benchmarks' flows, as in flow.h.
FLOW_NET=10.128.0.0/9

# add_bench_path NAME: add_topology, and a route to the destinations of the flows. The server drops
# what arrives there.
add_bench_path()
{
	TOPOLOGY=$1
	say "topology $TOPOLOGY"
	add_topology
	ip -n "$(ns router)" route add $FLOW_NET via "${ADDRESS[server]}"
}

# add_rules COUNT: ip rules that match no packet, before the rule that matches.
add_rules()
{
	seq "$1" | awk '{
		printf "rule add from 198.18.%d.%d lookup 100 priority %d\n", $1 / 250, $1 % 250 + 1, 1000 + $1
	}' | in_batch router
}

# add_routes COUNT: makes COUNT routes to the destinations of the flows, each to eight of them.
add_routes()
{
	seq $(($1 - 1)) | awk '{
		at = ($1 - 1) * 8
		printf "route add 10.%d.%d.%d/29 via 10.7.3.2\n", 128 + at / 65536, at / 256 % 256, at % 256
	}' | in_batch router
}

# write_classes COUNT: prints a file of COUNT rules for txpath classify. Each rule has ten prefixes
# within $FLOW_NET, so most flows match one of the rules. One rule in ten has a port that no flow uses.
write_classes()
{
	seq "$1" | awk -v count="$1" '
		BEGIN {
			print "version: 1\nclasses:\n  a: {priority: 6}\n  b: {priority: 2, mark: 1}\nrules:"
		}
		{
			printf "  - {name: r%d, class: %s, match: {proto: [tcp, udp], dport: %s, dst: [", $1,
				$1 % 2 ? "a" : "b", $1 % 10 == 9 ? "9" : "1000-60000"
			for (i = 0; i < 10; i++) {
				at = int(($1 - 1 + i * count) * 32768 / (10 * count))
				printf "10.%d.%d.0/%d, ", 128 + at / 256, at % 256, 24
			}
			print "]}}"
		}'
}

ifindex()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/ifindex"
}

mac()
{
	ip netns exec "$(ns "$1")" cat "/sys/class/net/$2/address"
}

# peer PROGRAM: loads a program of peers.bpf.c for the router of this topology, and prints its pin.
peer()
{
	local pin=$BPFFS/$1-$TOPOLOGY

	[ -e "$pin" ] || "$TOOLS/progrun" load "$TOOLS/peers.bpf.o" "$1" "$pin" \
		"$(ifindex router r2)" "$(mac server s0)" "$(mac router r2)" >&2
	echo "$pin"
}
