/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A BPF program at a netfilter hook (Linux 6.4) of the namespace that we are in. */
#ifndef TXPATH_LIB_NFLINK_H
#define TXPATH_LIB_NFLINK_H

/* Newer than the headers of Debian 12. */
#define PROG_TYPE_NETFILTER 32
#define ATTACH_NETFILTER 45

/*
 * family: NFPROTO_x; hook: NF_INET_x. Ahead of whatever else is there. Returns the link, which the
 * caller owns, or a negative errno.
 */
int nflink_attach(int prog_fd, unsigned int family, unsigned int hook);

#endif /* TXPATH_LIB_NFLINK_H */
