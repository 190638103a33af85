/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an attach pins for a namespace. Errors are negative errno and have been logged. A function
 * that fails leaves nothing but empty directories.
 */
#ifndef TXPATH_ATTACH_PINS_H
#define TXPATH_ATTACH_PINS_H

#include "state/instance.h"
#include "probes/hooks.h"

int attach_pin_directories(const struct pins *pins, const struct instance *instance);

/* Writes the row of a fresh instance and pins its maps. */
int attach_pin_maps(const struct instance *instance);
void attach_unpin_maps(const struct instance *instance);

/*
 * Pins the links of probes under staged names, beside the old ones. Then either commits them, which
 * replaces the old pins and removes those of probes without a hook, or aborts.
 */
int attach_probe_links(const struct hook_set *hooks, const struct instance *instance);
int attach_commit_links(const struct hook_set *hooks, const struct instance *instance);
void attach_abort_links(const struct hook_set *hooks, const struct instance *instance);

#endif /* TXPATH_ATTACH_PINS_H */
