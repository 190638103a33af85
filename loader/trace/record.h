/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct txp_record as a document, and that as a line of text. */
#ifndef TXPATH_TRACE_RECORD_H
#define TXPATH_TRACE_RECORD_H

#include <json-c/json.h>

#include <txpath/trace.h>

#include "trace/names.h"
#include "trace/reason.h"
#include "trace/symbols.h"

/* What it takes to say it in words. Owned by the caller. */
struct record_words {
	struct place *places; /* may get another one */
	struct reasons *reasons;
	struct symbols *symbols;
};

/* Owned by the caller. */
struct json_object *record_json(const struct txp_record *record, struct record_words *words);

void record_text(struct json_object *record);

#endif /* TXPATH_TRACE_RECORD_H */
