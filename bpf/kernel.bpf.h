/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every kernel structure that txpath relies on, with only the members it reads, a file for each
 * subsystem. Offsets are relocated at load time (CO-RE), so members may stand in any order and
 * inside any anonymous struct of the running kernel. A type with a ___suffix is one kernel
 * generation's view. TXP_ constants are those that no uapi header gives.
 */
#ifndef TXPATH_KERNEL_BPF_H
#define TXPATH_KERNEL_BPF_H

#include "kernel_types.bpf.h"	  /* what all of them are made of */
#include "kernel_read.bpf.h"	  /* KERNEL_READ, and the clock */
#include "kernel_netns.bpf.h"	  /* a namespace's settings and generations */
#include "kernel_netfilter.bpf.h" /* hooks, conntrack, nf_tables */
#include "kernel_device.bpf.h"	  /* and the VLAN devices above one */
#include "kernel_tc.bpf.h"	  /* TCX, clsact, queues, qdiscs */
#include "kernel_neighbour.bpf.h"
#include "kernel_route.bpf.h"
#include "kernel_sock.bpf.h"
#include "kernel_cork.bpf.h" /* what those are given who build a header */
#include "kernel_skb.bpf.h"

#endif /* TXPATH_KERNEL_BPF_H */
