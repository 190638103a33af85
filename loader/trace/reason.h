/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's names for drop reasons and for the return values of drivers. */
#ifndef TXPATH_TRACE_REASON_H
#define TXPATH_TRACE_REASON_H

#include <linux/types.h>

#define REASON_TEXT_MAX 64

struct reasons;

/*
 * Drop reasons have other numbers in each kernel, so their names are read from the running kernel's
 * BTF, when the first one is needed. Kernels before 5.17 have none. NULL: no memory.
 */
struct reasons *reasons_new(void);
void reasons_free(struct reasons *reasons);

/*
 * Names a code (struct txp_count_key) of a probe. "": the usual code; a number: the code has no
 * name. Returns text, which has REASON_TEXT_MAX bytes.
 */
const char *code_text(struct reasons *reasons, __u16 probe, __u16 code, char *text);

#endif /* TXPATH_TRACE_REASON_H */
