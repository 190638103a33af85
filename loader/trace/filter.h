/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Filters of txpath probes, latency and trace: which packets a command is about. BPF programs check
 * packets by themselves; the functions here do the same for events.
 */
#ifndef TXPATH_TRACE_FILTER_H
#define TXPATH_TRACE_FILTER_H

#include <stdbool.h>

#include <txpath/abi.h>
#include <txpath/trace.h>

/*
 * netns: what --netns gave, or NULL; words: the arguments of the command.
 * Goes into the namespace that --netns or netns= names. Words that are no filter (NAME= of another
 * name) are given to other, which returns an enum exit_code. Returns EXIT_DONE,
 * EXIT_USAGE or EXIT_FAILED, and has logged why.
 */
int filter_parse(const char *netns, char *const *words, int count,
		 int (*other)(const char *word, void *context), void *context,
		 struct txp_filter *filter);

/*
 * Does the filter accept a flow of IPv4? The second function is for events that know less of the
 * packet. Neither looks at device and namespace.
 */
bool filter_has_flow(const struct txp_filter *filter, const struct txp_lease_key *key);
bool filter_has_addresses(const struct txp_filter *filter, __u8 protocol, __be32 saddr,
			  __be32 daddr);

/* Does the filter accept a packet that a rule of txpath classify matched? */
bool filter_has_fields(const struct txp_filter *filter, const struct txp_class_fields *fields);

#endif /* TXPATH_TRACE_FILTER_H */
