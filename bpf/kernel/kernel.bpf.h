/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every kernel structure that txpath relies on, with only the members it reads, a file for each
 * subsystem. Offsets are relocated at load time (CO-RE), so members may stand in any order and
 * inside any anonymous struct of the running kernel. A type with a ___suffix is one kernel
 * generation's view. TXP_ constants are those that no uapi header gives.
 */
#ifndef TXPATH_BPF_KERNEL_KERNEL_H
#define TXPATH_BPF_KERNEL_KERNEL_H

#include "kernel/types.bpf.h"	  /* types that all others use */
#include "kernel/read.bpf.h"	  /* KERNEL_READ, and the clock */
#include "kernel/netns.bpf.h"	  /* a namespace's settings and generations */
#include "kernel/netfilter.bpf.h" /* hooks, conntrack, nf_tables */
#include "kernel/device.bpf.h"	  /* and the VLAN devices above one */
#include "kernel/tc.bpf.h"	  /* TCX, clsact, queues, qdiscs */
#include "kernel/neighbour.bpf.h"
#include "kernel/route.bpf.h"
#include "kernel/sock.bpf.h"
#include "kernel/cork.bpf.h" /* arguments of those that build a header */
#include "kernel/skb.bpf.h"

#endif /* TXPATH_BPF_KERNEL_KERNEL_H */
