/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a class does to a packet, in words. */
#ifndef TXPATH_LIB_ACTION_H
#define TXPATH_LIB_ACTION_H

#include <txpath/classify.h>

#define ACTION_TEXT_MAX 128

/* "dscp 46, priority 6"; "nothing" if it changes nothing. Returns text, of ACTION_TEXT_MAX bytes.
 */
const char *action_text(const struct txp_class *action, char *text);

#endif /* TXPATH_LIB_ACTION_H */
