/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Features of the running kernel. They are tested, because distributions backport features. */
#ifndef TXPATH_LIB_FEATURES_H
#define TXPATH_LIB_FEATURES_H

#include <stdbool.h>

#include <linux/types.h>

#include <txpath/abi.h>

/* Does the kernel provide its BTF? */
bool feature_btf(void);

/* Does it have bpf_cast_to_kern_ctx(), with which a TC program can read the kernel's sk_buff? */
bool feature_kernel_context(void);

/* BPF_FIB_LOOKUP_MARK if bpf_fib_lookup() accepts that flag, otherwise 0. */
__u32 feature_fib_mark(void);

/* Fills in the addresses of kernel functions from /proc/kallsyms; 0: missing or hidden. */
void feature_symbols(struct txp_instance *row);

#endif /* TXPATH_LIB_FEATURES_H */
