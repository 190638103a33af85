/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * JSON that is printed as it is made: of a document with thousands of numbers for each device,
 * which as json_objects would take a hundred times the memory of the counters themselves.
 */
#ifndef TXPATH_LIB_STREAM_H
#define TXPATH_LIB_STREAM_H

#include <stdbool.h>

#include <linux/types.h>

/* Zeros before the first member. */
struct stream {
	bool more; /* a member of the same object or array stands before the next one */
};

/* Begins an object '{' or an array '['. key: of the member that it is, NULL in an array. */
void stream_open(struct stream *stream, const char *key, char bracket);

/* Ends it: '}' or ']'. */
void stream_close(struct stream *stream, char bracket);

void stream_text(struct stream *stream, const char *key, const char *text);
void stream_number(struct stream *stream, const char *key, __u64 number);

#endif /* TXPATH_LIB_STREAM_H */
