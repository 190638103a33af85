/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an operator may set when attaching, one line each: txpath attach DEV KNOB=VALUE
 *
 * TXP_KNOB(ID, name, values, meaning)
 *   name    as written on the command line
 *   values  the allowed ones, separated by a space; the first is the default. FIRST..LAST: any
 *           number from FIRST to LAST; what is not given then stays as it was last set
 */
#ifndef TXPATH_KNOBS_H
#define TXPATH_KNOBS_H

#define TXP_KNOBS(TXP_KNOB)                                                                        \
	TXP_KNOB(LO_FORWARDING, "lo-forwarding", "off on",                                         \
		 "on: set net.ipv4.conf.lo.forwarding=1 until the last device is detached, which " \
		 "bpf_fib_lookup needs to answer for local traffic")                               \
	TXP_KNOB(TC_HOOK, "tc-hook", "auto tcx clsact",                                            \
		 "auto: a TCX link where the kernel has it, else a filter on clsact")              \
	TXP_KNOB(NETFILTER_HOOK, "netfilter-hook", "auto on off",                                  \
		 "auto: only in the initial network namespace, because a netfilter link keeps "    \
		 "its namespace alive until detach")                                               \
	TXP_KNOB(PROBES, "probes", "auto on off",                                                  \
		 "auto: watched while a device is in shadow. They see what packets are compared "  \
		 "by, and cost each packet of the host")                                           \
	TXP_KNOB(TRANSIT, "transit", "off on",                                                     \
		 "on: watch at TC ingress in --mode shadow too; --mode offload implies it")        \
	TXP_KNOB(LEASE_MS, "lease-ms", "1000 1..60000",                                            \
		 "milliseconds for which a lease holds, then the kernel judges anew")              \
	TXP_KNOB(MAX_SURPRISES, "max-surprises", "10 0..1000000",                                  \
		 "a device with more of them since its promotion offloads no more")                \
	TXP_KNOB(PROMOTE_AFTER, "promote-after", "0 0..1000000000",                                \
		 "with --mode offload: watch until the kernel and the prediction have agreed on "  \
		 "this many leases of the device, then offload")                                   \
	TXP_KNOB(COMPARE_RATE, "compare-rate", "10000 0..10000000",                                \
		 "packets that each CPU compares in a second; the others are counted as "          \
		 "over_rate. 0: every packet is compared")                                         \
	TXP_KNOB(SETTLE_MS, "settle-ms", "2000 0..60000",                                          \
		 "milliseconds for which a route that differs is unknown, because the kernel may " \
		 "be changing it, before it is a mismatch. 0: it is one at once")

enum txp_knob {
#define TXP_KNOB_ENUM(id, name, values, meaning) TXP_KNOB_##id,
	TXP_KNOBS(TXP_KNOB_ENUM)
#undef TXP_KNOB_ENUM
		TXP_KNOB_COUNT,
};

#endif /* TXPATH_KNOBS_H */
