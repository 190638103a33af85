/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the programs of attached devices have to say as it happens: surprises, demotions. */
#ifndef TXPATH_EVENTS_H
#define TXPATH_EVENTS_H

#include <json-c/json.h>

#include "command.h"

struct ring_buffer;
struct event_source;

struct events {
	const struct options *options;
	struct ring_buffer *rings; /* NULL: there is none; owned */
	struct event_source *sources;
	int count;
};

/* Begins with zeros. How many namespaces are followed, or a negative errno, told. */
int events_follow(struct events *events, const struct options *options);
void events_stop(struct events *events);

/* "TIME NETNS DEV WHAT:" */
void event_head_text(struct json_object *object, const char *what);

#endif /* TXPATH_EVENTS_H */
