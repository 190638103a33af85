/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program that classifies (bpf/classify/classify.bpf.c), loaded with the maps of one file of
 * rules.
 *
 * The map "egress_calls" of a network namespace holds the program, and the program holds its maps.
 * So nothing here is pinned: the rules are gone when another program takes the place, and when the
 * last device of the namespace is detached.
 */
#ifndef TXPATH_CLASSIFY_PROGRAM_H
#define TXPATH_CLASSIFY_PROGRAM_H

#include "classify/compile/compile.h"
#include "state/instance.h"

#define CLASSIFY_PROGRAM "txpath_classify"
#define CLASSIFY_TEST_PROGRAM "txpath_classify_ask"

struct classify_program {
	struct bpf_object *object;
	const struct compiled *compiled;
	int program_fd; /* owned by object */
};

/*
 * Loads the program and fills its maps. No packet meets it before classify_program_publish().
 *   maps           those of the instance, or an empty set
 *   edt_clocks_fd  the map "edt_clocks" of the program before, to be shared; -1: none
 *   name           CLASSIFY_PROGRAM or CLASSIFY_TEST_PROGRAM
 *   file           the name of the file of rules, for txpath classify show
 * Returns 0 or a negative errno, logged. Owns memory and descriptors: classify_program_close().
 */
int classify_program_load(struct classify_program *program, const struct compiled *compiled,
			  const struct map_set *maps, int edt_clocks_fd, const char *name,
			  const char *file);
void classify_program_close(struct classify_program *program);

/*
 * Puts the rules in force, from the next packet on, for every attached device of the namespace.
 * Returns 0 or a negative errno, logged.
 */
int classify_program_publish(const struct classify_program *program,
			     const struct instance *instance);

/* Removes the rules of a namespace. Returns 1, 0: there were none, or a negative errno, logged. */
int classify_program_clear(const struct instance *instance);

/*
 * Runs a CLASSIFY_TEST_PROGRAM for a packet with these fields. Returns the index of the rule that
 * matches, the number of rules if none does, or a negative errno, logged.
 */
int classify_program_test(const struct classify_program *program,
			  const struct txp_class_fields *fields);

#endif /* TXPATH_CLASSIFY_PROGRAM_H */
