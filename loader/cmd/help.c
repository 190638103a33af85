// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath help: the list of commands; one command with its options, knobs, filters and an example;
 * and the same as candidates for the shell's completion (scripts/completion/txpath). Everything is
 * made from the tables, so that no text has to be kept in step with them.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <txpath/trace.h>

#include "attach/knobs.h"
#include "cmd/command.h"
#include "lib/words.h"
#include "lib/probe_table.h"

#define WIDTH 80
#define INDENT 18
#define WORD_MAX 96

static const struct {
	const char *name;
	const char *value;
	const char *meaning;
} filters[] = {
#define FILTER_ROW(id, name, value, range, meaning) { name, value, meaning },
	TXP_FILTERS(FILTER_ROW)
#undef FILTER_ROW
};

/* Words of text, at column on the line so far, in lines that begin at indent. Ends the line. */
static void print_wrapped(const char *text, int column, int indent)
{
	const char *before = "";
	int length;

	while (*text) {
		length = (int)strcspn(text, " ");
		if (column + length + 1 > WIDTH && column > indent) {
			printf("\n%*s", indent, "");
			column = indent;
			before = "";
		}
		column += printf("%s%.*s", before, length, text);
		before = " ";
		text += length;
		text += *text == ' ';
	}
	putchar('\n');
}

/* "  term              meaning ..." */
static void print_term(const char *term, const char *meaning)
{
	int column = printf("  %s", term);

	if (column + 1 > INDENT) {
		putchar('\n');
		column = 0;
	}
	printf("%*s", INDENT - column, "");
	print_wrapped(meaning, INDENT, INDENT);
}

static void print_option(const struct argp_option *option)
{
	const char *value = option->arg ? option->arg : "";
	char term[WORD_MAX], key[8] = "";

	if (option->key < KEY_HELP)
		snprintf(key, sizeof(key), "-%c, ", option->key);
	snprintf(term, sizeof(term), "%s--%s%s%s", key, option->name, *value ? " " : "", value);
	print_term(term, option->doc);
}

static bool is_shown(const struct option_row *row)
{
	return !(row->argp.flags & OPTION_HIDDEN);
}

static bool is_own(const struct option_row *row, const struct command *command)
{
	return row->takes & command->takes && is_shown(row);
}

static void print_own_options(const struct command *command)
{
	bool any = false;
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (!is_own(&option_rows[i], command))
			continue;
		if (!any)
			puts("\nOptions:");
		any = true;
		print_option(&option_rows[i].argp);
	}
}

/* A list of words as an operator reads it. */
static const char *with_bars(const char *words, char *text)
{
	char *at;

	snprintf(text, WORD_MAX, "%s", words);
	for (at = text; (at = strchr(at, ' '));)
		*at = '|';
	return text;
}

static void print_knobs(void)
{
	char term[2 * WORD_MAX], values[WORD_MAX];
	const char *unit;
	int i;

	puts("\nKnobs, as KNOB=VALUE:");
	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		unit = knob_unit_text(&knobs[i]);
		snprintf(term, sizeof(term), "%s=%s%s%s, default %s", knobs[i].name,
			 with_bars(knobs[i].values, values), *unit ? " " : "", unit,
			 knobs[i].initial);
		print_term(term, knobs[i].meaning);
	}
	putchar('\n');
	print_wrapped("A number that is not given stays as it was set before; a word that is not "
		      "given has its default.",
		      0, 0);
}

static void print_filters(const struct command *command)
{
	char term[WORD_MAX];
	size_t i;

	puts("\nFilters, as FILTER=VALUE; a packet must match all of them:");
	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		snprintf(term, sizeof(term), "%s=%s", filters[i].name, filters[i].value);
		print_term(term, filters[i].meaning);
	}
	print_term("probe=NAME", "only this probe; may be given more than once. txpath features "
				 "lists the probes");
	if (!(command->takes & TAKES_RATE))
		return;
	print_term("probe=none", "no packets, only events");
	print_term("rate=N", "records that each CPU may write in a second: 1..10000000, default "
			     "10000");
}

void help_command(const struct command *command)
{
	char text[256];

	printf("Usage: txpath %s%s%s [OPTION...]\n\n", command->name,
	       *command->arguments ? " " : "", command->arguments);
	/* a row of the list, here a sentence */
	snprintf(text, sizeof(text), "%c%s.", toupper(command->what[0]), command->what + 1);
	print_wrapped(text, 0, 0);
	if (command->alias)
		printf("%s is another name of this command.\n", command->alias);
	print_own_options(command);
	if (command->takes & TAKES_KNOBS)
		print_knobs();
	if (command->takes & TAKES_FILTERS)
		print_filters(command);
	puts("\nEvery command takes -j, -v, -q, --netns NAME and --bpffs DIR: see txpath help.");
	printf("\nExample:\n  txpath %s\n", command->example);
}

void help_list(void)
{
	size_t i;

	puts("Usage: txpath COMMAND [ARGUMENT...] [OPTION...]\n\nCommands:");
	for (i = 0; i < command_count; i++)
		print_term(commands[i].name, commands[i].what);
	puts("\nOptions of every command:");
	for (i = 0; i < option_count; i++) {
		if (!option_rows[i].takes && is_shown(&option_rows[i]))
			print_option(&option_rows[i].argp);
	}
	puts("\nExit status: 0 done, 1 failed, 2 wrong usage, 3 a mismatch was seen.\n"
	     "More: txpath COMMAND --help, txpath(8).");
}

/* Each word of the list behind before and, where there is one, '='. */
static void print_words(const char *before, const char *words)
{
	char word[WORD_MAX];
	size_t i;

	for (i = 0; *words_at(words, i, word, sizeof(word)); i++)
		printf("%s%s%s\n", before, *before ? "=" : "", word);
}

/* NULL: the options of all commands. */
static void print_option_words(const struct command *command)
{
	const struct option_row *row;
	char option[WORD_MAX];
	size_t i;

	for (i = 0; i < option_count; i++) {
		row = &option_rows[i];
		if (command && row->takes && !is_own(row, command))
			continue;
		snprintf(option, sizeof(option), "--%s", row->argp.name);
		if (row->words)
			print_words(option, row->words);
		else
			printf("%s%s\n", option, row->argp.arg ? "=" : "");
	}
}

static void print_knob_words(void)
{
	int i;

	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		if (knobs[i].unit == TXP_KNOB_UNIT_WORD)
			print_words(knobs[i].name, knobs[i].values);
		else
			printf("%s=\n", knobs[i].name);
	}
}

static void print_filter_words(const struct command *command)
{
	size_t i;

	for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++)
		printf("%s=%s\n", filters[i].name, i == TXP_FILTER_DEV ? "DEV" : "");
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!(txp_probes_with(TXP_VERIFY_ONLY) & TXP_PROBE_BIT(i)))
			printf("probe=%s\n", probe_name(i));
	}
	if (command->takes & TAKES_RATE)
		puts("probe=none\nrate=");
}

static void print_command_words(void)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		puts(commands[i].name);
}

/* One candidate a line. DEV, FILE and COMMAND stand for all devices, files and commands. */
static void help_words(const struct command *command)
{
	print_option_words(command);
	if (!command) {
		print_command_words();
		return;
	}
	if (command->words)
		print_words("", command->words);
	if (command->takes & TAKES_KNOBS)
		print_knob_words();
	if (command->takes & TAKES_FILTERS)
		print_filter_words(command);
}

int cmd_help(const struct options *options)
{
	const struct command *command = NULL;

	if (options->count > 1)
		return usage_error("help: one command");
	if (options->count)
		command = command_find(options->arguments[0]);
	if (options->count && !command)
		return usage_error("%s: there is no such command: see txpath help",
				   options->arguments[0]);
	if (options->words)
		help_words(command);
	else if (command)
		help_command(command);
	else
		help_list();
	return EXIT_DONE;
}
