/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A file of packets that tshark and wireshark read, a comment on each. */
#ifndef TXPATH_TRACE_PCAPNG_H
#define TXPATH_TRACE_PCAPNG_H

#include <stdio.h>

#include <linux/types.h>

/* The head of the file. Negative errno. */
int pcapng_begin(FILE *file);

/*
 * A packet that begins with its IP header: captured bytes of length there are. time_ns: since 1970.
 * Negative errno.
 */
int pcapng_packet(FILE *file, __u64 time_ns, const void *bytes, __u32 captured, __u32 length,
		  const char *comment);

#endif /* TXPATH_TRACE_PCAPNG_H */
