#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Kernels may be built without what the programs ask about: what is absent cannot stand in the
# way, and must not keep them from loading.

# shellcheck source-path=SCRIPTDIR source=../../lib/lib.sh
. "$(dirname "$0")/../../lib/lib.sh"

# What each configuration option takes with it.
options()
{
	cat <<-END
		NETFILTER net.nf netns_nf nf_hook_entries nf_hook_entry net.nft net.ct sk_buff._nfct net_device.nf_hooks_ingress net_device.nf_hooks_egress
		NETFILTER_INGRESS net_device.nf_hooks_ingress
		NETFILTER_EGRESS net_device.nf_hooks_egress
		NF_TABLES net.nft netns_nftables
		NF_CONNTRACK net.ct sk_buff._nfct nf_conn nf_ct_ext
		XFRM net.xfrm netns_xfrm dst_entry.xfrm xfrm_state
		IP_ROUTE_MULTIPATH netns_ipv4.sysctl_fib_multipath_hash_policy
		IP_MULTIPLE_TABLES netns_ipv4.fib_main netns_ipv4.fib_has_custom_rules netns_ipv4.fib_rules_require_fldissect
		NET_SCH_INGRESS net_device.tcx_ingress net_device.miniq_ingress tcx_entry mini_Qdisc
		IPV6 net_device.ip6_ptr
		XPS net_device.xps_maps net_device.xps_cpus_map net_device.xps_rxqs_map xps_dev_maps
		CGROUP_NET_PRIO net_device.priomap netprio_map
	END
}

test_hide_btf_options()
{
	local object option what

	for object in egress ingress; do
		"$TOOLS/hide_btf" "$ROOT/build/bpf/$object.bpf.o" >"$WORK/said" 2>&1 ||
			skip "the $object programs alone do not load here"
		while read -r option what; do
			say "$object without $option"
			# shellcheck disable=SC2086 # several words
			"$TOOLS/hide_btf" "$ROOT/build/bpf/$object.bpf.o" $what >"$WORK/said" 2>&1 || {
				tail -n 20 "$WORK/said" >&2
				fail "$object does not load without $option"
			}
		done < <(options)
	done
}

run_test "$@"
