/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel has, found out by trying. */
#ifndef TXPATH_PROBE_H
#define TXPATH_PROBE_H

#include <stdbool.h>

#include <linux/types.h>

#include <txpath/abi.h>

bool probe_btf(void);

/* bpf_cast_to_kern_ctx: a TC program can read the kernel's own packet. */
bool probe_kernel_context(void);

/* BPF_FIB_LOOKUP_MARK if bpf_fib_lookup takes it, else 0. */
__u32 probe_fib_mark(void);

/* Fills the addresses in it from /proc/kallsyms; 0 for what is not there or hidden. */
void probe_symbols(struct txp_instance *row);

#endif /* TXPATH_PROBE_H */
