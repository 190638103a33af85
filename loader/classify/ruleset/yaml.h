/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The part of YAML that files of rules are written in: one document, a tree, of a bounded size. */
#ifndef TXPATH_CLASSIFY_RULESET_YAML_H
#define TXPATH_CLASSIFY_RULESET_YAML_H

#include <yaml.h>

#include "classify/ruleset/errors.h"

#define YAML_TEXT_MAX (16 << 20) /* bytes */

/*
 * Anchors, aliases and tags are refused, and so is what nests deeper than any file of rules.
 * Returns true if the document is there, and has a root; otherwise errors says why. Owns memory:
 * yaml_document_delete().
 */
bool yaml_text_load(const char *text, size_t size, struct errors *errors,
		    yaml_document_t *document);

/* Counts from 1. */
int yaml_node_line(const yaml_node_t *node);

#endif /* TXPATH_CLASSIFY_RULESET_YAML_H */
