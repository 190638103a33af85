/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Writes packets to a file for tshark and wireshark, with a comment on each packet. */
#ifndef TXPATH_TRACE_PCAPNG_H
#define TXPATH_TRACE_PCAPNG_H

#include <stdio.h>

#include <linux/types.h>

/* Writes the head of the file. Returns 0 or a negative errno. */
int pcapng_begin(FILE *file);

/*
 * Writes a packet that begins with its IP header. captured: how many of its length bytes there are.
 * time_ns: since 1970. Returns 0 or a negative errno.
 */
int pcapng_packet(FILE *file, __u64 time_ns, const void *bytes, __u32 captured, __u32 length,
		  const char *comment);

#endif /* TXPATH_TRACE_PCAPNG_H */
