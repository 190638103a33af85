/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which entry of the map "edt_clocks" each class with a rate uses. The entry holds the departure
 * time of the class's last packet. A class that the old and the new file both have keeps its entry:
 * otherwise new packets would depart before those that already wait in the qdisc.
 */
#ifndef TXPATH_CLASSIFY_EDT_CLOCKS_H
#define TXPATH_CLASSIFY_EDT_CLOCKS_H

#include "classify/compile/compile.h"
#include "classify/loaded_rules.h"

/* Fills in the clocks of compiled's actions. before: the rules in force. Negative errno, silent. */
int edt_clocks_assign(struct compiled *compiled, const struct loaded_rules *before);

#endif /* TXPATH_CLASSIFY_EDT_CLOCKS_H */
