/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The comparing program at the TC egress hook of one device, with its rows in the maps. */
#ifndef TXPATH_EGRESS_H
#define TXPATH_EGRESS_H

#include "device.h"
#include "instance.h"
#include "roster.h"

enum egress_hook {
	EGRESS_AUTO,
	EGRESS_TCX,
	EGRESS_CLSACT,
};

/* A change that can still be undone, of a device in the namespace that we are in. */
struct egress_change {
	struct device device;
	struct txp_device_key key;
	struct txp_device old_row;
	struct txp_device row; /* as it is in the map */
	bool had_row;
	int link_fd;	 /* of TCX, else -1 */
	int old_prog_fd; /* that ours took the place of, else -1 */
	bool made_qdisc;
};

/* Attaches, or replaces what was attached without a gap. On failure nothing has changed, told. */
int egress_attach(struct egress_change *change, const struct instance *instance, int prog_fd,
		  enum egress_hook hook);

/* Exactly one of them ends a change. */
int egress_commit(struct egress_change *change, const struct instance *instance, enum txp_mode mode,
		  enum txp_netfilter netfilter);
void egress_undo(struct egress_change *change, const struct instance *instance);

/* Takes a device out, wherever it is now. Errors have been told. */
int egress_detach(const struct attachment *attachment, const struct instance *instance);

#endif /* TXPATH_EGRESS_H */
