/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A verb of the command line. main.c has the table of them, each cmd_*.c one. */
#ifndef TXPATH_CMD_COMMAND_H
#define TXPATH_CMD_COMMAND_H

#include <stdbool.h>

#include "lib/usage.h"
#include "packet/spec.h"

struct options {
	bool json;
	int verbosity;	   /* as log_init() takes it */
	const char *netns; /* name, path or process id; NULL: the namespace we are in */
	const char *bpffs;
	double interval;  /* seconds, 0: once */
	const char *mode; /* NULL: not given */
	const char *netfilter;
	const char *pcap; /* file to write, NULL: none */
	bool all;
	bool per_device;
	bool asked; /* one of question is there */
	const char *packet_spec[PACKET_SPEC_COUNT];
	int count; /* of the arguments after the verb */
	char **arguments;
};

/* Each returns an enum exit_code and has told the operator what failed. */
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

#endif /* TXPATH_CMD_COMMAND_H */
