/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rules in force in a network namespace, and what each of them has matched. */
#ifndef TXPATH_CLASSIFY_LOADED_RULES_H
#define TXPATH_CLASSIFY_LOADED_RULES_H

#include <txpath/abi.h>
#include <txpath/classify.h>

#include "state/instance.h"

struct loaded_rules {
	struct txp_class_about about;
	__u32 rules;
	__u32 device_count; /* at least 1; a device with index 0 is an unused entry */
	struct txp_class_device *devices;
	struct txp_class_name *names;
	struct txp_class *actions;
	struct txp_tally *hits; /* one for each rule, then one for each enum txp_class_rest */
	int edt_clocks_fd;	/* the map "edt_clocks"; -1: none with a layout known here */
};

/*
 * Returns 1, 0: no rules are loaded, or a negative errno, logged. After 1 loaded owns memory and a
 * descriptor: loaded_rules_free(), which is also allowed after 0.
 */
int loaded_rules_read(const struct instance *instance, struct loaded_rules *loaded);
void loaded_rules_free(struct loaded_rules *loaded);

#endif /* TXPATH_CLASSIFY_LOADED_RULES_H */
