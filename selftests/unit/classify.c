// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random rules and packets: the program that classifies against a plain walk through the rules. The
 * rules are written as a file, read, compiled and loaded as txpath classify test does; the walk
 * knows nothing of that, only what was drawn.
 *
 * TXPATH_TEST_PACKETS  an eighth of it: sets of rules (4000: 500), of which BIG_PERCENT may have as
 *                      many rules as there can be
 * TXPATH_TEST_SEED     of the random numbers (1)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "classify/program.h"
#include "cmd/command.h"
#include "random_rules.h"

#define BIG_PERCENT 30
#define BIG_ASKED_PERCENT 70 /* else hardly a packet gets past the first rules */
#define SMALL_RULES 20
#define SMALL_ASKED_PERCENT 25
#define SMALL_PACKETS 20
#define BIG_PACKETS 200

/* The host that these rules are of. */

static int find_device(const char *name, void *context)
{
	(void)context;
	return atoi(name + 1);
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	unsigned int number;

	(void)context;
	assert_int_equal(sscanf(path, "/%u/%u", &cgroup->level, &number), 2);
	cgroup->id = drawn_cgroup_id(cgroup->level, number);
	return 0;
}

static void fail_on_error(int line, const char *message, void *context)
{
	fail_msg("line %d: %s, of\n%s", line, message, (char *)context);
}

/* What was drawn, and what came of it. */
struct drawn {
	size_t sets, big, packets, matched;
	size_t late; /* matched a rule that is not in a row's first word */
};

static void compare(const struct classify_program *program, const struct compiled *compiled,
		    const char *text, size_t packets, struct drawn *drawn)
{
	struct drawn_packet packet;
	size_t i, expected;
	int got;

	for (i = 0; i < packets; i++) {
		draw_packet(&packet, &compiled->plan);
		expected = drawn_walk(&packet);
		got = classify_program_test(program, &packet.fields);
		if (got != (int)expected)
			fail_msg("packet %zu: rule %zu matches, and the program says %d, of\n%s", i,
				 expected, got, text);
		drawn->matched += expected < drawn_count;
		drawn->late += expected < drawn_count && expected >= 64;
	}
	drawn->packets += packets;
}

/* Draws the rules of a set; returns with how many packets it is asked. */
static size_t draw_set(struct drawn *drawn)
{
	bool big = chance(BIG_PERCENT);

	draw_rules(1 + draw(big ? RULES_MAX : SMALL_RULES),
		   big ? BIG_ASKED_PERCENT : SMALL_ASKED_PERCENT);
	drawn->sets++;
	drawn->big += big;
	return big ? BIG_PACKETS : SMALL_PACKETS;
}

static void one_set(struct drawn *drawn)
{
	const struct ruleset_host host = { .device = find_device, .cgroup = find_cgroup };
	const struct map_set none = { 0 };
	size_t size, packets = draw_set(drawn);
	struct classify_program program;
	struct compiled compiled;
	struct ruleset ruleset;
	char *text = drawn_file(&size);

	assert_non_null(text);
	assert_int_equal(ruleset_read(text, size, &host, fail_on_error, text, &ruleset), 0);
	assert_int_equal(compile(&ruleset, fail_on_error, text, &compiled), 0);
	assert_int_equal(
		classify_program_load(&program, &compiled, &none, -1, CLASSIFY_TEST_PROGRAM, ""),
		0);
	compare(&program, &compiled, text, packets, drawn);
	classify_program_close(&program);
	compiled_free(&compiled);
	ruleset_free(&ruleset);
	free(text);
}

static size_t setting(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void the_program_and_a_walk_agree(void **context)
{
	size_t i, sets = setting("TXPATH_TEST_PACKETS", 4000) / 8;
	struct drawn drawn = { 0 };

	(void)context;
	draw_seed(setting("TXPATH_TEST_SEED", 1));
	for (i = 0; i < sets; i++)
		one_set(&drawn);
	print_message("%zu sets, %zu of them of up to %d rules; %zu packets, %zu matched a rule, "
		      "%zu of them one behind the first 64\n",
		      drawn.sets, drawn.big, RULES_MAX, drawn.packets, drawn.matched, drawn.late);
	/* else nothing was shown */
	assert_in_range(drawn.late, drawn.big * BIG_PACKETS / 20, drawn.packets);
	assert_in_range(drawn.matched, drawn.packets / 4, drawn.packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_and_a_walk_agree),
	};

	/* the number of failed tests: 4 of them must not look like a skipped test */
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
