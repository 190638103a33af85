// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The command line. argp splits it into options and arguments; the first argument is the command.
 * Options may stand before or behind the command, so they are checked against it at the end.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "lib/log.h"
#include "lib/output.h"
#include "lib/words.h"

/* What the parser fills beside the options themselves. */
struct command_line {
	struct options options;
	const struct command *command;
	const char *unknown; /* the first argument, where it is no command */
	const char *wrong;   /* an option that argp does not take */
	uint64_t given;	     /* bit per row of option_rows */
	bool help;
	bool version;
	int code; /* enum exit_code: EXIT_USAGE once a value was wrong, and that was logged */
};

static const struct option_row *option_row(int key)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (option_rows[i].argp.key == key)
			return &option_rows[i];
	}
	return NULL;
}

static int parse_interval(const char *text, double *interval)
{
	char *end;

	*interval = strtod(text, &end);
	/* written so that not-a-number fails too */
	if (end != text && !*end && *interval >= 0.01 && *interval <= 86400)
		return EXIT_DONE;
	return usage_error("-i %s: a number from 0.01 to 86400 (seconds)", text);
}

/* The place of the word among the option's values. */
static int parse_word(const struct option_row *row, const char *text, int *place)
{
	char range[64];

	*place = words_find(row->words, text);
	if (*place >= 0)
		return EXIT_DONE;
	return usage_error("--%s %s: %s", row->argp.name, text,
			   words_or(row->words, range, sizeof(range)));
}

static void parse_mode(const char *text, struct command_line *line)
{
	int place = 0;

	line->code = line->code ?: parse_word(option_row(KEY_MODE), text, &place);
	line->options.mode = (enum txp_mode)(TXP_MODE_SHADOW + place);
	line->options.mode_given = true;
}

static void parse_netfilter(const char *text, struct command_line *line)
{
	int place = 0;

	line->code = line->code ?: parse_word(option_row(KEY_NETFILTER), text, &place);
	line->options.netfilter = (enum txp_netfilter)place;
}

/* Options that only some commands take. */
static error_t parse_own_option(int key, const char *text, struct command_line *line)
{
	struct options *options = &line->options;

	switch (key) {
	case 'i':
		line->code = line->code ?: parse_interval(text, &options->interval);
		return 0;
	case KEY_MODE:
		parse_mode(text, line);
		return 0;
	case KEY_NETFILTER:
		parse_netfilter(text, line);
		return 0;
	case KEY_ALL:
		options->all = true;
		return 0;
	case KEY_PCAP:
		options->pcap = text;
		return 0;
	case KEY_PER_DEVICE:
		options->per_device = true;
		return 0;
	case KEY_WORDS:
		options->words = true;
		return 0;
	}
	if (key < KEY_PACKET_SPEC || key >= KEY_PACKET_SPEC + PACKET_SPEC_COUNT)
		return ARGP_ERR_UNKNOWN;
	options->packet_spec[key - KEY_PACKET_SPEC] = text;
	options->has_packet = true;
	return 0;
}

static void parse_argument(char *text, struct command_line *line)
{
	if (line->command || line->unknown) {
		line->options.arguments[line->options.count++] = text;
		return;
	}
	line->command = command_find(text);
	if (!line->command)
		line->unknown = text;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct command_line *line = state->input;
	const struct option_row *row = option_row(key);

	if (row)
		line->given |= 1ULL << (row - option_rows);
	switch (key) {
	case 'j':
		line->options.json = true;
		return 0;
	case 'v':
		line->options.verbosity++;
		return 0;
	case 'q':
		line->options.verbosity = -1;
		return 0;
	case 'V':
		line->version = true;
		return 0;
	case KEY_HELP:
		line->help = true;
		return 0;
	case KEY_NETNS:
		line->options.netns = text;
		return 0;
	case KEY_BPFFS:
		line->options.bpffs = text;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(text, line);
		return 0;
	case ARGP_KEY_ERROR:
		if (state->next > 0)
			line->wrong = state->argv[state->next - 1];
		return 0;
	}
	return parse_own_option(key, text, line);
}

/* argp's own help and errors do not know our commands: both are ours. */
static int parse(int argc, char **argv, struct command_line *line)
{
	struct argp_option options[OPTIONS_MAX] = { 0 };
	const struct argp parser = { .options = options, .parser = parse_option };
	size_t i;

	for (i = 0; i < option_count; i++)
		options[i] = option_rows[i].argp;
	return argp_parse(&parser, argc, argv, ARGP_NO_HELP | ARGP_NO_ERRS, NULL, line);
}

static int check_options(const struct command_line *line)
{
	const struct command *command = line->command;
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (line->given & (1ULL << i) && option_rows[i].takes & ~command->takes)
			return usage_error("%s does not take --%s: see txpath %s --help",
					   command->name, option_rows[i].argp.name, command->name);
	}
	if (line->options.count && !(command->takes & TAKES_ARGUMENTS))
		return usage_error("%s takes no argument: see txpath %s --help", command->name,
				   command->name);
	return EXIT_DONE;
}

/* argp stops at a wrong option before it comes to the arguments, so the command is looked for. */
static int wrong_option(const struct command_line *line, int argc, char **argv)
{
	const struct command *command = NULL;
	int i;

	for (i = 1; i < argc && !command; i++)
		command = command_find(argv[i]);
	return usage_error("%s: unknown option, or its value is missing: see txpath %s%s--help",
			   line->wrong ?: "?", command ? command->name : "", command ? " " : "");
}

static int run(const struct command_line *line)
{
	int code = line->code;

	if (line->unknown)
		return usage_error("%s: there is no such command: see txpath help", line->unknown);
	if (line->version) {
		puts("txpath " TXP_VERSION);
		return EXIT_DONE;
	}
	if (!line->command) {
		help_list();
		return line->help ? EXIT_DONE : EXIT_USAGE;
	}
	if (line->help) {
		help_command(line->command);
		return code;
	}
	if (code == EXIT_DONE)
		code = check_options(line);
	if (code != EXIT_DONE)
		return code;
	log_init(line->options.verbosity);
	output_init(line->options.json, line->options.interval);
	return line->command->run(&line->options);
}

int main(int argc, char **argv)
{
	struct command_line line = { .options.bpffs = "/sys/fs/bpf",
				     .options.mode = TXP_MODE_SHADOW };
	int code;

	line.options.arguments = calloc(argc, sizeof(char *));
	if (!line.options.arguments)
		return EXIT_FAILED;
	code = parse(argc, argv, &line) ? wrong_option(&line, argc, argv) : run(&line);
	free(line.options.arguments);
	/* a full disk or a closed pipe must not look like success */
	if (fflush(stdout) || ferror(stdout))
		code = EXIT_FAILED;
	return code;
}
