/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Basic types of all subsystems, and the uapi headers. */
#ifndef TXPATH_BPF_KERNEL_TYPES_H
#define TXPATH_BPF_KERNEL_TYPES_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

#pragma clang attribute pop

#define TXP_AF_INET 2
#define TXP_AF_INET6 10

#endif /* TXPATH_BPF_KERNEL_TYPES_H */
