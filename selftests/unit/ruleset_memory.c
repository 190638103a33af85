// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* That there is no memory is an error like any other. */
#include "ruleset_tests.h"

#include <errno.h>

/* The linker puts these in place of what the reader and libyaml call. */

static long allocations_left = -1; /* -1: no end of them */

static bool allocates(void)
{
	if (allocations_left <= 0)
		return allocations_left;
	allocations_left--;
	return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return allocates() ? __real_malloc(size) : NULL;
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	return allocates() ? __real_realloc(memory, size) : NULL;
}

void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return allocates() ? __real_reallocarray(memory, count, size) : NULL;
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return allocates() ? __real_strdup(text) : NULL;
}

int __real_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	return allocates() ? __real_vasprintf(text, format, args) : -1;
}

/* The allocations fail one after the other, until there is none more: each time nothing is left. */
static void check_without_memory(const char *text, int end)
{
	struct ruleset ruleset;
	struct logged logged;
	int err = -ENOMEM;
	long allowed;

	for (allowed = 0; err == -ENOMEM; allowed++) {
		allocations_left = allowed;
		err = read_bytes(text, strlen(text), &ruleset, &logged);
		allocations_left = -1;
		assert_true(err == -ENOMEM || err == end);
		if (err) {
			assert_empty(&ruleset);
			assert_true(!logged.count == (err == -ENOMEM));
		}
		ruleset_free(&ruleset);
	}
	assert_true(allowed > 100);
}

void no_memory(void **state)
{
	(void)state;
	check_without_memory(good_rules, 0);
	check_without_memory("version: 2\nclasses: {a: {no: 1}, a: 2}\nrules: [{}, 1, {name: [],"
			     " class: a, match: {len: no, src: [1.2.3.4/8, ::1/128], mark: 1}}]\n",
			     -EINVAL);
}
