/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#ifndef TXPATH_COUNTERS_H
#define TXPATH_COUNTERS_H

#include "instance.h"

/* The counters of a device, summed over CPUs. -ENOENT: it has none. Silent. */
int counters_read(const struct instance *instance, const struct txp_device_key *key,
		  struct txp_counters *sum);

#endif /* TXPATH_COUNTERS_H */
