/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows of the map "class_paces". A class that has a rate before and after a file is loaded keeps
 * its row: packets that wait by its clock are not overtaken by those that come.
 */
#ifndef TXPATH_PACES_H
#define TXPATH_PACES_H

#include "classifier.h"

/* before: what is loaded. Returns 0 or a negative errno, silent. */
int paces_assign(struct compiled *compiled, const struct classified *before);

#endif /* TXPATH_PACES_H */
