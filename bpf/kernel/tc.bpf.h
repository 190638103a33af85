/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Behind a device's hooks: BPF programs, filters, queues and qdiscs. */
#ifndef TXPATH_BPF_KERNEL_TC_H
#define TXPATH_BPF_KERNEL_TC_H

#include "kernel/types.bpf.h"

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

/* TCX, 6.6: the programs of a hook, and behind them what clsact has. */
struct bpf_mprog_fp {
	struct bpf_prog *prog;
};

struct bpf_mprog_bundle;

struct bpf_mprog_entry {
	struct bpf_mprog_fp fp_items[64];
	struct bpf_mprog_bundle *parent;
};

struct bpf_mprog_bundle {
	struct bpf_mprog_entry a;
	atomic64_t revision; /* another one with each change, before it is acknowledged */
};

/* clsact: the filters of a hook; root is the filter's own, of cls_bpf a struct list_head. */
struct tcf_proto {
	struct tcf_proto *next;
	void *root;
};

struct mini_Qdisc {
	struct tcf_proto *filter_list;
};

struct tcx_entry {
	struct mini_Qdisc *miniq;
	struct bpf_mprog_bundle bundle;
};

struct Qdisc_ops {
	char id[16];
};

struct Qdisc {
	const struct Qdisc_ops *ops;
};

struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;
};

#pragma clang attribute pop

#define TXP_TC_ACT_UNSPEC (-1) /* TCX_NEXT: whoever is behind us sees the packet too */

#endif /* TXPATH_BPF_KERNEL_TC_H */
