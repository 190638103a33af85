/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a packet was dropped, and what a driver said, in the kernel's own words. */
#ifndef TXPATH_TRACE_REASON_H
#define TXPATH_TRACE_REASON_H

#include <linux/types.h>

#define REASON_TEXT_MAX 64

struct reasons;

/*
 * The names that this kernel has for its drop reasons (5.17), read from its BTF when one is asked
 * for. NULL: no memory.
 */
struct reasons *reasons_new(void);
void reasons_free(struct reasons *reasons);

/*
 * code as in struct txp_count_key. "" for what is ordinary; the number where there is no name.
 * Returns text, of REASON_TEXT_MAX bytes.
 */
const char *code_text(struct reasons *reasons, __u16 probe, __u16 code, char *text);

#endif /* TXPATH_TRACE_REASON_H */
