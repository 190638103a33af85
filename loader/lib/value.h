/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parses values that an operator writes, on the command line or in a file for txpath classify. */
#ifndef TXPATH_LIB_VALUE_H
#define TXPATH_LIB_VALUE_H

#include <linux/types.h>

/* Decimal, or hexadecimal after 0x; no sign. Returns 0, -EINVAL, or -ERANGE (more than max). */
int number_parse(const char *text, __u64 max, __u64 *number);

struct address {
	__be32 word[4]; /* IPv4 uses the first word, the others are 0 */
	__u8 family;	/* AF_INET or AF_INET6 */
	__u8 length;	/* bits of the prefix; a plain address has all */
};

/* ADDRESS or ADDRESS/LENGTH of either family. Returns 0 or -EINVAL. */
int address_parse(const char *text, struct address *address);

/* The mask of a prefix of length bits. An IPv4 prefix needs the first word only. */
void prefix_mask(__u8 length, __be32 mask[4]);

/* A name of /etc/protocols or of a built-in list, or a number. Returns 0 or -EINVAL. */
int protocol_parse(const char *text, __u8 *protocol);

/* MARK or MARK/MASK; mark may have bits outside mask. Returns 0 or -EINVAL. */
int mark_parse(const char *text, __u32 *mark, __u32 *mask);

#endif /* TXPATH_LIB_VALUE_H */
