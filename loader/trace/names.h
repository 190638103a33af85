/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Names of devices in whichever namespace, remembered: a look-up walks all processes. */
#ifndef TXPATH_TRACE_NAMES_H
#define TXPATH_TRACE_NAMES_H

#include <linux/limits.h>
#include <linux/types.h>
#include <net/if.h>

struct place {
	struct place *next;
	__u64 netns;
	__u32 ifindex;
	char dev[IF_NAMESIZE]; /* "-" for index 0; the index where the name is not to be had */
	char netns_name[NAME_MAX + 1];
};

/* As they are called now, or were when first asked for. NULL: no memory. */
const struct place *place_find(struct place **places, __u64 netns, __u32 ifindex);

void place_free(struct place *places);

#endif /* TXPATH_TRACE_NAMES_H */
