/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the row of an instance says of its VERIFY probes: their hooks, and why one has none. */
#ifndef TXPATH_STATE_PROBE_STATE_H
#define TXPATH_STATE_PROBE_STATE_H

#include <stdbool.h>

#include <txpath/abi.h>

#include "lib/probe_table.h"

/* Is it one of TXP_VERIFY_PROBES? */
bool probe_is_verified(enum txp_probe probe);

/*
 * The name of the pin of the probe's link. A fallback may share the program of another probe, and
 * then it is that probe's pin.
 */
const char *probe_pin(const struct txp_instance *row, enum txp_probe probe);

/* Was the netfilter hook left out because of the knob netfilter-hook? */
bool probe_is_left_out(const struct txp_instance *row, enum txp_probe probe);
#define PROBE_LEFT_OUT                                                                             \
	"the hook netfilter/POST_ROUTING is not used: its link would keep the network namespace "  \
	"alive; netfilter-hook=on uses it"

/* Has it no hook because nothing needs one? */
bool probe_is_unneeded(const struct txp_instance *row, enum txp_probe probe);
#define PROBE_UNNEEDED "not needed"
#define PROBE_OFF "probes are off: no device is in shadow, or probes=off; probes=on turns them on"

/* Has it no hook because probes are off, and not because the kernel refused all? */
bool probe_is_off(const struct txp_instance *row, enum txp_probe probe);

/* How a probe without a hook can get one; "" if it cannot. */
const char *probe_why_none(const struct txp_instance *row, enum txp_probe probe);

#endif /* TXPATH_STATE_PROBE_STATE_H */
