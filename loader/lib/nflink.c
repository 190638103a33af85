// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* BPF_LINK_CREATE for netfilter: libbpf 1.1 does not know it. */
#include <errno.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/bpf.h>

#include "lib/nflink.h"

/*
 * The kernel takes one BPF program per priority, one that is being replaced may hold the first, and
 * the very first it refuses.
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
