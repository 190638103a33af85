/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What include/txpath numbers, in the words that an operator reads and writes. */
#ifndef TXPATH_LIB_WORDS_H
#define TXPATH_LIB_WORDS_H

#include <linux/types.h>

#include <txpath/abi.h>

/* "unknown" for a number without a name. */
const char *mode_name(__u32 mode);
const char *netfilter_name(__u32 netfilter);
const char *transit_name(__u32 transit);
const char *transit_meaning(__u32 transit);

const char *field_name(__u32 field);

#define FIELD_VALUE_MAX 32

/* A value of struct txp_example as an operator writes it; text has FIELD_VALUE_MAX bytes. */
void field_value_text(enum txp_field field, __u64 value, char *text);

/* What --netfilter was given; NULL: not given, decline. Returns an enum exit_code. */
int netfilter_parse(const char *text, enum txp_netfilter *netfilter);

#endif /* TXPATH_LIB_WORDS_H */
