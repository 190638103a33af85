/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of documents that several commands show. */
#ifndef TXPATH_REPORT_H
#define TXPATH_REPORT_H

#include "attachment.h"

/* {"devices":[...],"hooks":[...]}, empty; and what an instance adds to it. Errors told. */
struct json_object *status_document(void);
int status_add(struct json_object *document, const struct instance *instance);
int status_text(struct json_object *document);

/* Was the device asked for? No argument: every one. */
bool device_selected(const struct options *options, const struct attachment *attachment);

/* The error of a command that found no device to show. Returns -ENOENT. */
int nothing_attached(const struct options *options);

#endif /* TXPATH_REPORT_H */
