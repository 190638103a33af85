/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For each station but egress, the best hook that this kernel gives: tried by loading and
 * attaching, never by version. A refusal costs only the rung that was refused.
 */
#ifndef TXPATH_LADDER_H
#define TXPATH_LADDER_H

#include "object.h"
#include "stage.h"

struct ladder_step {
	const struct rung *rung; /* that we stand on, NULL: below the last */
	int prog_fd;		 /* -1: none of its own: see rung_host() */
	int link_fd;		 /* -1: not attached */
	int best_errno;		 /* why the best rung was refused, 0: it was not */
	bool left_out;		 /* netfilter would have loaded */
};

struct ladder {
	__u32 epoch;
	__u64 netns;
	bool netfilter;	      /* may it be used? */
	__u32 unneeded;	      /* bit per enum txp_stage that is to stay without a hook */
	struct map_set *maps; /* not owned */
	struct ladder_step step[TXP_STAGE_COUNT];
};

/*
 * Loads what loads. The caller has set epoch, netns, netfilter, unneeded and maps. Nothing is
 * attached yet. -EINTR: a signal wants us to end. Owns descriptors, also then: ladder_close().
 */
int ladder_load(struct ladder *ladder);

/* Attaches what attaches, netfilter last, in the namespace that we are in. */
void ladder_attach(struct ladder *ladder);

void ladder_close(struct ladder *ladder);

/* One rung by itself. Both return a new descriptor or a negative errno. */
int rung_load(const struct rung *rung, struct map_set *maps, __u32 epoch, __u64 netns);
int rung_attach(const struct rung *rung, int prog_fd);

/* Could it be attached? It is for a moment, and silent. */
int rung_try(const struct rung *rung, struct map_set *maps);

#endif /* TXPATH_LADDER_H */
