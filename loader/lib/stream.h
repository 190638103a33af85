/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Prints JSON while it is made. For txpath stats: its document has thousands of numbers for each
 * device, and json_objects would need a hundred times the memory of the counters.
 */
#ifndef TXPATH_LIB_STREAM_H
#define TXPATH_LIB_STREAM_H

#include <stdbool.h>

#include <linux/types.h>

/* All zero before the first member. */
struct stream {
	bool more; /* the next member is not the first one, so it needs a comma */
};

/* Begins an object '{' or an array '['. key: its key in the object around it; NULL in an array. */
void stream_open(struct stream *stream, const char *key, char bracket);

/* Ends an object '}' or an array ']'. */
void stream_close(struct stream *stream, char bracket);

void stream_text(struct stream *stream, const char *key, const char *text);
void stream_number(struct stream *stream, const char *key, __u64 number);

#endif /* TXPATH_LIB_STREAM_H */
