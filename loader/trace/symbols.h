/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Addresses of the kernel's functions, from /proc/kallsyms. */
#ifndef TXPATH_TRACE_SYMBOLS_H
#define TXPATH_TRACE_SYMBOLS_H

#include <stddef.h>

#include <linux/types.h>

struct symbols;

/* Read when first asked; where the kernel hides addresses there are none. NULL: no memory. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/* "ip_forward+0x1c2", or the address where it is not known. Returns text, of size bytes. */
const char *symbols_text(struct symbols *symbols, __u64 address, char *text, size_t size);

#endif /* TXPATH_TRACE_SYMBOLS_H */
