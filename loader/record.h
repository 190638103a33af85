/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* struct txp_record as a document, and that as a line of text. */
#ifndef TXPATH_RECORD_H
#define TXPATH_RECORD_H

#include <json-c/json.h>

#include <txpath/watch.h>

#include "place.h"
#include "reason.h"

/* Owned by the caller. places may get another one. */
struct json_object *record_json(const struct txp_record *record, struct place **places,
				const struct reasons *reasons);

void record_text(struct json_object *record);

#endif /* TXPATH_RECORD_H */
