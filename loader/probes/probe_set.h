/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For each probe but egress, the best hook that this kernel gives: tried by loading and
 * attaching, never by version. A refusal costs only the fallback that was refused.
 */
#ifndef TXPATH_PROBES_PROBE_SET_H
#define TXPATH_PROBES_PROBE_SET_H

#include "state/object.h"
#include "state/probe_state.h"

struct probe_slot {
	const struct probe_hook *hook; /* that we stand on, NULL: below the last */
	int prog_fd;		       /* -1: none of its own: see probe_hook_host() */
	int link_fd;		       /* -1: not attached */
	int best_errno;		       /* why the best fallback was refused, 0: it was not */
	bool left_out;		       /* netfilter would have loaded */
};

struct probe_set {
	__u32 epoch;
	__u64 netns;
	bool netfilter;	      /* may it be used? */
	__u32 unneeded;	      /* bit per enum txp_probe that is to stay without a hook */
	struct map_set *maps; /* not owned */
	struct probe_slot step[TXP_PROBE_COUNT];
};

/*
 * Loads what loads. The caller has set epoch, netns, netfilter, unneeded and maps. Nothing is
 * attached yet. -EINTR: a signal wants us to end. Owns descriptors, also then: probe_set_close().
 */
int probe_set_load(struct probe_set *probe_set);

/* Attaches what attaches, netfilter last, in the namespace that we are in. */
void probe_set_attach(struct probe_set *probe_set);

void probe_set_close(struct probe_set *probe_set);

/* One fallback by itself. Both return a new descriptor or a negative errno. */
int probe_hook_load(const struct probe_hook *hook, struct map_set *maps, __u32 epoch, __u64 netns);
int probe_hook_attach(const struct probe_hook *hook, int prog_fd);

/* Could it be attached? It is for a moment, and silent. */
int probe_hook_try(const struct probe_hook *hook, struct map_set *maps);

#endif /* TXPATH_PROBES_PROBE_SET_H */
