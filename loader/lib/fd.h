/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* File descriptors that may be absent: a negative number stands for none. */
#ifndef TXPATH_LIB_FD_H
#define TXPATH_LIB_FD_H

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Duplicates a descriptor. Returns the copy, owned by the caller, or a negative errno. */
static inline int fd_copy(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : copy;
}

static inline void fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
}

#endif /* TXPATH_LIB_FD_H */
