/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of bpf/trace/trace.bpf.c at the best hooks that this kernel gives, for as long as a
 * command runs. Nothing is pinned: however the command ends, the kernel takes them away.
 */
#ifndef TXPATH_PROBES_SESSION_H
#define TXPATH_PROBES_SESSION_H

#include <stdbool.h>

#include <json-c/json.h>

#include <txpath/trace.h>

#include "probes/hooks.h"

struct options;

struct session {
	struct txp_trace_config config;
	struct hook_set hooks;
	struct bpf_object *object; /* owned; NULL: not open */
	int consume_fd;		   /* program that runs at no probe, -1: none */
	int consume_link;
};

/*
 * A word of the command line: probe=NAME sets a bit of the context, a __u32 of probes. As other
 * of filter_parse.
 */
int session_parse_probe(const char *word, void *context);

/*
 * Attaches to each probe of probes (0: to all that the filter's packets can pass). Errors have
 * been told; a probe without a hook
 * is none. The namespace that we are in is the one whose netfilter is asked, if the filter names
 * one, and where its device is.
 */
int session_open(struct session *session, const struct txp_trace_config *settings, __u32 probes);

/* Nothing more is seen; the maps can still be read. */
void session_stop(struct session *session);

void session_close(struct session *session);

/* The descriptor of a map of the programs', not owned. */
int session_map(const struct session *session, const char *name);

/* How many probes are seen, and "watching ..." for the operator. */
int session_count(const struct session *session);
void session_announce(const struct session *session, const char *verb);

/*
 * Announces it, and until a signal ends it calls show with each interval that -i gave, and once
 * more. show returns a negative errno, told, which ends it.
 */
int session_run(const struct session *session, const char *verb, const struct options *options,
		int (*show)(const struct options *options, void *context), void *context);

/* Sums the map "loss_stats". Negative errno. */
int session_loss_stats(const struct session *session, struct txp_loss_stats *sum);

/* A row for each probe: wanted, got, errno, missed, unobservable. Owned by the caller. */
struct json_object *session_hooks_json(const struct session *session);

/* What is not seen, one line a probe, to stdout. */
void session_hooks_text(struct json_object *hooks);

#endif /* TXPATH_PROBES_SESSION_H */
