#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past netfilter: chains that drop, mark or translate, at the hooks of IPv4 and of devices.
# How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

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
	add_topology
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

run_test "$@"
