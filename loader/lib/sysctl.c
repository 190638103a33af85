// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files below /proc/sys. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/sysctl.h"

#define LO_FORWARDING "/proc/sys/net/ipv4/conf/lo/forwarding"

#define CONNTRACK_LIBERAL "/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal"

static int read_switch(const char *path)
{
	char value;
	int ret;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	ret = read(fd, &value, 1) == 1 ? value != '0' : -EIO;
	close(fd);
	return ret;
}

int sysctl_lo_forwarding(void)
{
	return read_switch(LO_FORWARDING);
}

int sysctl_conntrack_liberal(void)
{
	return read_switch(CONNTRACK_LIBERAL);
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
