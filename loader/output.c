// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Documents as JSON or as tables, once or repeatedly. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

#include <libsmartcols/libsmartcols.h>

#include "output.h"

static volatile sig_atomic_t stopped;

const char *json_text(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_member(object, key));

	return text ? text : "";
}

__u64 json_number(struct json_object *object, const char *key)
{
	return json_object_get_uint64(json_member(object, key));
}

struct json_object *json_member(struct json_object *object, const char *key)
{
	return json_object_object_get(object, key);
}

void json_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

void json_add_number(struct json_object *object, const char *key, __u64 number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

static int add_line(struct libscols_table *table, struct json_object *row,
		    const struct column *columns)
{
	struct libscols_line *line;
	int err = 0;
	size_t i;

	line = scols_table_new_line(table, NULL);
	if (!line)
		return -ENOMEM;
	for (i = 0; columns[i].key && !err; i++)
		err = scols_line_set_data(line, i, json_text(row, columns[i].key));
	return err;
}

int output_table(struct json_object *rows, const struct column *columns)
{
	struct libscols_table *table;
	int err = -ENOMEM;
	size_t i;

	table = scols_new_table();
	if (!table)
		return err;
	for (i = 0; columns[i].key; i++) {
		if (!scols_table_new_column(table, columns[i].title, 0,
					    columns[i].number ? SCOLS_FL_RIGHT : 0))
			goto unref_table;
	}
	err = 0;
	for (i = 0; i < json_object_array_length(rows) && !err; i++)
		err = add_line(table, json_object_array_get_idx(rows, i), columns);
	if (!err)
		err = scols_print_table(table);
unref_table:
	scols_unref_table(table);
	return err;
}

void output_json(struct json_object *document)
{
	puts(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN |
							      JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

/* Without SA_RESTART, so that the signal also ends the sleep. */
void output_stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool output_stopped(void)
{
	return stopped;
}

static void wait_interval(double seconds)
{
	struct timespec time = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	nanosleep(&time, NULL);
}

static int show(const struct report *report, const struct options *options,
		struct json_object *document, struct json_object *before)
{
	int err = 0;

	if (options->json)
		output_json(document);
	else
		err = report->text(document, before, options->interval);
	if (fflush(stdout))
		err = -errno;
	return err;
}

/* One round. *last is the document before, and becomes the new one. */
static int report_once(const struct report *report, const struct options *options,
		       struct json_object **last)
{
	struct json_object *document;
	int err;

	err = report->build(options, &document);
	if (err)
		return err;
	err = show(report, options, document, *last);
	json_object_put(*last);
	*last = document;
	return err;
}

int output_report(const struct report *report, const struct options *options)
{
	struct json_object *last = NULL;
	int code = EXIT_DONE;
	int err;

	if (options->interval > 0)
		output_stop_on_signals();
	do {
		err = report_once(report, options, &last);
		if (!err && options->interval > 0 && !stopped)
			wait_interval(options->interval);
	} while (!err && options->interval > 0 && !stopped);
	if (err)
		code = EXIT_FAILED;
	else if (report->judge)
		code = report->judge(last);
	json_object_put(last);
	return code;
}
