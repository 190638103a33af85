/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The document of txpath status, which txpath attach -j shows too. */
#ifndef TXPATH_CMD_STATUS_H
#define TXPATH_CMD_STATUS_H

#include <json-c/json.h>

#include "state/instance.h"

/*
 * {"devices":[],"hooks":[],"knobs":[]}; and what an instance adds to it. Errors have been logged.
 */
struct json_object *status_document(void);
int status_add(struct json_object *document, const struct instance *instance);

#endif /* TXPATH_CMD_STATUS_H */
