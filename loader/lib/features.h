/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What this kernel has, found out by trying. */
#ifndef TXPATH_LIB_FEATURES_H
#define TXPATH_LIB_FEATURES_H

#include <stdbool.h>

#include <linux/types.h>

#include <txpath/abi.h>

bool feature_btf(void);

/* bpf_cast_to_kern_ctx: a TC program can read the kernel's own packet. */
bool feature_kernel_context(void);

/* BPF_FIB_LOOKUP_MARK if bpf_fib_lookup takes it, else 0. */
__u32 feature_fib_mark(void);

/* Fills the addresses in it from /proc/kallsyms; 0 for what is not there or hidden. */
void feature_symbols(struct txp_instance *row);

#endif /* TXPATH_LIB_FEATURES_H */
