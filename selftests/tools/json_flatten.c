// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * flat: reads JSON and prints each number, string and truth value in it as "PATH VALUE". An
 * array's objects are known by their member field, dev or hook, else by position:
 * {"fields":[{"field":"ttl","match":7}]} gives "fields.ttl.field ttl", "fields.ttl.match 7".
 */
#include <err.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#define MAX_PATH 512

static void flatten(const char *path, struct json_object *value);

static void flatten_member(const char *path, const char *name, struct json_object *value)
{
	char longer[MAX_PATH];

	snprintf(longer, sizeof(longer), "%s%s%s", path, *path ? "." : "", name);
	flatten(longer, value);
}

static void flatten_object(const char *path, struct json_object *object)
{
	struct json_object_iterator at = json_object_iter_begin(object);
	struct json_object_iterator end = json_object_iter_end(object);

	for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at))
		flatten_member(path, json_object_iter_peek_name(&at),
			       json_object_iter_peek_value(&at));
}

/* What an array's element is known by, NULL: nothing. */
static const char *title(struct json_object *element)
{
	static const char *const names[] = { "field", "dev", "hook" };
	struct json_object *member;

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (json_object_object_get_ex(element, names[i], &member))
			return json_object_get_string(member);
	return NULL;
}

static void flatten_array(const char *path, struct json_object *array)
{
	struct json_object *element;
	char position[24];

	for (size_t i = 0; i < json_object_array_length(array); i++) {
		element = json_object_array_get_idx(array, i);
		snprintf(position, sizeof(position), "%zu", i);
		flatten_member(path, title(element) ?: position, element);
	}
}

static void flatten(const char *path, struct json_object *value)
{
	if (json_object_is_type(value, json_type_object))
		flatten_object(path, value);
	else if (json_object_is_type(value, json_type_array))
		flatten_array(path, value);
	else
		printf("%s %s\n", path, value ? json_object_get_string(value) : "null");
}

int main(void)
{
	struct json_object *value = json_object_from_fd(0);

	if (!value)
		errx(1, "not JSON: %s", json_util_get_last_err());
	flatten("", value);
	json_object_put(value);
	return 0;
}
