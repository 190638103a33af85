// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tables of commands and options. A command or an option is one row here. */
#include <string.h>

#include "cmd/command.h"

const struct command commands[] = {
	{ "attach", NULL, "DEV... [KNOB=VALUE...]",
	  "compare the packets that leave these devices with predictions; with --mode offload also "
	  "forward packets that come in on them",
	  cmd_attach, TAKES_MODE | TAKES_NETFILTER | TAKES_ARGUMENTS | TAKES_KNOBS, "DEV",
	  "attach eth0 eth1 --mode offload lease-ms=500" },
	{ "detach", NULL, "DEV... | --all", "stop, and remove everything that attach has set up",
	  cmd_detach, TAKES_ALL | TAKES_ARGUMENTS, "DEV", "detach --all" },
	{ "status", NULL, "",
	  "show the attached devices, one a line; with -v also their hooks, probes and knobs",
	  cmd_status, 0, NULL, "status -v" },
	{ "stats", NULL, "[DEV...]", "count packets by reason and by probe", cmd_stats,
	  TAKES_INTERVAL | TAKES_ARGUMENTS, "DEV", "stats eth0 -i 1" },
	{ "parity", NULL, "[DEV...]",
	  "compare the predictions with what the kernel did, field by field", cmd_parity,
	  TAKES_INTERVAL | TAKES_PER_DEVICE | TAKES_ARGUMENTS, "DEV", "parity --per-device" },
	{ "probes", "stages", "[FILTER=VALUE...] [probe=NAME...]",
	  "count the packets at each probe of the transmit path while the command runs", cmd_probes,
	  TAKES_INTERVAL | TAKES_ARGUMENTS | TAKES_FILTERS, NULL,
	  "probes -i 1 dev=eth0 proto=udp" },
	{ "latency", NULL, "[FILTER=VALUE...] [probe=NAME...]",
	  "measure the time from probe to probe while the command runs", cmd_latency,
	  TAKES_INTERVAL | TAKES_ARGUMENTS | TAKES_FILTERS, NULL,
	  "latency dev=eth0 probe=dev_queue_xmit probe=net_dev_start_xmit" },
	{ "trace", NULL, "[FILTER=VALUE...] [probe=NAME...] [rate=N]",
	  "show each packet at each probe, and events such as surprises, as they happen", cmd_trace,
	  TAKES_PCAP | TAKES_ARGUMENTS | TAKES_FILTERS | TAKES_RATE, NULL,
	  "trace host=192.0.2.1 probe=drop --pcap drops.pcapng" },
	{ "check", NULL, "DEV", "check whether a device can be offloaded", cmd_check,
	  TAKES_NETFILTER | TAKES_ARGUMENTS, "DEV", "check eth0 --netfilter lease" },
	{ "explain", NULL, "--dev DEV --src ADDRESS --dst ADDRESS",
	  "say what happens to a packet that comes in on a device, and what the kernel's routes say",
	  cmd_explain, TAKES_PACKET, NULL,
	  "explain --dev eth0 --src 192.0.2.1 --dst 198.51.100.1 --proto tcp --dport 443" },
	{ "classify", NULL, "load FILE | show | clear | test FILE",
	  "set priority, DSCP, class, mark and rate of packets by rules", cmd_classify,
	  TAKES_PACKET | TAKES_SOCKET | TAKES_ARGUMENTS, "load show clear test FILE",
	  "classify test rules.yaml --src 192.0.2.1 --proto udp --dport 53" },
	{ "features", NULL, "", "show which hooks this kernel allows", cmd_features, 0, NULL,
	  "features -j" },
	{ "help", NULL, "[COMMAND]", "show the help of a command", cmd_help,
	  TAKES_ARGUMENTS | TAKES_WORDS, "COMMAND", "help attach" },
};

const size_t command_count = sizeof(commands) / sizeof(commands[0]);

const struct command *command_find(const char *name)
{
	size_t i;

	for (i = 0; i < command_count; i++) {
		if (!strcmp(commands[i].name, name) ||
		    (commands[i].alias && !strcmp(commands[i].alias, name)))
			return &commands[i];
	}
	return NULL;
}

const struct option_row option_rows[] = {
	{ { "json", 'j', NULL, 0, "print one JSON document; with -i, and by trace, one a line", 0 },
	  0,
	  NULL },
	{ { "netns", KEY_NETNS, "NAME", 0, "work in this network namespace: name, path or pid", 0 },
	  0,
	  NULL },
	{ { "bpffs", KEY_BPFFS, "DIR", 0, "the bpffs with the pins (default: /sys/fs/bpf)", 0 },
	  0,
	  "FILE" },
	{ { "verbose", 'v', NULL, 0, "print details and the log of libbpf; -vv: more", 0 },
	  0,
	  NULL },
	{ { "quiet", 'q', NULL, 0, "print errors only", 0 }, 0, NULL },
	{ { "help", KEY_HELP, NULL, 0, "print the help of the command", 0 }, 0, NULL },
	{ { "version", 'V', NULL, 0, "print the version of txpath", 0 }, 0, NULL },
	{ { "interval", 'i', "SECONDS", 0, "repeat, every so many seconds (0.01 to 86400)", 0 },
	  TAKES_INTERVAL,
	  NULL },
	{ { "mode", KEY_MODE, "shadow|offload", 0,
	    "shadow (default): only compare; offload: also forward packets by leases", 0 },
	  TAKES_MODE,
	  "shadow offload" },
	{ { "netfilter", KEY_NETFILTER, "decline|lease|bypass", 0,
	    "where netfilter hooks may act. decline (default): leave the packet to the kernel; "
	    "lease: what netfilter let pass unchanged holds for the connection; bypass: it holds "
	    "for all packets between the two addresses",
	    0 },
	  TAKES_NETFILTER,
	  "decline lease bypass" },
	{ { "all", KEY_ALL, NULL, 0, "every device in every network namespace", 0 },
	  TAKES_ALL,
	  NULL },
	{ { "pcap", KEY_PCAP, "FILE", 0, "also write the packets to a pcapng file", 0 },
	  TAKES_PCAP,
	  "FILE" },
	{ { "per-device", KEY_PER_DEVICE, NULL, 0, "also print a table for each device", 0 },
	  TAKES_PER_DEVICE,
	  NULL },
	{ { "words", KEY_WORDS, NULL, OPTION_HIDDEN, "print the candidates of a completion", 0 },
	  TAKES_WORDS,
	  NULL },
#define PACKET_SPEC_OPTION(id, option, value, range, kind, meaning)                                \
	{ { option, KEY_PACKET_SPEC + PACKET_SPEC_##id, value, 0, meaning, 0 },                    \
	  TAKES_##kind,                                                                            \
	  NULL },
	PACKET_SPEC_FIELDS(PACKET_SPEC_OPTION)
#undef PACKET_SPEC_OPTION
};

const size_t option_count = sizeof(option_rows) / sizeof(option_rows[0]);

_Static_assert(sizeof(option_rows) / sizeof(option_rows[0]) < OPTIONS_MAX,
	       "more options than bits");
