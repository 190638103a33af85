/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The arguments of the functions that build a header: the flow, and the options of a message. */
#ifndef TXPATH_BPF_KERNEL_CORK_H
#define TXPATH_BPF_KERNEL_CORK_H

#include "kernel/types.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct flowi_common {
	__u8 flowic_scope;
	__u8 flowic_proto;
};

struct flowi_ports {
	__be16 dport;
	__be16 sport;
};

union flowi_uli {
	struct flowi_ports ports;
};

struct flowi4 {
	struct flowi_common __fl_common;
	__be32 saddr;
	__be32 daddr;
	union flowi_uli uli;
};

struct flowi6 {
	struct flowi_common __fl_common;
	struct in6_addr daddr;
	struct in6_addr saddr;
	union flowi_uli uli;
};

struct flowi;

struct inet_cork {
	unsigned int flags;
	struct ip_options *opt;
	struct dst_entry *dst;
	__u8 ttl;
	__s16 tos;
	__u32 mark;
};

struct inet_cork___wide_priority {
	__u32 priority;
};

struct inet_cork___char_priority {
	char priority;
};

struct inet_cork_full {
	struct inet_cork base;
	struct {
		union {
			struct flowi6 ip6;
		} u;
	} fl;
};

/* The priority of a message can be set by SO_PRIORITY cmsg where this exists (6.14). */
struct sockcm_cookie___priority {
	__u32 priority;
};

#pragma clang attribute pop

#define TXP_IPCORK_OPT 1

#endif /* TXPATH_BPF_KERNEL_CORK_H */
