/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs of bpf/watch.bpf.c at the best hooks that this kernel gives, for as long as a
 * command runs. Nothing is pinned: however the command ends, the kernel takes them away.
 */
#ifndef TXPATH_WATCH_LOADER_H
#define TXPATH_WATCH_LOADER_H

#include <stdbool.h>

#include <json-c/json.h>

#include <txpath/watch.h>

#include "command.h"
#include "station.h"

#define WATCH_LINKS_MAX 64

struct watch_station {
	enum txp_watch_kind got;
	int err; /* why the best hook was refused: -errno, 0: it was not */
};

struct watch {
	__u32 stations;		    /* bit per enum txp_station that is to be seen */
	__u32 ifindex;		    /* of the filter's device; 0: of any */
	bool asks_packet;	    /* txp_asks_packet */
	struct bpf_object *object;  /* owned */
	int links[WATCH_LINKS_MAX]; /* owned descriptors, by the row of watch_hooks; -1: none */
	bool used[WATCH_LINKS_MAX]; /* was attached, also when it is not any more */
	int consume_link;
	struct watch_station station[TXP_STATION_COUNT];
};

/*
 * A word of the command line: station=NAME sets a bit of the context, a __u32 of stations. As other
 * of filter_parse.
 */
int watch_parse_station(const char *word, void *context);

/*
 * Attaches to each station of stations (0: to all that the filter's packets can pass). Errors have
 * been told; a station without a hook
 * is none. The namespace that we are in is the one whose netfilter is asked, if the filter names
 * one, and where its device is.
 */
int watch_open(struct watch *watch, const struct txp_watch *settings, __u32 stations);

/* Nothing more is seen; the maps can still be read. */
void watch_stop(struct watch *watch);

void watch_close(struct watch *watch);

/* The descriptor of a map of the programs', not owned. */
int watch_map(const struct watch *watch, const char *name);

/* How many stations are seen, and "watching ..." for the operator. */
int watch_count(const struct watch *watch);
void watch_announce(const struct watch *watch, const char *verb);

/*
 * Announces it, and until a signal ends it calls show with each interval that -i gave, and once
 * more. show returns a negative errno, told, which ends it.
 */
int watch_run(const struct watch *watch, const char *verb, const struct options *options,
	      int (*show)(const struct options *options, void *context), void *context);

/* Sums the map "shortcomings". Negative errno. */
int watch_shortcomings(const struct watch *watch, struct txp_shortcomings *sum);

/* A row for each station: wanted, got, errno, missed, unobservable. Owned by the caller. */
struct json_object *watch_hooks_json(const struct watch *watch);

/* What is not seen, one line a station, to stdout. */
void watch_hooks_text(struct json_object *hooks);

#endif /* TXPATH_WATCH_LOADER_H */
