/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From rules as they are read to what the maps of bpf/classify/classify.bpf.c hold. */
#ifndef TXPATH_CLASSIFY_COMPILE_COMPILE_H
#define TXPATH_CLASSIFY_COMPILE_COMPILE_H

#include "classify/compile/rule_bitmaps.h"
#include "classify/ruleset/ruleset.h"
#include "classify/compile/intervals.h"

struct compiled_value {
	struct txp_class_value_key key;
	__u32 row;
};

/* Named after the maps. */
struct compiled {
	struct txp_class_plan plan; /* all but netns */
	struct rows rows;
	struct steps steps;
	struct steps steps6;
	struct txp_class_tables *tables;
	struct compiled_value *values;
	size_t value_count;
	__u32 *devices; /* index of each that a rule names */
	size_t device_count;
	struct txp_class *actions;    /* of each rule */
	struct txp_class_name *names; /* of each rule */
};

/*
 * What the file asks for and the program cannot do is reported like other errors of the file.
 * Returns 0, -EINVAL if one was, or -ENOMEM. compiled owns memory: compiled_free(), also on
 * failure.
 */
int compile(const struct ruleset *ruleset, ruleset_error_fn error, void *context,
	    struct compiled *compiled);

void compiled_free(struct compiled *compiled);

#endif /* TXPATH_CLASSIFY_COMPILE_COMPILE_H */
