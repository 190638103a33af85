/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Loads the part of YAML that a file of rules may use: one document that is a plain tree of bounded
 * size. An operator may load a file that someone else wrote, so its cost must be bounded too.
 */
#ifndef TXPATH_CLASSIFY_RULESET_YAML_H
#define TXPATH_CLASSIFY_RULESET_YAML_H

#include <yaml.h>

#include "classify/ruleset/errors.h"

#define YAML_TEXT_MAX (16 << 20) /* bytes */

/*
 * Refuses anchors, aliases, tags, and deeper nesting than a file of rules needs. Returns true if
 * the document was loaded and has a root; otherwise errors says why. After true the document owns
 * memory: yaml_document_delete().
 */
bool yaml_text_load(const char *text, size_t size, struct errors *errors,
		    yaml_document_t *document);

/* The line of a node, counted from 1. */
int yaml_node_line(const yaml_node_t *node);

#endif /* TXPATH_CLASSIFY_RULESET_YAML_H */
