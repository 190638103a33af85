/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet's record (struct txp_record) as JSON, and that JSON as a line of text. */
#ifndef TXPATH_TRACE_RECORD_H
#define TXPATH_TRACE_RECORD_H

#include <json-c/json.h>

#include <txpath/trace.h>

#include "trace/names.h"
#include "trace/reason.h"
#include "trace/symbols.h"

/* Tables of names that records need. Owned by the caller. */
struct record_words {
	struct device_names *devices; /* record_json() may add to it */
	struct reasons *reasons;
	struct symbols *symbols;
};

/* The result is owned by the caller. */
struct json_object *record_json(const struct txp_record *record, struct record_words *words);

/* Prints a record_json() without its time, namespace, device and probe. */
void record_text(struct json_object *record);

#endif /* TXPATH_TRACE_RECORD_H */
