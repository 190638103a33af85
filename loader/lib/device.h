/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Network devices of the namespace that we are in. */
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
 * Looks a device up by name. -ENODEV: there is none; -EPROTONOSUPPORT: where the IP header of
 * its packets begins is not known. Errors have been told.
 */
int device_find(const char *name, struct device *device);

/*
 * The name that the device of that index has now. socket: of device_socket(), which says in which
 * namespace; for a walk over thousands of devices one is enough.
 */
bool device_name(int socket, int ifindex, char *name);

/* A descriptor to ask about the devices of the namespace that we are in, or a negative errno. */
int device_socket(void);

#endif /* TXPATH_LIB_DEVICE_H */
