/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Parses single words of a file of rules. None of these functions reports anything: the reader
 * knows the line and the key.
 */
#ifndef TXPATH_CLASSIFY_RULESET_WORDS_H
#define TXPATH_CLASSIFY_RULESET_WORDS_H

#include <stdbool.h>

#include "classify/ruleset/ruleset.h"

/* N or N-M. Returns 0, -EINVAL, -ERANGE (more than max) or -EDOM (M is less than N). */
int word_range(const char *text, __u32 max, struct range *range);

/* Names of numbers. Return false if the name is not known. */
bool word_dscp(const char *text, __u32 *dscp);
bool word_protocol(const char *text, __u32 *protocol);
bool word_user(const char *text, __u32 *uid);

/* Return the bit 1 << enum txp_class_family, 1 << enum txp_direction; 0: neither name. */
__u8 word_family(const char *text);
__u8 word_direction(const char *text);

/* Parses MAJOR:MINOR in hexadecimal, as tc(8) writes it, to MAJOR << 16 | MINOR. */
bool word_tc(const char *text, __u32 *handle);

/*
 * Parses a rate as tc(8) writes it, to bytes in a second. Returns 0, -EINVAL, or -ERANGE: it is
 * less than one byte, or its bits in a second do not fit in 64 bits.
 */
int word_rate(const char *text, __u64 *rate);

/* Letters, digits, '.', '_' and '-', at least one. */
bool word_is_name(const char *text);

#endif /* TXPATH_CLASSIFY_RULESET_WORDS_H */
