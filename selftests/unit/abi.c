// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The X-lists and what is made of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include <txpath/abi.h>

#define NAME_REASON(id, name, meaning) #name,
#define NAME_FIELD(id, name, class, rule) #name,
#define NAME_VERDICT(id, name, meaning) #name,
#define NAME_STAGE(id, name, gives) #name,

static const char *const reasons[] = { TXP_REASONS(NAME_REASON) };
static const char *const fields[] = { TXP_FIELDS(NAME_FIELD) };
static const char *const verdicts[] = { TXP_VERDICTS(NAME_VERDICT) };
static const char *const stages[] = { TXP_STAGES(NAME_STAGE) };

static const struct {
	const char *list;
	const char *const *names;
	size_t written;
	size_t count;
} lists[] = {
	{ "reasons", reasons, sizeof(reasons) / sizeof(*reasons), TXP_REASON_COUNT },
	{ "fields", fields, sizeof(fields) / sizeof(*fields), TXP_FIELD_COUNT },
	{ "verdicts", verdicts, sizeof(verdicts) / sizeof(*verdicts), TXP_VERDICT_COUNT },
	{ "stages", stages, sizeof(stages) / sizeof(*stages), TXP_STAGE_COUNT },
};

#define LIST_COUNT (sizeof(lists) / sizeof(*lists))

#define PROGRAM_NAME(stage, kind, target, program) #program,
static const char *const programs[] = { TXP_RUNGS(PROGRAM_NAME) };

#define RUNG_TARGET(stage, kind, target, program) #kind "/" target,
static const char *const targets[] = { TXP_RUNGS(RUNG_TARGET) };

#define RUNG_STAGE(stage, kind, target, program) TXP_STAGE_##stage,
static const enum txp_stage rung_stages[] = { TXP_RUNGS(RUNG_STAGE) };

#define RUNG_COUNT (sizeof(programs) / sizeof(*programs))

static void assert_unique(const char *list, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(names[i], names[j]))
				fail_msg("%s: %s is there twice", list, names[i]);
}

static void names_are_unique(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIST_COUNT; i++)
		assert_unique(lists[i].list, lists[i].names, lists[i].written);
}

/* Of two stations it may be one that counts for both. */
static void programs_are_one_hook_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < RUNG_COUNT; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(programs[i], programs[j]))
				assert_true(rung_stages[i] != rung_stages[j] &&
					    !strcmp(targets[i], targets[j]));
}

static void enums_have_a_value_per_line(void **state)
{
	(void)state;
	for (size_t i = 0; i < LIST_COUNT; i++)
		assert_int_equal(lists[i].written, lists[i].count);
}

/* They are member names, JSON keys and metric labels: a quote or a capital would show there. */
static void names_are_plain(void **state)
{
	const char *plain = "abcdefghijklmnopqrstuvwxyz0123456789_";

	(void)state;
	for (size_t i = 0; i < LIST_COUNT; i++)
		for (size_t j = 0; j < lists[i].written; j++)
			assert_int_equal(strspn(lists[i].names[j], plain),
					 strlen(lists[i].names[j]));
}

static void every_stage_has_a_rung(void **state)
{
	(void)state;
	for (size_t stage = 0; stage < TXP_STAGE_COUNT; stage++) {
		size_t i = 0;

		while (i < RUNG_COUNT && rung_stages[i] != stage)
			i++;
		if (i == RUNG_COUNT)
			fail_msg("%s has no rung", stages[stage]);
	}
}

/* Userspace and BPF index the same counters, one as an array and one by member name. */
static void members_are_in_enum_order(void **state)
{
	(void)state;
#define CHECK_REASON(id, name, meaning)                                                            \
	assert_int_equal(offsetof(struct txp_reason_tallies, name),                                \
			 TXP_REASON_##id * sizeof(struct txp_tally));
	TXP_REASONS(CHECK_REASON)
#define CHECK_STAGE(id, name, gives)                                                               \
	assert_int_equal(offsetof(struct txp_stage_tallies, name),                                 \
			 TXP_STAGE_##id * sizeof(struct txp_tally));
	TXP_STAGES(CHECK_STAGE)
#define CHECK_VERDICT(id, name, meaning)                                                           \
	assert_int_equal(offsetof(struct txp_verdict_counts, name),                                \
			 TXP_VERDICT_##id * sizeof(uint64_t));
	TXP_VERDICTS(CHECK_VERDICT)
#define CHECK_FIELD(id, name, class, rule)                                                         \
	assert_int_equal(offsetof(struct txp_field_counts, name),                                  \
			 TXP_FIELD_##id * sizeof(struct txp_verdict_counts));
	TXP_FIELDS(CHECK_FIELD)
}

static void the_kernel_takes_the_counters(void **state)
{
	(void)state;
	assert_true(sizeof(struct txp_counters) < 32768); /* PCPU_MIN_UNIT_SIZE */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(programs_are_one_hook_each),
		cmocka_unit_test(enums_have_a_value_per_line),
		cmocka_unit_test(names_are_plain),
		cmocka_unit_test(every_stage_has_a_rung),
		cmocka_unit_test(members_are_in_enum_order),
		cmocka_unit_test(the_kernel_takes_the_counters),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
