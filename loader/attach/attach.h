/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Attaching as one transaction: all devices with everything they need, or nothing. */
#ifndef TXPATH_ATTACH_ATTACH_H
#define TXPATH_ATTACH_ATTACH_H

#include "attach/hook.h"
#include "state/pins.h"

#include <txpath/knobs.h>

/* The knob probes, in the order of its values. */
enum probes {
	PROBES_AUTO,
	PROBES_ON,
	PROBES_OFF,
};

/* In the order of the knob's values. */
enum netfilter_hook {
	NETFILTER_HOOK_AUTO,
	NETFILTER_HOOK_ON,
	NETFILTER_HOOK_OFF,
};

struct attach_request {
	const struct device *devices;
	size_t count;
	enum txp_mode mode;
	enum txp_netfilter netfilter;
	/* Members of knobs, as TXP_KNOBS says. */
	enum hook_kind hook;
	bool lo_forwarding; /* consent to switch it on */
	enum netfilter_hook netfilter_hook;
	enum probes probes;
	bool transit; /* a program at TC ingress too; else devices that have one lose it */
	/* Knobs as the operator wrote them, in the unit of the knob; others have their default. */
	__u64 knob[TXP_KNOB_COUNT];
	__u32 given; /* bit per enum txp_knob */
};

/*
 * Attaches in the namespace that we are in, whose id is netns. The caller holds the lock. On
 * failure the host is as it was, and the error has been logged. -EINTR: a signal that is held back.
 */
int attach_devices(const struct pins *pins, __u64 netns, const struct attach_request *request);

#endif /* TXPATH_ATTACH_ATTACH_H */
