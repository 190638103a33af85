/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A session of the commands probes, latency and trace: the programs of bpf/trace/trace.bpf.c at the
 * best hooks of this kernel, while the command runs. Nothing is pinned, so the kernel removes them
 * however the command ends.
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
 * For filter_parse(): the word probe=NAME sets the bit of that probe in *context, a __u32. Returns
 * an enum exit_code.
 */
int session_parse_probe(const char *word, void *context);

/*
 * Attaches the probes (0: all that packets of the filter can pass). A probe without a hook is no
 * error; none with a hook is. Errors have been logged. If the filter names a namespace or a device,
 * we must be in that namespace: netfilter and TC hooks are attached there.
 */
int session_open(struct session *session, const struct txp_trace_config *config, __u32 probes);

/* Detaches. The maps can still be read. */
void session_stop(struct session *session);

void session_close(struct session *session);

/* The descriptor of a map of the programs, owned by the session. */
int session_map(const struct session *session, const char *name);

/* How many probes have a hook; and a message that says so, which scripts can wait for. */
int session_count(const struct session *session);
void session_announce(const struct session *session, const char *verb);

/*
 * Announces the session, then calls show after each interval of -i until a signal comes, and once
 * at the end. A negative errno of show, which has logged it, ends it too.
 */
int session_run(const struct session *session, const char *verb, const struct options *options,
		int (*show)(const struct options *options, void *context), void *context);

/* Sums the map "loss_stats". Negative errno. */
int session_loss_stats(const struct session *session, struct txp_loss_stats *sum);

/* A row for each probe: wanted, got, errno, why, missed, unobservable. Owned by the caller. */
struct json_object *session_hooks_json(const struct session *session);

/* Prints a line for each probe that has no hook or that missed packets. */
void session_hooks_text(struct json_object *hooks);

#endif /* TXPATH_PROBES_SESSION_H */
