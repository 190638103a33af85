/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network devices of the network namespace that we are in. */
#ifndef TXPATH_LIB_DEVICE_H
#define TXPATH_LIB_DEVICE_H

#include <stdbool.h>

#include <net/if.h>

#include <linux/if_ether.h>
#include <linux/types.h>

struct device {
	int ifindex;
	__u32 l2_len; /* bytes before the IP header at TC egress */
	__u8 mac[ETH_ALEN];
	char name[IFNAMSIZ];
};

/*
 * Looks a device up by name. -ENODEV: there is no such device; -EPROTONOSUPPORT: its link type is
 * not supported, because it is not known where its packets' IP header begins. Errors are logged.
 */
int device_find(const char *name, struct device *device);

/*
 * Writes the present name of the device with that index (IFNAMSIZ bytes). Returns false if there is
 * no such device. socket: from device_socket(); one socket serves any number of look-ups.
 */
bool device_name(int socket, int ifindex, char *name);

/* Opens a socket for device_name() in the namespace that we are in. Returns it, or a negative
 * errno. */
int device_socket(void);

#endif /* TXPATH_LIB_DEVICE_H */
