/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Events of attached devices, read from the ring buffer "events" of their network namespaces.
 * Surprises and demotions are always reported. Declines, mismatches and matched rules are frequent,
 * so programs report them only while a txpath trace requests them.
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
	struct ring_buffer *rings; /* owned; NULL: no namespace is followed */
	struct event_source *sources;
	int count;
	__u64 shown;
};

/*
 * Follows all namespaces with attached devices, or that of netns. events is all zero before.
 * Returns how many namespaces are followed, or a negative errno, logged. Afterwards: events_stop().
 */
int events_follow(struct events *events, const char *bpffs, const char *netns,
		  const struct txp_filter *filter);
void events_stop(struct events *events);

/*
 * Requests the frequent events until that time (CLOCK_MONOTONIC; 0: ends the request). event_ns:
 * the least time between two such events of one CPU, which limits their rate.
 */
void events_request(const struct events *events, __u64 until_ns, __u64 event_ns);

/* Sums how many events all namespaces have limited and lost since their attach. */
void events_missed(const struct events *events, struct txp_event_ratelimit *sum);

/* Prints the head of an event's line: "TIME NETNS DEV WHAT:". */
void event_head_text(struct json_object *object, const char *what);

#endif /* TXPATH_TRACE_EVENTS_H */
