/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What txpath classify load shares with bpf/classify.bpf.c. Both come from one binary, and the maps
 * belong to the program that was loaded with them: with it they go.
 *
 * A rule is a bit in a row of bits. For each thing that rules ask about, a dimension, the value
 * that a packet has leads to the row of the rules that allow it; the lowest bit that is set in the
 * rows of all dimensions is the first rule that matches.
 */
#ifndef TXPATH_CLASSIFY_H
#define TXPATH_CLASSIFY_H

#include <linux/types.h>

#define TXP_CLASS_RULES 1024 /* at most; a bit in a row each */
#define TXP_CLASS_WORDS (TXP_CLASS_RULES / 64)
#define TXP_CLASSES 256		  /* at most */
#define TXP_CLASS_PREFIXES 131072 /* at most, of all rules */
#define TXP_CLASS_NAME 32	  /* bytes of a name, with the 0 that ends it */
#define TXP_CLASS_TEXT 128

/*
 * TXP_DIMENSION(ID, name, max, meaning): numbers that rules ask about, as NAME: in the file.
 *   max  the largest value
 */
#define TXP_DIMENSIONS(TXP_DIMENSION)                                                              \
	TXP_DIMENSION(DEV, "dev", 0x7fffffff, "leaves by this device")                             \
	TXP_DIMENSION(PROTO, "proto", 255, "protocol above IP; of IPv6 past extension headers")    \
	TXP_DIMENSION(SPORT, "sport", 65535, "source port; no fragment but the first has one")     \
	TXP_DIMENSION(DPORT, "dport", 65535, "destination port; the same")                         \
	TXP_DIMENSION(DSCP, "dscp", 63, "as the packet has it so far")                             \
	TXP_DIMENSION(PRIORITY, "priority", 0xffffffff, "skb->priority so far")                    \
	TXP_DIMENSION(LEN, "len", 0xffffffff, "bytes from the IP header on, also of GSO packets")  \
	TXP_DIMENSION(UID, "uid", 0xfffffffe, "user of the socket that sends; local packets only")

enum txp_dimension {
#define TXP_DIMENSION_ENUM(id, name, max, meaning) TXP_DIMENSION_##id,
	TXP_DIMENSIONS(TXP_DIMENSION_ENUM)
#undef TXP_DIMENSION_ENUM
		TXP_DIMENSION_COUNT,
};

enum txp_class_family {
	TXP_CLASS_IPV4,
	TXP_CLASS_IPV6,
};

enum txp_direction {
	TXP_DIRECTION_LOCAL,	 /* from a socket of this host */
	TXP_DIRECTION_FORWARDED, /* it came in by a device */
};

enum txp_class_sets {
	TXP_CLASS_SETS_PRIORITY = 1 << 0,
	TXP_CLASS_SETS_DSCP = 1 << 1,
	TXP_CLASS_SETS_MARK = 1 << 2,
	TXP_CLASS_SETS_TIME = 1 << 3,
};

/* What a class does to a packet. */
struct txp_class {
	__u32 sets;	/* enum txp_class_sets */
	__u32 priority; /* skb->priority: of a class of HTB and the like its handle */
	__u32 mark;	/* & mark_mask */
	__u32 mark_mask;
	__u32 pace; /* TIME: place in the map "class_paces" */
	__u8 dscp;
	__u8 reserved[3];
};

#endif /* TXPATH_CLASSIFY_H */
