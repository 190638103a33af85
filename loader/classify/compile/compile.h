/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiles the rules of a file into the maps of bpf/classify/classify.bpf.c, whose program finds
 * the first rule that matches a packet without walking the rules one by one.
 */
#ifndef TXPATH_CLASSIFY_COMPILE_COMPILE_H
#define TXPATH_CLASSIFY_COMPILE_COMPILE_H

#include "classify/compile/rule_bitmaps.h"
#include "classify/ruleset/ruleset.h"
#include "classify/compile/intervals.h"

struct compiled_value {
	struct txp_class_value_key key;
	__u32 bitmap; /* index in rule_bitmaps */
};

/* The content of the program's maps, each under the map's name. */
struct compiled {
	struct txp_class_plan plan; /* the caller fills in netns */
	struct rule_bitmaps rule_bitmaps;
	struct intervals intervals;
	struct intervals intervals6;
	struct txp_class_tables *tables;
	struct compiled_value *values;
	size_t value_count;
	__u32 *devices; /* index of each device that a rule names */
	size_t device_count;
	struct txp_class *actions;    /* one for each rule */
	struct txp_class_name *names; /* one for each rule */
};

/*
 * Rules that the program cannot hold are reported through error, like other errors of the file.
 * Returns 0, -EINVAL if an error was reported, or -ENOMEM. Even after a failure compiled owns
 * memory: compiled_free().
 */
int compile(const struct ruleset *ruleset, ruleset_error_fn error, void *context,
	    struct compiled *compiled);

void compiled_free(struct compiled *compiled);

#endif /* TXPATH_CLASSIFY_COMPILE_COMPILE_H */
