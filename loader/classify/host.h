/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The functions by which a file of rules is checked against this host: its devices, qdiscs and
 * cgroups.
 */
#ifndef TXPATH_CLASSIFY_HOST_H
#define TXPATH_CLASSIFY_HOST_H

#include "state/instance.h"
#include "classify/qdiscs.h"
#include "classify/ruleset/ruleset.h"

struct host {
	struct ruleset_host ruleset_host; /* for ruleset_read(); its context is this struct */
	struct qdiscs qdiscs;
	int *devices;
	int devices_map; /* the instance's map "devices"; -1: rules may name any device */
	__u64 netns;
	int socket; /* from device_socket() */
};

/*
 * instance: that of the network namespace that we are in; rules may name its devices only. NULL:
 * rules may name any device, and tc classes and qdiscs are not checked. Returns 0 or a negative
 * errno, logged. Owns memory and descriptors: host_close().
 */
int host_open(struct host *host, const struct instance *instance);
void host_close(struct host *host);

#endif /* TXPATH_CLASSIFY_HOST_H */
