/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One document, two renderers: every command builds a json_object, printed as JSON or as text. */
#ifndef TXPATH_LIB_OUTPUT_H
#define TXPATH_LIB_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

#include <json-c/json.h>
#include <linux/types.h>

#include "lib/usage.h"

struct libscols_table;
struct options; /* of a command: handed through, never read here */

struct column {
	const char *key; /* member of each row */
	const char *title;
	bool number; /* aligned to the right */
};

/* Prints an array of flat objects as a table. The last column has no key. */
int output_table(struct json_object *rows, const struct column *columns);

/*
 * A table row by row: table_new() makes it (NULL: no memory), table_add() adds texts in the order
 * of the columns, table_print() prints and frees it.
 */
struct libscols_table *table_new(const struct column *columns);
int table_add(struct libscols_table *table, const char *const *texts, size_t count);
int table_print(struct libscols_table *table);

/*
 * How documents are shown, as the command line says: as JSON or as text, and every interval
 * seconds (0: once). Set once, before a command runs.
 */
void output_init(bool json, double interval);
bool output_is_json(void);
double output_interval(void);

/* Prints the document on a line of its own. */
void output_json(struct json_object *document);

/* What a command shows, once or with -i repeatedly. */
struct report {
	/* Builds a new document, owned by the caller, or returns a negative errno, logged. */
	int (*build)(const struct options *options, struct json_object **document);
	/* Prints it as text. before: the document of seconds ago; NULL: print totals. */
	int (*text)(struct json_object *document, struct json_object *before, double seconds);
	/* Decides the exit code by the last document. NULL: always EXIT_DONE. */
	enum exit_code (*exit_code)(struct json_object *document);
};

/* Returns an enum exit_code. */
int output_report(const struct report *report, const struct options *options);

/*
 * Calls round once, or with -i again and again until a signal comes. A negative errno of round,
 * logged, ends it.
 */
int output_repeat(const struct options *options,
		  int (*round)(const struct options *options, void *context), void *context);

/*
 * Makes SIGINT, SIGTERM and SIGHUP set output_stopped() instead of ending the process, and a closed
 * pipe an error of write(2), so that a command can clean up.
 */
void output_stop_on_signals(void);
bool output_stopped(void);

/* Sleeps until the time is over or a signal comes. */
void output_wait(double seconds);

/* Read members of an object. It owns the strings; "": there is no such member. */
const char *json_text(struct json_object *object, const char *key);

/*
 * Is this the first row of the array with its text at key? Then what holds for all rows with that
 * text is printed once, before them.
 */
bool json_is_first(struct json_object *rows, size_t row, const char *key);
__u64 json_number(struct json_object *object, const char *key);
struct json_object *json_member(struct json_object *object, const char *key);

void json_add_text(struct json_object *object, const char *key, const char *text);
void json_add_number(struct json_object *object, const char *key, __u64 number);

/* family: AF_INET (address has one word) or AF_INET6 (four); any other family is shown as "". */
void json_add_address(struct json_object *object, const char *key, int family,
		      const __be32 *address);

/* Adds the members errno (the name of err) and why (its meaning); both "" for 0. */
void json_add_errno(struct json_object *object, int err);

#endif /* TXPATH_LIB_OUTPUT_H */
