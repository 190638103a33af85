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
#define NAME_FIELD(id, name, kind, rule) #name,
#define NAME_VERDICT(id, name, meaning) #name,
#define NAME_PROBE(id, name, traits, what) #name,

static const char *const reasons[] = { TXP_REASONS(NAME_REASON) };
static const char *const fields[] = { TXP_FIELDS(NAME_FIELD) };
static const char *const verdicts[] = { TXP_VERDICTS(NAME_VERDICT) };
static const char *const probes[] = { TXP_PROBES(NAME_PROBE) };

static const struct {
	const char *list;
	const char *const *names;
	size_t written;
	size_t count;
} lists[] = {
	{ "reasons", reasons, sizeof(reasons) / sizeof(*reasons), TXP_REASON_COUNT },
	{ "fields", fields, sizeof(fields) / sizeof(*fields), TXP_FIELD_COUNT },
	{ "verdicts", verdicts, sizeof(verdicts) / sizeof(*verdicts), TXP_VERDICT_COUNT },
	{ "probes", probes, sizeof(probes) / sizeof(*probes), TXP_PROBE_COUNT },
};

#define LIST_COUNT (sizeof(lists) / sizeof(*lists))

#define PROGRAM_NAME(user, probe, kind, target, program, limit) #program,
static const char *const programs[] = { TXP_PROBE_HOOKS(PROGRAM_NAME) };

#define HOOK_TARGET(user, probe, kind, target, program, limit) #kind "/" target,
static const char *const targets[] = { TXP_PROBE_HOOKS(HOOK_TARGET) };

#define HOOK_PROBE(user, probe, kind, target, program, limit) TXP_PROBE_##probe,
static const enum txp_probe hook_probes[] = { TXP_PROBE_HOOKS(HOOK_PROBE) };

#define HOOK_COUNT (sizeof(programs) / sizeof(*programs))

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

/* Of two probes it may be one that counts for both. */
static void programs_are_one_hook_each(void **state)
{
	(void)state;
	for (size_t i = 0; i < HOOK_COUNT; i++)
		for (size_t j = 0; j < i; j++)
			if (!strcmp(programs[i], programs[j]))
				assert_true(hook_probes[i] != hook_probes[j] &&
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

static void every_probe_has_a_hook(void **state)
{
	(void)state;
	for (size_t probe = 0; probe < TXP_PROBE_COUNT; probe++) {
		size_t i = 0;

		while (i < HOOK_COUNT && hook_probes[i] != probe)
			i++;
		if (i == HOOK_COUNT)
			fail_msg("%s has no hook", probes[probe]);
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
#define CHECK_PROBE(id, name, traits, what)                                                        \
	assert_int_equal(offsetof(struct txp_probe_tallies, name),                                 \
			 TXP_PROBE_##id * sizeof(struct txp_tally));
	TXP_PROBES(CHECK_PROBE)
#define CHECK_VERDICT(id, name, meaning)                                                           \
	assert_int_equal(offsetof(struct txp_verdict_counts, name),                                \
			 TXP_VERDICT_##id * sizeof(uint64_t));
	TXP_VERDICTS(CHECK_VERDICT)
#define CHECK_FIELD(id, name, kind, rule)                                                          \
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
		cmocka_unit_test(every_probe_has_a_hook),
		cmocka_unit_test(members_are_in_enum_order),
		cmocka_unit_test(the_kernel_takes_the_counters),
	};

	/* the number of failed tests: 4 of them must not look like a skipped test */
	return cmocka_run_group_tests_name("abi", tests, NULL, NULL) ? 1 : 0;
}
