/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What an attach pins for a namespace. Errors have been told, as negative errno; nothing is left of
 * what failed but directories.
 */
#ifndef TXPATH_ATTACH_PINS_H
#define TXPATH_ATTACH_PINS_H

#include "state/instance.h"
#include "probes/hooks.h"

int attach_pin_directories(const struct pins *pins, const struct instance *instance);

/* The maps of a fresh instance, its row written first. */
int attach_pin_maps(const struct instance *instance);
void attach_unpin_maps(const struct instance *instance);

/*
 * The links of probes, beside those that are pinned, then in their place. Committed, the pins of
 * probes that lost their hook go. Exactly one of them ends what is staged.
 */
int attach_probe_links(const struct hook_set *hooks, const struct instance *instance);
int attach_commit_links(const struct hook_set *hooks, const struct instance *instance);
void attach_abort_links(const struct hook_set *hooks, const struct instance *instance);

#endif /* TXPATH_ATTACH_PINS_H */
