/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The tests of files of rules, and what their files share. */
#ifndef RULESET_TESTS_H
#define RULESET_TESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "classify/ruleset/ruleset.h"

#define HEAD "version: 1\n"

/*
 * The host: eth0 has class 1:20 and fq, eth1 neither, and eth3 cannot be asked; txpath is not
 * attached to eth2.
 */

#define ETH0 11
#define ETH1 12
#define ETH3 14
#define CLASSID 0x10020
#define CGROUP_ID 77

/* What was told: all errors, and the first of them. */

#define MESSAGE_MAX 512

struct logged {
	size_t count;
	int lines[16];
	char first[MESSAGE_MAX];
};

void take_error(int line, const char *message, void *context);

/* Held against the host. */
int read_bytes(const char *text, size_t size, struct ruleset *ruleset, struct logged *logged);

/* What is left where nothing was read. */
void assert_empty(const struct ruleset *ruleset);

void assert_read(const char *text, struct ruleset *ruleset);

/* With one error, in LINE, that has PART in it. */
void assert_refused(const char *name, const char *text, size_t size, int line, const char *part);

/* A file with some of everything. */
extern const char good_rules[];

/* ruleset_bad.c */
void bad_files(void **state);
void bad_classes(void **state);
void bad_rules(void **state);
void bad_matches(void **state);
void bad_for_the_host(void **state);
void nul_in_the_text(void **state);
void all_errors_in_order(void **state);
void never_reached(void **state);
void same_name_of_rules(void **state);

/* ruleset_good.c */
void good_file(void **state);
void other_orders(void **state);
void no_host(void **state);
void rates_with_priorities(void **state);
void rates(void **state);
void text_of_conditions(void **state);

/* ruleset_limits.c */
void limits_hold(void **state);
void size_limit(void **state);
void many_of_a_kind(void **state);

/* ruleset_memory.c */
void no_memory(void **state);

#endif /* RULESET_TESTS_H */
