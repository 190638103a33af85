#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past the state of the output: down or gone, its queues, and what it wants of a packet.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

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
	obeys down=routes_changed no_carrier
}

test_policy_output_gone()
{
	add_topology
	without gone
	offload_for_long
	with gone =routes_changed
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

	add_topology
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

# fq has a flow for each socket, and edt_clocks it; fq_codel asks for the hash, as both paths have it.
test_policy_sender_fq()
{
	add_topology
	run tc -n "$(ns router)" qdisc add dev r2 root fq || skip "no fq here"
	offload_for_long
	udp client server "$N" connected=1
	declined sender_queue
	[ "$(verdict r0 taken)" = 0 ] || fail "not obeyed: packets were taken past their socket's flow"
	run tc -n "$(ns router)" qdisc replace dev r2 root fq_codel
	udp client server "$N" connected=1
	[ "$(verdict r0 taken)" -gt 0 ] || fail "no packet was taken to fq_codel"
}

# Devices that look at a packet's route when they send it.
test_policy_needs_dst()
{
	local name

	add_topology
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
	add_topology
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
	add_topology
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

run_test "$@"
