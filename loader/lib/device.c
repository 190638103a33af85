// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Looks devices up with ioctls, which need no netlink dump of all devices. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <net/if_arp.h>

#include "lib/device.h"
#include "lib/log.h"

#ifndef ARPHRD_RAWIP
#define ARPHRD_RAWIP 519 /* glibc lacks it */
#endif

/* Link types whose packets begin, at TC egress, with an Ethernet header or with the IP header. */
static int link_header_length(unsigned short type)
{
	switch (type) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return ETH_HLEN;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_PPP:
	case ARPHRD_TUNNEL:
	case ARPHRD_TUNNEL6:
	case ARPHRD_SIT:
		return 0;
	}
	return -EPROTONOSUPPORT;
}

static int device_type(int fd, const char *name, struct ifreq *request)
{
	if (strlen(name) >= sizeof(request->ifr_name))
		return -ENODEV;
	strcpy(request->ifr_name, name);
	return ioctl(fd, SIOCGIFHWADDR, request) ? -errno : 0;
}

int device_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

bool device_name(int socket, int ifindex, char *name)
{
	struct ifreq request = { .ifr_ifindex = ifindex };

	if (ioctl(socket, SIOCGIFNAME, &request))
		return false;
	snprintf(name, IFNAMSIZ, "%s", request.ifr_name);
	return true;
}

int device_find(const char *name, struct device *device)
{
	struct ifreq request = { 0 };
	int fd, err, length;

	fd = device_socket();
	if (fd < 0)
		return log_errno(fd, "%s: opening a socket", name);
	err = device_type(fd, name, &request);
	if (err) {
		log_errno(err, "%s: looking the device up", name);
		goto close_socket;
	}
	length = link_header_length(request.ifr_hwaddr.sa_family);
	memcpy(device->mac, request.ifr_hwaddr.sa_data, sizeof(device->mac));
	if (length < 0) {
		err = length;
		log_error(
			"%s: link type %d is not supported: it is not known where the IP header begins",
			name, request.ifr_hwaddr.sa_family);
		goto close_socket;
	}
	if (ioctl(fd, SIOCGIFINDEX, &request)) {
		err = log_errno(-errno, "%s: reading the index of the device", name);
		goto close_socket;
	}
	device->ifindex = request.ifr_ifindex;
	device->l2_len = length;
	snprintf(device->name, sizeof(device->name), "%s", name);
close_socket:
	close(fd);
	return err;
}
