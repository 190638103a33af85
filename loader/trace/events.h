/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the programs of attached devices have to say as it happens: surprises,
 * demotions, and while somebody asks for them declines and mismatches.
 */
#ifndef TXPATH_TRACE_EVENTS_H
#define TXPATH_TRACE_EVENTS_H

#include <json-c/json.h>

#include <txpath/abi.h>
#include <txpath/trace.h>

struct ring_buffer;
struct event_source;

struct events {
	const struct txp_filter *filter;
	struct ring_buffer *rings; /* NULL: there is none; owned */
	struct event_source *sources;
	int count;
	__u64 shown;
};

/* Begins with zeros. How many namespaces are followed, or a negative errno, told. */
int events_follow(struct events *events, const char *bpffs, const char *netns,
		  const struct txp_filter *filter);
void events_stop(struct events *events);

/*
 * Until then (CLOCK_MONOTONIC) declines and mismatches are events too, each for event_ns of a CPU's
 * second. 0: no more.
 */
void events_ask(const struct events *events, __u64 until_ns, __u64 event_ns);

/* limited and lost of all, ever. */
void events_missed(const struct events *events, struct txp_event_ratelimit *sum);

/* "TIME NETNS DEV WHAT:" */
void event_head_text(struct json_object *object, const char *what);

#endif /* TXPATH_TRACE_EVENTS_H */
