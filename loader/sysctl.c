// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One file below /proc/sys, read and written. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sysctl.h"

#define LO_FORWARDING "/proc/sys/net/ipv4/conf/lo/forwarding"

int sysctl_lo_forwarding(void)
{
	char value;
	int ret;
	int fd;

	fd = open(LO_FORWARDING, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read(fd, &value, 1) == 1 ? value != '0' : -EIO;
	close(fd);
	return ret;
}

int sysctl_set_lo_forwarding(int value)
{
	int err = 0;
	int fd;

	fd = open(LO_FORWARDING, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value ? "1\n" : "0\n", 2) != 2)
		err = -errno;
	close(fd);
	return err;
}
