/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parts of txpath classify. */
#ifndef TXPATH_CMD_CLASSIFY_SHOW_H
#define TXPATH_CMD_CLASSIFY_SHOW_H

#include <json-c/json.h>

#include <txpath/abi.h>

#include "cmd/command.h"

/* txpath classify show: returns an enum exit_code. */
int classify_show(const struct options *options);

/* A rule as show and test print it, owned by the caller. hits: NULL, none are shown. */
struct json_object *classify_rule_json(const struct txp_class_name *name,
				       const struct txp_class *action,
				       const struct txp_tally *hits);

#endif /* TXPATH_CMD_CLASSIFY_SHOW_H */
