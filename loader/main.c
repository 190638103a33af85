// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The command line: a table of commands, a table of options. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/array.h"
#include "cmd/command.h"
#include "lib/log.h"
#include "lib/output.h"

enum command_option {
	TAKES_MODE = 1 << 0,
	TAKES_ALL = 1 << 1,
	TAKES_INTERVAL = 1 << 2,
	TAKES_PER_DEVICE = 1 << 3,
	TAKES_ARGUMENTS = 1 << 4,
	TAKES_NETFILTER = 1 << 5,
	TAKES_PCAP = 1 << 6,
	TAKES_PACKET_SPEC = 1 << 7,
};

struct command {
	const char *name;
	const char *arguments;
	const char *help;
	int (*run)(const struct options *options);
	unsigned int takes; /* enum command_option */
};

static const struct command commands[] = {
	{ "attach",
	  "DEV... [--mode shadow|offload] [--netfilter decline|lease|bypass] [KNOB=VALUE...]",
	  "compare what leaves these devices, and take over what is forwarded", cmd_attach,
	  TAKES_MODE | TAKES_NETFILTER | TAKES_ARGUMENTS },
	{ "detach", "DEV... | --all", "stop, and leave no trace", cmd_detach,
	  TAKES_ALL | TAKES_ARGUMENTS },
	{ "status", "", "attached devices, and the hook got at each probe", cmd_status, 0 },
	{ "stats", "[DEV...]", "packets by reason and by probe", cmd_stats,
	  TAKES_INTERVAL | TAKES_ARGUMENTS },
	{ "parity", "[DEV...] [--per-device]", "predicted against the kernel's own, by field",
	  cmd_parity, TAKES_INTERVAL | TAKES_PER_DEVICE | TAKES_ARGUMENTS },
	{ "probes", "[FILTER=VALUE...] [probe=NAME...]",
	  "packets at each probe of the road, while it runs", cmd_probes,
	  TAKES_INTERVAL | TAKES_ARGUMENTS },
	{ "latency", "[FILTER=VALUE...] [probe=NAME...]", "time from probe to probe, while it runs",
	  cmd_latency, TAKES_INTERVAL | TAKES_ARGUMENTS },
	{ "trace", "[FILTER=VALUE...] [probe=NAME...] [rate=N] [--pcap FILE]",
	  "each packet at each probe, surprises and demotions, as they happen", cmd_trace,
	  TAKES_PCAP | TAKES_ARGUMENTS },
	{ "check", "DEV [--netfilter decline|lease|bypass]",
	  "may this device be offloaded, and if not, why", cmd_check,
	  TAKES_NETFILTER | TAKES_ARGUMENTS },
	{ "explain", "--dev DEV --src ADDRESS --dst ADDRESS [--proto P ...]",
	  "what becomes of a packet that comes in there, and what the kernel's routes say",
	  cmd_explain, TAKES_PACKET_SPEC },
	{ "classify", "load FILE | show | clear | test FILE [--src ADDRESS ...]",
	  "give packets priority, DSCP, class, mark and rate by rules", cmd_classify,
	  TAKES_PACKET_SPEC | TAKES_ARGUMENTS },
	{ "features", "", "what this kernel lets txpath see", cmd_features, 0 },
};

enum option_key {
	KEY_NETNS = 256,
	KEY_BPFFS,
	KEY_MODE,
	KEY_NETFILTER,
	KEY_ALL,
	KEY_PER_DEVICE,
	KEY_PCAP,
	KEY_PACKET_SPEC, /* and those behind it, by enum question */
};

static const struct argp_option option_table[] = {
	{ "json", 'j', NULL, 0, "one JSON document, or one a line with -i and trace", 1 },
	{ "interval", 'i', "SECONDS", 0, "repeat: stats, parity, probes, latency", 1 },
	{ "netns", KEY_NETNS, "NAME", 0, "network namespace: name, path or process id", 1 },
	{ "bpffs", KEY_BPFFS, "DIR", 0, "where bpffs is mounted, if not /sys/fs/bpf", 1 },
	{ "verbose", 'v', NULL, 0, "details, libbpf's and the verifier's log; twice: more", 1 },
	{ "quiet", 'q', NULL, 0, "errors only", 1 },
	{ "mode", KEY_MODE, "MODE", 0, "attach: shadow or offload", 2 },
	{ "netfilter", KEY_NETFILTER, "WHAT", 0,
	  "attach, check: where netfilter has hooks, decline, lease or bypass", 2 },
	{ "all", KEY_ALL, NULL, 0, "detach: every device in every namespace", 2 },
	{ "pcap", KEY_PCAP, "FILE", 0, "trace: also write the packets to a pcapng file", 2 },
	{ "per-device", KEY_PER_DEVICE, NULL, 0, "parity: also for each device", 2 },
#define PACKET_SPEC_OPTION(id, option, value, meaning)                                             \
	{ option, KEY_PACKET_SPEC + PACKET_SPEC_##id, value, 0, "of the packet: " meaning, 3 },
	PACKET_SPEC_FIELDS(PACKET_SPEC_OPTION)
#undef PACKET_SPEC_OPTION
		{ 0 },
};

const char *argp_program_version = "txpath " TXP_VERSION;

/* What the parser fills beside the options themselves. */
struct command_line {
	struct options options;
	const struct command *command;
	unsigned int given; /* enum command_option */
};

static const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	}
	return NULL;
}

static void parse_interval(const char *text, struct command_line *line)
{
	char *end;

	line->given |= TAKES_INTERVAL;
	line->options.interval = strtod(text, &end);
	/* written so that not-a-number fails too */
	if (end == text || *end ||
	    !(line->options.interval >= 0.01 && line->options.interval <= 86400))
		exit(usage_error("-i %s: seconds, from 0.01 to 86400", text));
}

static void parse_packet_spec(enum packet_spec packet_spec, const char *text,
			      struct command_line *line)
{
	line->options.packet_spec[packet_spec] = text;
	line->options.asked = true;
	line->given |= TAKES_PACKET_SPEC;
}

static error_t parse_own_option(int key, char *text, struct command_line *line)
{
	if (key >= KEY_PACKET_SPEC && key < KEY_PACKET_SPEC + PACKET_SPEC_COUNT) {
		parse_packet_spec(key - KEY_PACKET_SPEC, text, line);
		return 0;
	}
	switch (key) {
	case 'i':
		parse_interval(text, line);
		return 0;
	case KEY_MODE:
		line->options.mode = text;
		line->given |= TAKES_MODE;
		return 0;
	case KEY_NETFILTER:
		line->options.netfilter = text;
		line->given |= TAKES_NETFILTER;
		return 0;
	case KEY_ALL:
		line->options.all = true;
		line->given |= TAKES_ALL;
		return 0;
	case KEY_PCAP:
		line->options.pcap = text;
		line->given |= TAKES_PCAP;
		return 0;
	case KEY_PER_DEVICE:
		line->options.per_device = true;
		line->given |= TAKES_PER_DEVICE;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static void parse_argument(char *text, struct command_line *line)
{
	if (line->command) {
		line->options.arguments[line->options.count++] = text;
		return;
	}
	line->command = command_find(text);
	if (!line->command)
		exit(usage_error("there is no command '%s'", text));
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct command_line *line = state->input;

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
	case KEY_NETNS:
		line->options.netns = text;
		return 0;
	case KEY_BPFFS:
		line->options.bpffs = text;
		return 0;
	case ARGP_KEY_ARG:
		parse_argument(text, line);
		return 0;
	}
	return parse_own_option(key, text, line);
}

/* The list of commands, below the options that argp prints by itself. */
static char *help_filter(int key, const char *text, void *input)
{
	size_t i, size;
	FILE *stream;
	char *list;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	stream = open_memstream(&list, &size);
	if (!stream)
		return NULL;
	fputs("Commands:\n", stream);
	for (i = 0; i < ARRAY_SIZE(commands); i++)
		fprintf(stream, "  %s %s\n      %s\n", commands[i].name, commands[i].arguments,
			commands[i].help);
	fputs("\nExit status: 0 done, 1 failed, 2 usage, 3 a mismatch was seen.", stream);
	fclose(stream);
	return list;
}

static const struct argp parser = {
	.options = option_table,
	.parser = parse_option,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "Watch the kernel's transmit decisions and predict them beside it.\v ",
	.help_filter = help_filter,
};

static int command_run(const struct command_line *line)
{
	const struct command *command = line->command;

	if (!command)
		return usage_error("a command is missing");
	if (line->given & ~command->takes)
		return usage_error("%s does not take that option: txpath %s %s", command->name,
				   command->name, command->arguments);
	if (line->options.count && !(command->takes & TAKES_ARGUMENTS))
		return usage_error("%s takes no argument", command->name);
	log_init(line->options.verbosity);
	output_init(line->options.json, line->options.interval);
	return command->run(&line->options);
}

int main(int argc, char **argv)
{
	struct command_line line = { .options.bpffs = "/sys/fs/bpf" };
	int code = EXIT_FAILED;

	argp_err_exit_status = EXIT_USAGE;
	line.options.arguments = calloc(argc, sizeof(char *));
	if (!line.options.arguments)
		return EXIT_FAILED;
	if (!argp_parse(&parser, argc, argv, 0, NULL, &line))
		code = command_run(&line);
	free(line.options.arguments);
	/* a full disk or a closed pipe must not look like success */
	if (fflush(stdout) || ferror(stdout))
		code = EXIT_FAILED;
	return code;
}
