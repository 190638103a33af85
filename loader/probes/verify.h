/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The probes that attached devices use, for the engine of hooks.h: programs of
 * bpf/verify/probes.bpf.c, which share the maps of their instance. Each probe has one hook of a
 * kind, and its link can be pinned.
 */
#ifndef TXPATH_PROBES_VERIFY_H
#define TXPATH_PROBES_VERIFY_H

#include "probes/hooks.h"

/* hook_set.context of verify_hooks. */
struct verify_hooks_context {
	struct map_set *maps; /* not owned */
	__u32 epoch;	      /* txp_instance.epoch under which the programs work */
	__u64 netns;
};

extern const struct hook_user verify_hooks;

/*
 * Does this kernel take the hook? Loads and attaches it for a moment, in the namespace that we are
 * in, under an epoch that no instance has: it sees nothing. 0 or a negative errno, not logged.
 */
int probe_hook_try(const struct probe_hook *hook, struct map_set *maps);

#endif /* TXPATH_PROBES_VERIFY_H */
