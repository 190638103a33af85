# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For the benchmarks, beside offload.sh, which they source through it: several topologies at once, each
# with a client, a router and a server of its own, and less noise on stderr than a test makes.

# shellcheck source-path=SCRIPTDIR source=../lib/offload.sh
. "$(dirname "${BASH_SOURCE[0]}")/../lib/offload.sh"

# The topology that in_ns, txp and the other helpers work on.
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

# The destinations of the benchmarks' flows: flow.h
FLOW_NET=10.128.0.0/9

# add_bench_path NAME: as add_topology, and a route to the flows' destinations, which the server drops.
add_bench_path()
{
	TOPOLOGY=$1
	say "topology $TOPOLOGY"
	add_topology
	ip -n "$(ns router)" route add $FLOW_NET via "${ADDRESS[server]}"
}

# add_rules COUNT: that match no packet, before the rule that does.
add_rules()
{
	seq "$1" | awk '{
		printf "rule add from 198.18.%d.%d lookup 100 priority %d\n", $1 / 250, $1 % 250 + 1, 1000 + $1
	}' | in_batch router
}

# add_routes COUNT: so many in all lead to the flows' destinations, each to eight of them.
add_routes()
{
	seq $(($1 - 1)) | awk '{
		at = ($1 - 1) * 8
		printf "route add 10.%d.%d.%d/29 via 10.7.3.2\n", 128 + at / 65536, at / 256 % 256, at % 256
	}' | in_batch router
}

# write_classes COUNT: a file of so many rules for txpath classify, each about ten prefixes within
# $FLOW_NET, so that most flows match one of them, any. The last of ten is about no flow's port.
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

# peer PROGRAM: of peers.bpf.c, loaded for this topology's router; prints the pin.
peer()
{
	local pin=$BPFFS/$1-$TOPOLOGY

	[ -e "$pin" ] || "$TOOLS/progrun" load "$TOOLS/peers.bpf.o" "$1" "$pin" \
		"$(ifindex router r2)" "$(mac server s0)" "$(mac router r2)" >&2
	echo "$pin"
}
