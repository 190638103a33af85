/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shared by the loader and bpf/classify/classify.bpf.c. Both are in one binary, and the maps exist
 * only as long as the program that was loaded with them, so this is not an ABI.
 *
 * A rule is a bit in a bitmap. For each dimension (what rules have conditions on), the packet's
 * value leads to the bitmap of the rules that allow it. The lowest bit that is set in the bitmaps
 * of all dimensions is the first rule that matches.
 */
#ifndef TXPATH_CLASSIFY_H
#define TXPATH_CLASSIFY_H

#include <linux/types.h>

#define TXP_CLASS_RULES 1024 /* at most; each is a bit in a bitmap */
#define TXP_CLASS_WORDS (TXP_CLASS_RULES / 64)
#define TXP_CLASSES 256		  /* at most */
#define TXP_CLASS_PREFIXES 131072 /* at most, of all rules */
/* Numbers and ranges of all rules, at most: what finds a number halves as often as for prefixes. */
#define TXP_CLASS_RANGES TXP_CLASS_PREFIXES
#define TXP_CLASS_VALUES 4096 /* marks, and cgroups, of all rules, at most */
#define TXP_CLASS_NAME 32     /* bytes of a name, with the 0 that ends it */
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

/* map "class_actions", a row for each rule: what its class does to a packet. */
struct txp_class {
	__u64 rate;	/* TIME: bytes in a second */
	__u32 sets;	/* enum txp_class_sets */
	__u32 priority; /* skb->priority: of a class of HTB and the like its handle */
	__u32 mark;	/* & mark_mask */
	__u32 mark_mask;
	__u32 clock; /* TIME: the row of "edt_clocks" */
	__u8 dscp;
	__u8 reserved[3];
};

/* map "rule_bitmaps": a set of rules. */
struct txp_rule_bitmap {
	__u64 summary; /* a bit for each word that is not 0 */
	__u64 words[TXP_CLASS_WORDS];
};

/*
 * map "rule_intervals": values from first on, up to the first of the next interval. The intervals
 * of a dimension are sorted, and the first one begins at 0.
 */
struct txp_rule_interval {
	__u32 first;
	__u32 bitmap; /* index in the map "rule_bitmaps" */
};

/* map "rule_intervals6": the same for IPv6 addresses, their two halves in host byte order */
struct txp_rule_interval6 {
	__u64 high;
	__u64 low;
	__u64 bitmap;
};

/* map "class_tables": for dimensions with few values, the index of each value's bitmap. */
struct txp_class_tables {
	__u16 kind[4 * 256]; /* direction << 9 | family << 8 | protocol */
	__u16 dscp[64];
	__u16 sport[65536];
	__u16 dport[65536];
};

/* map "class_values": values compared for equality, to a bitmap's index. No entry: plan.other. */
struct txp_class_value_key {
	__u32 ask; /* place in plan.marks, or TXP_CLASS_MARKS and place in plan.levels */
	__u32 reserved;
	__u64 value;
};

#define TXP_CLASS_MARKS 4  /* masks of marks, at most */
#define TXP_CLASS_LEVELS 4 /* depths of cgroups */

/* Each look-up of a packet's bitmap, in the order of the program. */
enum txp_class_ask {
	TXP_ASK_KIND,
	TXP_ASK_SPORT,
	TXP_ASK_DPORT,
	TXP_ASK_DSCP,
	TXP_ASK_DEV,
	TXP_ASK_PRIORITY,
	TXP_ASK_LEN,
	TXP_ASK_UID,
	TXP_ASK_SOURCE,
	TXP_ASK_DESTINATION,
	TXP_ASK_MARK,
	TXP_ASK_CGROUP = TXP_ASK_MARK + TXP_CLASS_MARKS,
	TXP_ASK_COUNT = TXP_ASK_CGROUP + TXP_CLASS_LEVELS,
};

struct txp_class_span {
	__u32 at;    /* index of the first interval */
	__u32 count; /* of intervals; 0: no rule of this file needs them */
};

/* The program's .rodata, so that the verifier removes look-ups that no rule needs. */
struct txp_class_plan {
	__u64 netns;
	__u32 rules;
	__u32 asks;				   /* bit per enum txp_class_ask */
	__u32 edt_clocks;			   /* bool: a class has a rate */
	__u32 writes;				   /* bool: a class sets DSCP */
	struct txp_class_span span[TXP_ASK_COUNT]; /* look-ups with intervals */
	struct txp_class_span span6[2];		   /* of sources and destinations of IPv6 */
	__u32 other[TXP_ASK_COUNT];		   /* bitmap of a packet without such a value */
	__u32 marks[TXP_CLASS_MARKS];		   /* masks */
	__u32 levels[TXP_CLASS_LEVELS];
};

/* map "class_hits", per CPU, a tally for each rule, then these */
enum txp_class_rest {
	TXP_CLASS_UNMATCHED, /* no rule allows it: left as it is */
	TXP_CLASS_NOT_IP,    /* not asked: neither IPv4 nor IPv6, or its header is not there */
	TXP_CLASS_REST_COUNT,
};

/* map "class_names", a row for each rule: for txpath classify show and trace */
struct txp_class_name {
	char rule[TXP_CLASS_NAME];
	char class[TXP_CLASS_NAME];
	char match[TXP_CLASS_TEXT];
	__u32 line; /* in the file */
};

#define TXP_CLASS_FILE 256

/* map "class_about", one row */
struct txp_class_about {
	char file[TXP_CLASS_FILE];
	__u64 loaded_ns; /* CLOCK_REALTIME */
};

/* map "class_devices", a row for each device that a rule names: who it was when the file was loaded
 */
struct txp_class_device {
	__u32 ifindex;
	char name[16];
};

/* map "edt_clocks", a row for each class with a rate: those of this file and of the one before. */
#define TXP_EDT_CLOCKS (2 * TXP_CLASSES)
#define TXP_EDT_CLOCK_SIZE 24

/* What rules ask of a packet. Host byte order but for addresses. */
struct txp_class_fields {
	__u32 number[TXP_DIMENSION_COUNT];
	__be32 source[4];
	__be32 destination[4];
	__u64 cgroup[TXP_CLASS_LEVELS]; /* at the depths of plan.levels */
	__u32 mark;
	__u32 transport; /* where its header is, from IPv6's on; 0: not known */
	__u8 family;	 /* enum txp_class_family */
	__u8 direction;	 /* enum txp_direction */
	__u8 has_ports;
	__u8 has_user;
	__u32 reserved;
};

_Static_assert(sizeof(struct txp_class) == 32, "struct txp_class has padding");
_Static_assert(sizeof(struct txp_class_value_key) == 16, "struct txp_class_value_key has padding");

#endif /* TXPATH_CLASSIFY_H */
