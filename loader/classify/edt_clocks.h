/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Rows of the map "edt_clocks". A class that has a rate before and after a file is loaded keeps
 * its row: packets that wait by its clock are not overtaken by those that come.
 */
#ifndef TXPATH_CLASSIFY_EDT_CLOCKS_H
#define TXPATH_CLASSIFY_EDT_CLOCKS_H

#include "classify/program.h"

/* before: what is loaded. Returns 0 or a negative errno, silent. */
int edt_clocks_assign(struct compiled *compiled, const struct loaded *before);

#endif /* TXPATH_CLASSIFY_EDT_CLOCKS_H */
