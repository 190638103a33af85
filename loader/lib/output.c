// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Documents as JSON or as tables, once or repeatedly. */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <libsmartcols/libsmartcols.h>

#include "lib/log.h"
#include "lib/output.h"

static volatile sig_atomic_t stopped;
static bool as_json;
static double interval;

void output_init(bool json, double seconds)
{
	as_json = json;
	interval = seconds;
}

bool output_is_json(void)
{
	return as_json;
}

double output_interval(void)
{
	return interval;
}

const char *json_text(struct json_object *object, const char *key)
{
	const char *text = json_object_get_string(json_member(object, key));

	return text ? text : "";
}

bool json_is_first(struct json_object *rows, size_t row, const char *key)
{
	const char *text = json_text(json_object_array_get_idx(rows, row), key);
	size_t i = 0;

	while (i < row && strcmp(json_text(json_object_array_get_idx(rows, i), key), text))
		i++;
	return i == row;
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

void json_add_address(struct json_object *object, const char *key, int family,
		      const __be32 *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	inet_ntop(family, address, text, sizeof(text));
	json_add_text(object, key, text);
}

void json_add_errno(struct json_object *object, int err)
{
	json_add_text(object, "errno", errno_name(err));
	json_add_text(object, "why", err ? errno_words(err) : "");
}

struct libscols_table *table_new(const struct column *columns)
{
	struct libscols_table *table = scols_new_table();
	size_t i;

	for (i = 0; table && columns[i].key; i++) {
		if (scols_table_new_column(table, columns[i].title, 0,
					   columns[i].number ? SCOLS_FL_RIGHT : 0))
			continue;
		scols_unref_table(table);
		table = NULL;
	}
	return table;
}

int table_add(struct libscols_table *table, const char *const *texts, size_t count)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	int err = line ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < count && !err; i++)
		err = scols_line_set_data(line, i, texts[i]);
	return err;
}

int table_print(struct libscols_table *table)
{
	int err = scols_print_table(table);

	scols_unref_table(table);
	return err;
}

#define COLUMNS_MAX 16

static int add_object(struct libscols_table *table, struct json_object *row,
		      const struct column *columns)
{
	const char *texts[COLUMNS_MAX];
	size_t i;

	for (i = 0; columns[i].key && i < COLUMNS_MAX; i++)
		texts[i] = json_text(row, columns[i].key);
	return table_add(table, texts, i);
}

int output_table(struct json_object *rows, const struct column *columns)
{
	struct libscols_table *table = table_new(columns);
	int err = table ? 0 : -ENOMEM;
	size_t i;

	for (i = 0; i < json_object_array_length(rows) && !err; i++)
		err = add_object(table, json_object_array_get_idx(rows, i), columns);
	if (!err)
		return table_print(table);
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

/* Without SA_RESTART, so that a signal also ends the sleep. */
void output_stop_on_signals(void)
{
	struct sigaction action = { .sa_handler = stop };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	signal(SIGPIPE, SIG_IGN); /* a write fails instead, and the command cleans up */
}

bool output_stopped(void)
{
	return stopped;
}

void output_wait(double seconds)
{
	struct timespec time = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	nanosleep(&time, NULL);
}

int output_repeat(const struct options *options,
		  int (*round)(const struct options *options, void *context), void *context)
{
	int err;

	if (interval > 0)
		output_stop_on_signals();
	do {
		err = round(options, context);
		if (fflush(stdout) && !err)
			err = -errno;
		if (!err && interval > 0 && !stopped)
			output_wait(interval);
	} while (!err && interval > 0 && !stopped);
	return err;
}

struct reporting {
	const struct report *report;
	struct json_object *last; /* the document before */
};

static int report_once(const struct options *options, void *context)
{
	struct reporting *reporting = context;
	struct json_object *document;
	int err;

	err = reporting->report->build(options, &document);
	if (err)
		return err;
	if (as_json)
		output_json(document);
	else
		err = reporting->report->text(document, reporting->last, interval);
	json_object_put(reporting->last);
	reporting->last = document;
	return err;
}

int output_report(const struct report *report, const struct options *options)
{
	struct reporting reporting = { .report = report };
	int code = EXIT_DONE;

	if (output_repeat(options, report_once, &reporting))
		code = EXIT_FAILED;
	else if (report->exit_code)
		code = report->exit_code(reporting.last);
	json_object_put(reporting.last);
	return code;
}
