/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program that classifies, with the maps of one file of rules. It is held by the map
 * egress_calls of its namespace, and goes when another takes its place or the last device is
 * detached.
 */
#ifndef TXPATH_CLASSIFY_PROGRAM_H
#define TXPATH_CLASSIFY_PROGRAM_H

#include "classify/compile/compile.h"
#include "state/instance.h"

#define CLASSIFY_PROGRAM "txpath_classify"
#define CLASSIFY_ASK_PROGRAM "txpath_classify_ask"

struct classifier {
	struct bpf_object *object;
	const struct compiled *compiled;
	int program_fd; /* the object's */
};

/*
 * Loads and fills, with nothing changed yet. maps: of the instance, or an empty set. edt_clocks_fd:
 * the map "edt_clocks" that it is to share, -1: none. file: what show says of it. Told. Owns memory
 * and descriptors: classifier_close().
 */
int classifier_load(struct classifier *classifier, const struct compiled *compiled,
		    const struct map_set *maps, int edt_clocks_fd, const char *program,
		    const char *file);
void classifier_close(struct classifier *classifier);

/* From the next packet on, of every device. Told. */
int classifier_publish(const struct classifier *classifier, const struct instance *instance);

/* No rules any more. Returns 1, or 0 if there were none; told. */
int classifier_clear(const struct instance *instance);

/*
 * Of a classifier with CLASSIFY_ASK_PROGRAM: the place of the rule for such a packet; as many as
 * there are rules: none. Negative errno, told.
 */
int classifier_ask(const struct classifier *classifier, const struct txp_class_fields *fields);

/* What is loaded for an instance. */
struct loaded {
	struct txp_class_about about;
	__u32 rules;
	__u32 device_count; /* at least 1: the first may be nobody, with index 0 */
	struct txp_class_device *devices;
	struct txp_class_name *names;
	struct txp_class *actions;
	struct txp_tally *hits; /* of each rule, then by enum txp_class_rest */
	int edt_clocks_fd;	/* of the map "edt_clocks"; -1: none that this program knows */
};

/* Returns 1 and owns memory and a descriptor, loaded_rules_free(); 0: no rules. Told. */
int loaded_rules_read(const struct instance *instance, struct loaded *loaded);
void loaded_rules_free(struct loaded *loaded);

#endif /* TXPATH_CLASSIFY_PROGRAM_H */
