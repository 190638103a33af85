/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Shared by the commands probes, latency and trace and by bpf/trace/trace.bpf.c. Nothing here is
 * pinned: programs and maps come from the same binary, and are gone when the command ends.
 */
#ifndef TXPATH_TRACE_H
#define TXPATH_TRACE_H

#include <stdbool.h>

#include <linux/types.h>

#include "probes.h"

/*
 * The filter of a session: a packet must meet all conditions, and a member that is 0 is none.
 * Addresses are four words in network byte order; IPv4 uses the first.
 *
 * TXP_FILTER(ID, name, value, range, meaning): NAME=VALUE on the command line.
 *   value  as in help, and range: the error for a wrong value
 */
#define TXP_FILTERS(TXP_FILTER)                                                                    \
	TXP_FILTER(DEV, "dev", "DEVICE", "a device of this network namespace",                     \
		   "the packet leaves, or is to leave, by this device")                            \
	TXP_FILTER(NETNS, "netns", "NAME", "a name, path or process id",                           \
		   "the packet is in this network namespace")                                      \
	TXP_FILTER(PROTO, "proto", "NAME|NUMBER", "a protocol's name, or a number from 0 to 255",  \
		   "protocol of the IP header")                                                    \
	TXP_FILTER(SRC, "src", "ADDRESS[/LENGTH]", "an IPv4 or IPv6 address or prefix",            \
		   "source address or prefix")                                                     \
	TXP_FILTER(DST, "dst", "ADDRESS[/LENGTH]", "an IPv4 or IPv6 address or prefix",            \
		   "destination address or prefix")                                                \
	TXP_FILTER(HOST, "host", "ADDRESS[/LENGTH]", "an IPv4 or IPv6 address or prefix",          \
		   "source or destination address or prefix")                                      \
	TXP_FILTER(SPORT, "sport", "PORT", "a number from 1 to 65535", "source port")              \
	TXP_FILTER(DPORT, "dport", "PORT", "a number from 1 to 65535", "destination port")         \
	TXP_FILTER(PORT, "port", "PORT", "a number from 1 to 65535", "source or destination port") \
	TXP_FILTER(MARK, "mark", "MARK[/MASK]", "a number, or a number and a mask",                \
		   "mark of the packet, or of its socket where the packet has none yet")

enum txp_filter_id {
#define TXP_FILTER_ENUM(id, name, value, range, meaning) TXP_FILTER_##id,
	TXP_FILTERS(TXP_FILTER_ENUM)
#undef TXP_FILTER_ENUM
		TXP_FILTER_COUNT,
};

struct txp_prefix {
	__be32 address[4];
	__be32 mask[4];
	__u32 family; /* AF_INET or AF_INET6, 0: any address */
};

struct txp_filter {
	__u64 netns; /* cookie, or inode number where there is none */
	__u32 ifindex;
	__u32 mark;
	__u32 mark_mask;
	struct txp_prefix src;
	struct txp_prefix dst;
	struct txp_prefix host;
	__be16 sport;
	__be16 dport;
	__be16 port;
	__u8 protocol;
	__u8 has_protocol;
	__u8 asks_header; /* a condition on addresses, ports or protocol */
	__u8 reserved[3];
};

enum txp_trace_what {
	TXP_TRACE_COUNT = 1 << 0,
	TXP_TRACE_LATENCY = 1 << 1,
	TXP_TRACE_RECORD = 1 << 2,
};

/* The programs' .rodata: the verifier removes the code that the session does not want. */
struct txp_trace_config {
	struct txp_filter filter;
	__u64 event_ns; /* 1 s / records that each CPU may write in a second */
	__u32 what;	/* enum txp_trace_what */
	__u32 probes;	/* bit per enum txp_probe that is traced */
	__u32 snap;	/* bytes of the packet in a record */
	__u32 reserved;
};

/* Does the session need more of a packet than its device and namespace? */
static inline bool txp_asks_packet(const volatile struct txp_trace_config *session)
{
	return session->filter.asks_header || session->filter.mark_mask ||
	       session->what & (TXP_TRACE_LATENCY | TXP_TRACE_RECORD);
}

#define TXP_REASON_OF_SUBSYSTEM 0xffff /* code of a drop reason outside enum skb_drop_reason */

#define TXP_COUNTS 16384
#define TXP_COUNT_PLACES 2048

/* map "counts": per CPU, the keys that have no place in "placed" */
struct txp_count_key {
	__u64 netns;
	__u32 ifindex; /* the packet leaves by this device; 0: not known yet */
	__u16 probe;   /* enum txp_probe */
	__u16 code;    /* NET_DEV_XMIT: the driver's return code; DROP: the reason */
};

struct txp_count {
	__u64 packets;
	__u64 bytes; /* skb->len at the probe */
};

/*
 * map "placed": per CPU, an array of counters. The map "places" has the struct txp_count_key of
 * each place.
 */
struct txp_count_place {
	__u64 netns; /* of the key */
	__u64 rest;  /* the rest of the key; 0: nothing was counted on this CPU */
	struct txp_count count;
};

/* map "spans": per CPU, time from one probe to the next one of the packet */
struct txp_span_key {
	__u16 from;
	__u16 to;
	__u16 whole; /* 1: from its first probe to the last */
	__u16 reserved;
};

#define TXP_SPAN_BUCKETS 40 /* [2^n, 2^(n+1)) ns; the last one is open */

struct txp_span {
	__u64 count;
	__u64 sum; /* ns */
	__u64 max;
	__u64 bucket[TXP_SPAN_BUCKETS];
};

#define TXP_SKB_TRACKED_MAX 65536

/* map "skb_tracking": packets on the transmit path, by the address of their skb */
struct txp_skb_tracking {
	__u64 first_ns; /* CLOCK_MONOTONIC */
	__u64 last_ns;
	__u32 identity; /* a hash of addresses and protocol; 0: not known */
	__u16 first;	/* enum txp_probe */
	__u16 last;
};

/* map "loss_stats", one row per CPU: events that the figures miss */
struct txp_loss_stats {
	__u64 uncounted; /* no room for another row */
	__u64 unpaired;	 /* first seen behind the entry probes: fragments, segments, clones */
	__u64 replaced;	 /* another packet reused the memory of a tracked one */
	__u64 lost;	 /* records lost: the buffer was full */
	__u64 limited;	 /* records over the rate limit */
};

enum txp_pkt_info_flag {
	TXP_PKT_INFO_HEADER = 1 << 0, /* the IP header is there: ttl, tos, id, fragment */
	TXP_PKT_INFO_PORTS = 1 << 1,
	TXP_PKT_INFO_QUEUE = 1 << 2, /* queue is chosen */
	TXP_PKT_INFO_NEXT_HOP = 1 << 3,
};

/* What a probe knows of a packet. */
struct txp_pkt_info {
	__u64 netns;
	__u32 ifindex;
	__u32 len; /* skb->len */
	__u32 mark;
	__u32 priority;
	__be32 saddr[4];
	__be32 daddr[4];
	__be32 next_hop[4];
	__be16 sport;
	__be16 dport;
	__u16 id;
	__u16 fragment; /* host order: DF, MF and offset of IPv4 */
	__u16 queue;
	__u8 family; /* AF_INET, AF_INET6, 0: another protocol */
	__u8 protocol;
	__u8 ttl;
	__u8 tos;
	__u8 next_hop_family;
	__u8 flags; /* enum txp_pkt_info_flag */
};

#define TXP_SNAP_MAX 256

/* map "records", a ring buffer */
struct txp_record {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 skb;
	__u64 location; /* DROP: the caller of kfree_skb */
	struct txp_pkt_info info;
	char dev[16];
	__u16 probe;
	__u16 code;		 /* as in struct txp_count_key */
	__u16 captured;		 /* bytes of data that are filled */
	__u16 protocol;		 /* skb->protocol, host order */
	__u8 data[TXP_SNAP_MAX]; /* from the IP header on */
};

#define TXP_RECORDS_SIZE (4 * 1024 * 1024)

_Static_assert(sizeof(struct txp_count_key) == 16, "struct txp_count_key has padding");
_Static_assert(sizeof(struct txp_count_place) == 32, "struct txp_count_place has padding");
_Static_assert(sizeof(struct txp_span_key) == 8, "struct txp_span_key has padding");
_Static_assert(sizeof(struct txp_pkt_info) == 88, "struct txp_pkt_info has padding");
_Static_assert(sizeof(struct txp_record) == 24 + 88 + 24 + TXP_SNAP_MAX,
	       "struct txp_record has padding");

#endif /* TXPATH_TRACE_H */
