/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The commands and options as two tables (cmd/table.c). main.c parses by them, cmd/help.c prints
 * them, and each other file of cmd/ is one command.
 */
#ifndef TXPATH_CMD_COMMAND_H
#define TXPATH_CMD_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

#include <txpath/abi.h>

#include "lib/usage.h"
#include "packet/spec.h"

/* The command line, parsed. */
struct options {
	bool json;
	int verbosity;	   /* as log_init() takes it */
	const char *netns; /* name, path or process id; NULL: the namespace we are in */
	const char *bpffs;
	double interval;	      /* seconds, 0: once */
	enum txp_mode mode;	      /* shadow if not given */
	bool mode_given;	      /* --mode was given */
	enum txp_netfilter netfilter; /* decline if not given */
	const char *pcap;	      /* file to write, NULL: none */
	bool all;
	bool per_device;
	bool words;	 /* of help: the candidates of a completion */
	bool has_packet; /* one of packet_spec was given */
	const char *packet_spec[PACKET_SPEC_COUNT];
	int count; /* of the arguments after the command */
	char **arguments;
};

/* What a command takes beside the options of every command. */
enum command_takes {
	TAKES_MODE = 1 << 0,
	TAKES_ALL = 1 << 1,
	TAKES_INTERVAL = 1 << 2,
	TAKES_PER_DEVICE = 1 << 3,
	TAKES_ARGUMENTS = 1 << 4,
	TAKES_NETFILTER = 1 << 5,
	TAKES_PCAP = 1 << 6,
	TAKES_PACKET = 1 << 7, /* a packet on the wire: --src, --dst ... */
	TAKES_SOCKET = 1 << 8, /* and what it had in this host: --uid, --cgroup ... */
	TAKES_WORDS = 1 << 9,
	TAKES_KNOBS = 1 << 10,
	TAKES_FILTERS = 1 << 11,
	TAKES_RATE = 1 << 12, /* rate= and probe=none, beside filters */
};

struct command {
	const char *name;
	const char *alias;     /* another name; NULL: none */
	const char *arguments; /* as in the usage line */
	const char *what;      /* one sentence */
	int (*run)(const struct options *options);
	unsigned int takes;  /* enum command_takes */
	const char *words;   /* candidates for the arguments: DEV, FILE, or words; NULL: none */
	const char *example; /* the command line behind "txpath " */
};

extern const struct command commands[];
extern const size_t command_count;

/* By its name or alias; NULL: there is none. */
const struct command *command_find(const char *name);

enum option_key {
	KEY_HELP = 256,
	KEY_NETNS,
	KEY_BPFFS,
	KEY_MODE,
	KEY_NETFILTER,
	KEY_ALL,
	KEY_PER_DEVICE,
	KEY_PCAP,
	KEY_WORDS,
	KEY_PACKET_SPEC, /* and those behind it, by enum packet_spec */
};

struct option_row {
	struct argp_option argp;
	unsigned int takes; /* which commands take it: one of enum command_takes; 0: all */
	const char *words;  /* its values: words separated by a space, FILE, DEV; NULL: any */
};

#define OPTIONS_MAX 40

extern const struct option_row option_rows[];
extern const size_t option_count; /* less than OPTIONS_MAX */

/* The commands. Each returns an enum exit_code and has logged what failed. */
int cmd_attach(const struct options *options);
int cmd_detach(const struct options *options);
int cmd_status(const struct options *options);
int cmd_stats(const struct options *options);
int cmd_parity(const struct options *options);
int cmd_probes(const struct options *options);
int cmd_latency(const struct options *options);
int cmd_trace(const struct options *options);
int cmd_check(const struct options *options);
int cmd_explain(const struct options *options);
int cmd_classify(const struct options *options);
int cmd_features(const struct options *options);
int cmd_help(const struct options *options);

/* The help of one command; the list of commands. To standard output. */
void help_command(const struct command *command);
void help_list(void);

#endif /* TXPATH_CMD_COMMAND_H */
