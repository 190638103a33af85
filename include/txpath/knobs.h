/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Knobs: what an operator may set when attaching, as txpath attach DEV KNOB=VALUE. One line each:
 * parsing, range, help, completion and txpath status -v are made from this list, and make check
 * holds docs/txpath.8 against it. A new knob is a new line and the code that uses its member.
 *
 * TXP_KNOB(ID, name, UNIT, values, initial, WHERE, member, meaning)
 *   name     as written on the command line
 *   UNIT     one of TXP_KNOB_UNITS
 *   values   WORD: the words, in the order of the member's numbers, separated by a space;
 *            any other unit: FIRST..LAST
 *   initial  the default
 *   WHERE    ROW: the member is of struct txp_instance (include/txpath/abi.h), where the BPF
 *            programs read it. A knob that is not given stays as it was set before.
 *            REQUEST: the member is of struct attach_request (loader/attach/attach.h), which
 *            only the attach command uses. A knob that is not given has its default.
 *   meaning  for the operator
 */
#ifndef TXPATH_KNOBS_H
#define TXPATH_KNOBS_H

#define TXP_KNOBS(TXP_KNOB)                                                                        \
	TXP_KNOB(LO_FORWARDING, "lo-forwarding", WORD, "off on", "off", REQUEST, lo_forwarding,    \
		 "on: set net.ipv4.conf.lo.forwarding=1 until the last device is detached; "       \
		 "bpf_fib_lookup needs it to answer for local traffic")                            \
	TXP_KNOB(TC_HOOK, "tc-hook", WORD, "auto tcx clsact", "auto", REQUEST, hook,               \
		 "auto: a TCX link where the kernel has TCX, else a filter on clsact")             \
	TXP_KNOB(NETFILTER_HOOK, "netfilter-hook", WORD, "auto on off", "auto", REQUEST,           \
		 netfilter_hook,                                                                   \
		 "auto: use a netfilter hook as fallback only in the initial network namespace, "  \
		 "because a netfilter link keeps its namespace alive until detach")                \
	TXP_KNOB(PROBES, "probes", WORD, "auto on off", "auto", REQUEST, probes,                   \
		 "auto: the probes are on while a device is in shadow. They show what packets "    \
		 "are compared by, and slow every packet on the host")                             \
	TXP_KNOB(TRANSIT, "transit", WORD, "off on", "off", REQUEST, transit,                      \
		 "on: with --mode shadow, also count at TC ingress what could be taken over; "     \
		 "--mode offload implies it")                                                      \
	TXP_KNOB(LEASE_MS, "lease-ms", MS, "1..60000", "1000", ROW, lease_ns,                      \
		 "how long a lease holds; then the kernel forwards a packet of the flow again")    \
	TXP_KNOB(MAX_SURPRISES, "max-surprises", COUNT, "0..1000000", "10", ROW, max_surprises,    \
		 "a device with more surprises than that since its promotion stops offloading")    \
	TXP_KNOB(PROMOTE_AFTER, "promote-after", COUNT, "0..1000000000", "0", ROW, promote_after,  \
		 "with --mode offload: stay in probation until the kernel and the prediction "     \
		 "have agreed on this many leases of the device")                                  \
	TXP_KNOB(COMPARE_RATE, "compare-rate", RATE, "0..10000000", "10000", ROW, compare_ns,      \
		 "packets that each CPU compares in a second; the others are counted as "          \
		 "over_rate. 0: compare every packet")                                             \
	TXP_KNOB(SETTLE_MS, "settle-ms", MS, "0..60000", "2000", ROW, settle_ns,                   \
		 "how long a route that differs is unknown, because the kernel may be changing "   \
		 "it, before it is a mismatch. 0: it is a mismatch at once")

/*
 * TXP_KNOB_UNIT(ID, text, to_member): text is what the operator reads, "" for a plain number.
 * to_member makes the member's value of the knob's x.
 */
#define TXP_KNOB_UNITS(TXP_KNOB_UNIT)                                                              \
	TXP_KNOB_UNIT(WORD, "", x)                                                                 \
	TXP_KNOB_UNIT(COUNT, "", x)                                                                \
	TXP_KNOB_UNIT(MS, "ms", x * 1000000)                                                       \
	TXP_KNOB_UNIT(RATE, "packets/s", x ? 1000000000 / x : 0)

enum txp_knob {
#define TXP_KNOB_ENUM(id, name, unit, values, initial, where, member, meaning) TXP_KNOB_##id,
	TXP_KNOBS(TXP_KNOB_ENUM)
#undef TXP_KNOB_ENUM
		TXP_KNOB_COUNT,
};

enum txp_knob_unit {
#define TXP_KNOB_UNIT_ENUM(id, text, to_member) TXP_KNOB_UNIT_##id,
	TXP_KNOB_UNITS(TXP_KNOB_UNIT_ENUM)
#undef TXP_KNOB_UNIT_ENUM
};

#endif /* TXPATH_KNOBS_H */
