// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BPF_LINK_CREATE for netfilter by hand: libbpf 1.1, of Debian 12, does not know it. */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "lib/nflink.h"

/*
 * The kernel takes one BPF program for each priority, and refuses INT_MIN
 * (bpf_nf_check_pf_and_hooks). While an attach replaces a program, the old one still has the first
 * priority.
 */
#define PRIORITY (INT_MIN + 1)
#define TRIES 16

/* bpf_attr.link_create of Linux 6.4. */
struct netfilter_link {
	__u32 prog_fd;
	__u32 target_fd;
	__u32 attach_type;
	__u32 flags;
	__u32 pf;
	__u32 hook;
	__s32 priority;
	__u32 netfilter_flags;
};

int nflink_attach(int prog_fd, unsigned int family, unsigned int hook)
{
	struct netfilter_link link = {
		.prog_fd = prog_fd,
		.attach_type = ATTACH_NETFILTER,
		.pf = family,
		.hook = hook,
		.priority = PRIORITY,
	};
	int fd, i;

	for (i = 0; i < TRIES; i++, link.priority++) {
		fd = syscall(__NR_bpf, BPF_LINK_CREATE, &link, sizeof(link));
		if (fd >= 0 || errno != EBUSY)
			break;
	}
	return fd < 0 ? -errno : fd;
}
