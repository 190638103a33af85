/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Values that an operator writes, on the command line and in the file of txpath classify. */
#ifndef TXPATH_LIB_VALUE_H
#define TXPATH_LIB_VALUE_H

#include <linux/types.h>

/* Decimal, or with 0x hexadecimal; no sign. Returns 0, -EINVAL, or -ERANGE: it is more than max. */
int number_parse(const char *text, __u64 max, __u64 *number);

struct address {
	__be32 word[4]; /* of IPv4 the first, the others 0 */
	__u8 family;	/* AF_INET or AF_INET6 */
	__u8 length;	/* bits of the prefix; without one all */
};

/* ADDRESS or ADDRESS/LENGTH of either family. Returns 0 or -EINVAL. */
int address_parse(const char *text, struct address *address);

/* What a prefix of so many bits asks of an address. */
void prefix_mask(__u8 length, __be32 mask[4]);

/* A name of /etc/protocols, of the few known without it, or a number. Returns 0 or -EINVAL. */
int protocol_parse(const char *text, __u8 *protocol);

/* MARK or MARK/MASK, as they stand. Returns 0 or -EINVAL. */
int mark_parse(const char *text, __u32 *mark, __u32 *mask);

#endif /* TXPATH_LIB_VALUE_H */
