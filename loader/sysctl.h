/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* net.ipv4.conf.lo.forwarding of the namespace that we are in. */
#ifndef TXPATH_SYSCTL_H
#define TXPATH_SYSCTL_H

/* Returns the value, 0 or 1, or a negative errno. */
int sysctl_lo_forwarding(void);

/* value: 0 or 1. */
int sysctl_set_lo_forwarding(int value);

#endif /* TXPATH_SYSCTL_H */
