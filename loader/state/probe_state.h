/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an instance says of its VERIFY probes: which hook each got, and why one has none. */
#ifndef TXPATH_STATE_PROBE_STATE_H
#define TXPATH_STATE_PROBE_STATE_H

#include <stdbool.h>

#include <txpath/abi.h>

#include "lib/probe_table.h"

/* Is it one of TXP_VERIFY_PROBES? */
bool probe_is_verified(enum txp_probe probe);

/* What the probe's pin among the links is called: where its program has its hook. */
const char *probe_pin(const struct txp_instance *row, enum txp_probe probe);

/* Was the netfilter hook left out because of the knob, and how that is said. */
bool probe_is_left_out(const struct txp_instance *row, enum txp_probe probe);
#define PROBE_LEFT_OUT                                                                             \
	"netfilter/POST_ROUTING left out: its link would keep the network namespace alive; "       \
	"netfilter-hook=on uses it"

/* Is it without a hook because nothing asks for one? */
bool probe_is_unneeded(const struct txp_instance *row, enum txp_probe probe);
#define PROBE_UNNEEDED "not needed"
#define PROBE_OFF "no device is in shadow, or probes=off; probes=on turns them on"

/* Without a hook because that was asked for, and not because none attached. */
bool probe_is_off(const struct txp_instance *row, enum txp_probe probe);

/* Of a probe without a hook: what may be changed to get one; "" if nothing can. */
const char *probe_why_none(const struct txp_instance *row, enum txp_probe probe);

#endif /* TXPATH_STATE_PROBE_STATE_H */
