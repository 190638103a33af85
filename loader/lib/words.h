/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of what include/txpath numbers, as an operator reads and writes them. */
#ifndef TXPATH_LIB_WORDS_H
#define TXPATH_LIB_WORDS_H

#include <stddef.h>

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

/* Lists of words: one string, the words separated by a space. The place of a word; -1: none. */
int words_find(const char *words, const char *text);

/* The word at that place; "" beyond the last. Returns text, of size bytes. */
const char *words_at(const char *words, size_t place, char *text, size_t size);

/* "auto, on or off". Returns text, of size bytes. */
const char *words_or(const char *words, char *text, size_t size);

#endif /* TXPATH_LIB_WORDS_H */
