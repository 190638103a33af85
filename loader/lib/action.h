/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The action of a class of txpath classify as text. */
#ifndef TXPATH_LIB_ACTION_H
#define TXPATH_LIB_ACTION_H

#include <txpath/classify.h>

#define ACTION_TEXT_MAX 128

/* "dscp 46, priority 6", or "nothing". Returns text, which has ACTION_TEXT_MAX bytes. */
const char *action_text(const struct txp_class *action, char *text);

#endif /* TXPATH_LIB_ACTION_H */
