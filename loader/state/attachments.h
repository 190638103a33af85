/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The attached devices of an instance, and what has become of each since it was attached. */
#ifndef TXPATH_STATE_ATTACHMENTS_H
#define TXPATH_STATE_ATTACHMENTS_H

#include <limits.h>
#include <net/if.h>

#include <json-c/json.h>

#include "state/instance.h"
#include "lib/tc.h"

/* What transit_errno means: the kernel did not load a program that transit needs. */
#define TRANSIT_REFUSED "the kernel refuses a program that transit needs"

enum attachment_state {
	ATTACHMENT_OK,
	ATTACHMENT_RENAMED,
	ATTACHMENT_MOVED,	/* into another namespace; the link went with it */
	ATTACHMENT_VANISHED,	/* there is no such device any more */
	ATTACHMENT_UNREACHABLE, /* its namespace has neither a name nor a process */
	ATTACHMENT_REMOVED,	/* the device is there, but someone took our program off it */
	ATTACHMENT_UNFINISHED,	/* the attaching run was killed */
};

struct attachment {
	struct txp_device_key key;
	struct txp_device row;
	bool tcx;	     /* else a clsact filter */
	struct tc_link link; /* of TCX */
	bool transit;	     /* has a program at TC ingress */
	bool transit_tcx;    /* by a link, else a clsact filter */
	int transit_errno;   /* why the instance has no transit */
	__u32 promote_after; /* of the instance */
	enum attachment_state state;
	char name[IFNAMSIZ];	  /* now; its name when attached, if that cannot be read */
	char where[NAME_MAX + 1]; /* moved: into this namespace, "" if it cannot be found */
};

/*
 * Reads all devices of an instance, sorted by ifindex. Returns their number, with *list owned by
 * the caller (NULL for 0), or a negative errno that has been logged.
 */
int attachments_read(const struct instance *instance, struct attachment **list);

/* As in "devices" of txpath status. netns: the name of the instance's namespace. */
struct json_object *attachment_json(const struct attachment *attachment, const char *netns);

/* Does it take packets over? It is in offload, not demoted, and its probation is over. */
bool attachment_offloads(const struct attachment *attachment);

/* mode_name(), or "demoted": in offload until there were too many surprises. */
const char *attachment_mode(const struct attachment *attachment);

#define DEVICE_PIN_MAX 32

/* The name of a device's pin among the links. Returns name, of DEVICE_PIN_MAX bytes. */
const char *hook_pin(enum tc_side side, __u32 ifindex, char *name);

#endif /* TXPATH_STATE_ATTACHMENTS_H */
