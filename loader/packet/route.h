/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The kernel's own look-up for a packet that comes in, as ip route get ... iif DEV does it. */
#ifndef TXPATH_PACKET_ROUTE_H
#define TXPATH_PACKET_ROUTE_H

#include <linux/types.h>

#include "packet/frame.h"

struct route {
	__u8 type;	   /* RTN_UNICAST and others */
	__u8 family;	   /* of gateway; AF_UNSPEC: on link */
	__u32 oif;	   /* 0: none */
	__be32 gateway[4]; /* of AF_INET the first */
};

/*
 * In the namespace that we are in. Returns 0 or a negative errno, not logged, which may be the
 * kernel's answer for an unreachable route.
 */
int route_get(const struct frame *frame, __u32 iif, __u32 mark, struct route *route);

#endif /* TXPATH_PACKET_ROUTE_H */
