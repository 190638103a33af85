// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files of rules: what a good one becomes, what is wrong with bad ones and where, and that no
 * memory is an error like any other.
 */
#include "ruleset_tests.h"

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files),
		cmocka_unit_test(bad_classes),
		cmocka_unit_test(bad_rules),
		cmocka_unit_test(bad_matches),
		cmocka_unit_test(bad_for_the_host),
		cmocka_unit_test(nul_in_the_text),
		cmocka_unit_test(good_file),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(no_host),
		cmocka_unit_test(all_errors_in_order),
		cmocka_unit_test(never_reached),
		cmocka_unit_test(same_name_of_rules),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(rates_with_priorities),
		cmocka_unit_test(many_of_a_kind),
		cmocka_unit_test(rates),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(text_of_conditions),
	};

	/* the number of failed tests: 4 of them must not look like a skipped test */
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
