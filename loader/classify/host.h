/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a file of rules is held against: this host's devices, qdiscs and cgroups. */
#ifndef TXPATH_CLASSIFY_HOST_H
#define TXPATH_CLASSIFY_HOST_H

#include "state/instance.h"
#include "classify/qdiscs.h"
#include "classify/ruleset/ruleset.h"

struct host {
	struct ruleset_host asked; /* context is the host itself */
	struct qdiscs qdiscs;
	int *devices;
	int devices_map; /* of the instance; -1: none */
	__u64 netns;
	int socket; /* of device_socket() */
};

/*
 * instance: whose devices rules may name, in the namespace that we are in; NULL: any device, and
 * neither classes nor qdiscs are asked about. Told. host_close()
 */
int host_open(struct host *host, const struct instance *instance);
void host_close(struct host *host);

#endif /* TXPATH_CLASSIFY_HOST_H */
