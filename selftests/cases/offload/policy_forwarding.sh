#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# No way past what a router is told not to forward: forwarding switched off, and sources that the reverse
# path filter refuses. How a policy is tried: ../../lib/policy.sh

# shellcheck source-path=SCRIPTDIR source=../../lib/policy.sh
. "$(dirname "$0")/../../lib/policy.sh"

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

test_policy_rp_filter_strict()
{
	add_topology
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
	add_topology
	no_rp_filter
	run ip -n "$(ns client)" addr add 10.7.8.2/32 dev lo
	FLOW=(-I 10.7.8.2 "${ADDRESS[server]}")
	obeys loose~rp_filter all_loose~rp_filter
}

run_test "$@"
