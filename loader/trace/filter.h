/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which packets a watch is about: words of the command line to struct txp_filter. */
#ifndef TXPATH_TRACE_FILTER_H
#define TXPATH_TRACE_FILTER_H

#include <stdbool.h>

#include <txpath/abi.h>
#include <txpath/trace.h>

/*
 * netns: what --netns gave, or NULL; words: the arguments of the command.
 * Goes into the namespace that --netns or netns= names. Words that are no filter (NAME= of another
 * name) are given to other, which returns an enum exit_code. Returns EXIT_DONE,
 * EXIT_USAGE or EXIT_FAILED, told.
 */
int filter_parse(const char *netns, char *const *words, int count,
		 int (*other)(const char *word, void *context), void *context,
		 struct txp_filter *filter);

/* The same question of a flow of IPv4, and where less of it is known; not where it is. */
bool filter_has_flow(const struct txp_filter *filter, const struct txp_lease_key *key);
bool filter_has_addresses(const struct txp_filter *filter, __u8 protocol, __be32 saddr,
			  __be32 daddr);

/* Of a packet that a rule matched. */
bool filter_has_facts(const struct txp_filter *filter, const struct txp_class_fields *fields);

#endif /* TXPATH_TRACE_FILTER_H */
