/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sysctls of the network namespace that we are in. */
#ifndef TXPATH_LIB_SYSCTL_H
#define TXPATH_LIB_SYSCTL_H

/* net.ipv4.conf.lo.forwarding: the value, 0 or 1, or a negative errno. */
int sysctl_lo_forwarding(void);

/* value: 0 or 1. */
int sysctl_set_lo_forwarding(int value);

/*
 * net.netfilter.nf_conntrack_tcp_be_liberal: the value, 0 or 1, or a negative errno; -ENOENT: the
 * kernel has no conntrack.
 */
int sysctl_conntrack_liberal(void);

#endif /* TXPATH_LIB_SYSCTL_H */
