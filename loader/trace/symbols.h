/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names for addresses in the kernel, from /proc/kallsyms: where a packet was dropped. */
#ifndef TXPATH_TRACE_SYMBOLS_H
#define TXPATH_TRACE_SYMBOLS_H

#include <stddef.h>

#include <linux/types.h>

struct symbols;

/* The symbols are read at the first symbols_text(). NULL: no memory. */
struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/*
 * Writes "ip_forward+0x1c2", or the address if its symbol is not known, for example because the
 * kernel hides addresses (kernel.kptr_restrict). Returns text, which has size bytes.
 */
const char *symbols_text(struct symbols *symbols, __u64 address, char *text, size_t size);

#endif /* TXPATH_TRACE_SYMBOLS_H */
