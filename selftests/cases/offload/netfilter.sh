#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --netfilter lease and bypass: a router with a stateful firewall. What it lets pass unchanged is
# taken over for a lease's length, and nothing else is.
#
#   client c0 ==== [transit] r0 router (nft) r2 [transit] ==== s0 server

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../../lib/offload.sh
. "$(dirname "$0")/../../lib/offload.sh"

# Port 9 is closed, connections are followed, and what does not belong to one is dropped.
firewalled_topology()
{
	add_topology
	nft_router '
		add table ip t
		add chain ip t f { type filter hook forward priority 0; policy drop; }
		add rule ip t f ct state invalid drop
		add rule ip t f ct state established,related accept
		add rule ip t f udp dport 9 drop
		add rule ip t f accept'
	in_ns router sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=1 ||
		skip "no conntrack here"
}

demand_most()
{
	local all taken

	all=$(transit r0 packets)
	taken=$(verdict r0 taken)
	"$@"
	all=$(($(transit r0 packets) - all))
	taken=$(($(verdict r0 taken) - taken))
	say "$*: $taken of $all taken"
	[ $((taken * 2)) -gt $all ] || {
		txp router stats r0 >&2
		fail "only $taken of $all were taken"
	}
}

# Datagrams for a port that nobody listens on.
unclaimed()
{
	ip netns exec "$(ns server)" sed -n 's/^Udp: [0-9]* \([0-9]*\) .*/\1/p' /proc/net/snmp
}

# Datagrams of a flow in one direction only: each is new to conntrack, and the firewall's.
test_netfilter_lease_leaves_what_is_new()
{
	local before

	firewalled_topology
	offload r0 r2 --netfilter lease
	before=$(verdict r0 taken)
	udp client server "$N"
	[ "$(verdict r0 taken)" = "$before" ] || fail "packets of a one-way flow were taken over"
}

test_netfilter_lease_takes_connections()
{
	firewalled_topology
	offload r0 r2 --netfilter lease lease-ms=60000
	demand_most tcp client server "$N" size=500
	[ "$(verdict r0 tcp_state)" -gt 0 ] || fail "conntrack does not see SYN and FIN"
}

# hit_most MODE: most of a connection's packets are hits, hooks or not.
hit_most()
{
	local before

	"$TXPATH" features | grep -q '^tcx: yes' || skip "no TCX here: each packet takes the slow path"
	firewalled_topology
	offload r0 r2 --netfilter "$1" lease-ms=60000
	before=$(hits r0)
	demand_most tcp client server "$N" size=500
	say "$(($(hits r0) - before)) hits"
	[ $((2 * ($(hits r0) - before))) -gt "$N" ] || fail "few packets were hits"
}

test_netfilter_lease_hits()
{
	hit_most lease
}

test_netfilter_bypass_hits()
{
	hit_most bypass
}

# A lease is one connection's: the closed port stays closed beside it.
test_netfilter_lease_is_one_connections()
{
	local before

	firewalled_topology
	offload r0 r2 --netfilter lease lease-ms=60000
	tcp client server 50
	before=$(unclaimed)
	in_ns client "$TOOLS/udpgen" "${ADDRESS[server]}" 9 count=50 >&2
	[ "$(unclaimed)" = "$before" ] || fail "datagrams came through a closed port"
}

pings_taken()
{
	local before

	before=$(verdict r0 taken)
	ip netns exec "$(ns client)" ping -q -c 5 -i 0.01 -W 1 "${ADDRESS[server]}" >/dev/null
	[ "$(verdict r0 taken)" -gt "$before" ]
}

no_ping_comes_back()
{
	! in_ns client ping -q -c 10 -i 0.02 -W 1 "${ADDRESS[server]}" >/dev/null 2>&1
}

# The chain stays, a rule is new.
obeys_a_rule_at_once()
{
	firewalled_topology
	offload r0 r2 --netfilter "$1" lease-ms=60000
	until_true pings_taken || fail "nothing is taken over"
	nft_router insert rule ip t f ip protocol icmp drop
	no_ping_comes_back || fail "a ping came past a new rule"
}

test_netfilter_lease_obeys_a_rule_at_once()
{
	obeys_a_rule_at_once lease
}

test_netfilter_bypass_obeys_a_rule_at_once()
{
	obeys_a_rule_at_once bypass
}

test_netfilter_declines_a_strict_conntrack()
{
	local before

	firewalled_topology
	offload r0 r2 --netfilter lease lease-ms=60000
	until_true pings_taken || fail "nothing is taken over"
	in_ns router sysctl -qw net.netfilter.nf_conntrack_tcp_be_liberal=0
	before=$(verdict r0 taken)
	tcp client server "$N" size=500
	[ "$(verdict r0 taken)" = "$before" ] || fail "packets were taken past a strict conntrack"
	[ "$(verdict r0 conntrack)" -gt 0 ] || fail "no packet was counted as conntrack"
}

# What netfilter rewrites is netfilter's.
test_netfilter_lease_leaves_translated()
{
	local before

	firewalled_topology
	nft_router '
		add chain ip t p { type nat hook postrouting priority 100; }
		add rule ip t p masquerade'
	offload r0 r2 --netfilter lease
	before=$(verdict r0 taken)
	tcp client server "$N" size=500
	[ "$(verdict r0 taken)" = "$before" ] || fail "packets were taken past a translation"
}

# So it is with TCP's options, which lie behind what each header has. Sums are left to the device,
# so the change shows nowhere else. An answer to timestamp 0 is an answer to none (tcp_check_req).
test_netfilter_lease_leaves_rewritten_options()
{
	local before

	firewalled_topology
	offload r0 r2 --netfilter lease lease-ms=60000
	demand_most tcp client server "$N" size=500
	nft_router '
		add chain ip t p { type filter hook postrouting priority 0; }
		add rule ip t p oifname r2 tcp option timestamp tsecr set 0'
	before=$(verdict r0 taken)
	tcp client server "$N" size=500
	[ "$(verdict r0 taken)" = "$before" ] || fail "packets were taken past a rule for an option"
	nft_router flush chain ip t p
	demand_most tcp client server "$N" size=500
}

run_test "$@"
