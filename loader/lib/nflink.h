/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* BPF programs at netfilter hooks (since Linux 6.4) of the namespace that we are in. */
#ifndef TXPATH_LIB_NFLINK_H
#define TXPATH_LIB_NFLINK_H

/* The headers of Debian 12 are older. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_NETFILTER 45

/*
 * family: NFPROTO_x; hook: NF_INET_x. The program runs before all others at the hook. Returns a
 * link, owned by the caller, or a negative errno.
 */
int nflink_attach(int prog_fd, unsigned int family, unsigned int hook);

#endif /* TXPATH_LIB_NFLINK_H */
