/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reads txpath's counters, to prove that a measured packet got the verdict that was to be measured.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include <linux/types.h>
#include <stdbool.h>

struct verdict {
	bool transit; /* at TC ingress, else at egress */
	int index;    /* enum txp_transit or enum txp_reason */
};

struct verdict_count {
	__u64 of_it;
	__u64 all;
};

/* Finds a verdict by its name in reasons.h; "egress.NAME" for a reason at egress. Exits if unknown.
 */
struct verdict verdict_find(const char *name);

/* Opens the map of that name that the program uses. -1: it uses no such map. */
int map_of_program(int program, const char *name);

/* Descriptors of the maps with these names. */
struct counted {
	int counters, dev_cache;
};

struct verdict_count verdict_count(const struct counted *maps, __u32 ifindex,
				   const struct verdict *verdict);

#endif /* VERDICT_H */
