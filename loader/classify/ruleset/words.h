/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Single words of a file of rules. */
#ifndef TXPATH_CLASSIFY_RULESET_WORDS_H
#define TXPATH_CLASSIFY_RULESET_WORDS_H

#include <stdbool.h>

#include "classify/ruleset/ruleset.h"

/* N or N-M. Returns 0, -EINVAL, -ERANGE (more than max) or -EDOM (upside down). */
int word_range(const char *text, __u32 max, struct range *range);

/* Numbers by name. */
bool word_dscp(const char *text, __u32 *dscp);
bool word_protocol(const char *text, __u32 *protocol);
bool word_user(const char *text, __u32 *uid);

/* Bits 1 << enum txp_class_family, 1 << enum txp_direction; 0: neither. */
__u8 word_family(const char *text);
__u8 word_direction(const char *text);

/* MAJOR:MINOR in hexadecimal, as tc(8) writes it, to a handle. */
bool word_tc(const char *text, __u32 *handle);

/*
 * A rate as tc(8) writes it, to bytes in a second. Returns 0, -EINVAL, or -ERANGE: it is less than
 * a byte, or its bits are more than 64 bits count.
 */
int word_rate(const char *text, __u64 *rate);

/* Letters, digits, '.', '_' and '-', at least one. */
bool word_is_name(const char *text);

#endif /* TXPATH_CLASSIFY_RULESET_WORDS_H */
