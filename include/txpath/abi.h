/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the BPF programs and userspace share: keys and values of the pinned maps.
 *
 * All integers are in host byte order unless their type says otherwise (__be32). There is no
 * hidden padding: every hole is a named member, every size is asserted below. A change of any
 * layout here needs a new TXP_ABI_VERSION, which is also the name of the pin directory.
 */
#ifndef TXPATH_ABI_H
#define TXPATH_ABI_H

#include <linux/types.h>

#include "classify.h"
#include "fields.h"
#include "reasons.h"
#include "probes.h"

#define TXP_ABI_VERSION 2

/* A device is known by its namespace and index: a link follows its device when it moves. */
struct txp_device_key {
	__u64 netns; /* netns cookie; inode number of the namespace where there is no cookie */
	__u32 ifindex;
	__u32 reserved;
};

enum txp_mode {
	TXP_MODE_OFF,
	TXP_MODE_SHADOW,
	TXP_MODE_OFFLOAD,
};

/* What netfilter's hooks on the forwarding path mean for a device's packets: --netfilter. */
enum txp_netfilter {
	TXP_NETFILTER_DECLINE, /* where a hook may have a say, the kernel forwards */
	TXP_NETFILTER_LEASE,   /* what netfilter let pass unchanged holds for the connection */
	TXP_NETFILTER_BYPASS,  /* and for all between the two addresses */
};

/* map "devices": one row per attached device, written by the loader; the last three by egress. */
struct txp_device {
	__u32 mode;   /* enum txp_mode; TXP_MODE_OFF: attaching it has not come to its end */
	__u32 l2_len; /* bytes before the IP header: ETH_HLEN, or 0 for a layer 3 device */
	__u32 clsact; /* 1: the clsact qdisc is ours and goes with us; 2: without our filter yet */
	__u32 tc_priority;	/* of our filter on clsact, 0: there is none */
	char name[16];		/* when attached; the device may have been renamed since */
	__u32 netfilter;	/* enum txp_netfilter */
	__u32 ingress_priority; /* of our filter at TC ingress on clsact, 0: there is none */
	__u32 demotions;	/* only grows; offload while it is what it was at promotion */
	__u32 promoted_at;	/* demotions when the loader promoted the device */
	__u64 surprises;	/* since the last promotion */
	__u64 agreements;	/* leases agreed on since then, counted up to promote_after */
};

struct txp_tally {
	__u64 packets;
	__u64 bytes; /* as the device counts them: with the link-layer header */
};

struct txp_reason_tallies {
#define TXP_REASON_MEMBER(id, name, meaning) struct txp_tally name;
	TXP_REASONS(TXP_REASON_MEMBER)
#undef TXP_REASON_MEMBER
};

struct txp_probe_tallies {
#define TXP_PROBE_MEMBER(id, name, traits, what) struct txp_tally name;
	TXP_PROBES(TXP_PROBE_MEMBER)
#undef TXP_PROBE_MEMBER
};

struct txp_verdict_counts {
#define TXP_VERDICT_MEMBER(id, name, meaning) __u64 name;
	TXP_VERDICTS(TXP_VERDICT_MEMBER)
#undef TXP_VERDICT_MEMBER
};

struct txp_field_counts {
#define TXP_FIELD_MEMBER(id, name, kind, rule) struct txp_verdict_counts name;
	TXP_FIELDS(TXP_FIELD_MEMBER)
#undef TXP_FIELD_MEMBER
};

struct txp_transit_tallies {
#define TXP_TRANSIT_MEMBER(id, name, meaning) struct txp_tally name;
	TXP_TRANSITS(TXP_TRANSIT_MEMBER)
#undef TXP_TRANSIT_MEMBER
};

struct txp_basis_counts {
#define TXP_BASIS_MEMBER(id, name, meaning) __u64 name;
	TXP_BASES(TXP_BASIS_MEMBER)
#undef TXP_BASIS_MEMBER
};

/*
 * map "counters": per device and CPU. They only grow, with one exception: part of fields.*.unknown
 * may move to fields.*.mismatch later (bpf/verify/cause.bpf.h).
 */
struct txp_counters {
	struct txp_reason_tallies reasons;   /* add up to every packet seen at egress */
	struct txp_transit_tallies transits; /* add up to every packet seen at ingress */
	struct txp_basis_counts learned;     /* leases written for flows that came in here */
	__u64 surprises;		     /* renewals that differ although nothing moved */
	struct txp_probe_tallies probes;
	struct txp_field_counts fields;
};

/* map "examples": the latest mismatch of a field on a device, to be read beside the counters. */
struct txp_example_key {
	struct txp_device_key device;
	__u32 field; /* enum txp_field */
	__u32 reserved;
};

struct txp_example {
	__u64 time_ns;	/* CLOCK_MONOTONIC */
	__u64 expected; /* MAC addresses: the six bytes, first byte lowest; next hop: __be32 */
	__u64 actual;
	__be32 saddr;
	__be32 daddr;
	__u32 protocol;
	__u32 total; /* bytes, without the link-layer header */
};

#define TXP_HARMLESS_HOOKS 8
#define TXP_SELINUX_HOOKS 4
#define TXP_CONNTRACK_HOOKS 4
#define TXP_PROBES_MAX 32
#define TXP_KNOBS_MAX 16

/* map "instance": one row, written by the loader before any program is attached. */
struct txp_instance {
	__u32 abi;	     /* TXP_ABI_VERSION */
	__u32 probes;	     /* bit per enum txp_probe that has a hook */
	__u32 epoch;	     /* probe programs of another epoch stay silent */
	__u32 nf_program;    /* id of our own netfilter program, 0: none */
	__u64 netns;	     /* as in struct txp_device_key */
	__u64 nf_run_bpf;    /* address of nf_hook_run_bpf, 0: not known */
	__s32 lo_forwarding; /* value to restore at the last detach, -1: untouched */
	__u32 fib_mark;	     /* BPF_FIB_LOOKUP_MARK where the kernel has it, else 0 */
	__u64 harmless[TXP_HARMLESS_HOOKS]; /* addresses of netfilter hooks that change nothing */
	__u8 probe_hook[TXP_PROBES_MAX];    /* by enum txp_probe: enum txp_hook_kind got */
	__s32 probe_errno[TXP_PROBES_MAX];  /* of the best hook, when it was refused: -errno */
	__u32 transit_program;		    /* id of the program at TC ingress, 0: none */
	__u32 transit_before;		    /* the one that it takes the place of: ours as well */
	__u64 selinux[TXP_SELINUX_HOOKS];   /* addresses of SELinux's netfilter hooks */
	__u64 sock_pfree;		    /* address of the kernel's function, 0: not known */
	__u64 lease_ns;			    /* how long a lease holds */
	__u32 max_surprises;		    /* of a device, before it is demoted to shadow */
	__s32 transit_errno;		    /* why transit_program is 0: -errno */
	__u32 left_out;	     /* bit per enum txp_probe whose netfilter fallback the knob left out */
	__u32 promote_after; /* agreements that a device in offload waits for */
	__u64 conntrack[TXP_CONNTRACK_HOOKS]; /* addresses of conntrack's hooks at PREROUTING */
	__u64 tick_ns;	  /* between two jiffies, 0: not known, nothing is a hit */
	__u64 compare_ns; /* 1 s / compare-rate: what comparing a packet takes of it; 0: nothing */
	__u64 settle_ns;  /* a look-up that differs is unknown for that long; 0: a mismatch */
	__u32 knob[TXP_KNOBS_MAX]; /* by enum txp_knob: the value in force, in the unit of the knob;
				      of a word its place */
};

/*
 * map "mode_epoch", one row, a __u64: it changes as soon as the mode of a device does, and is 0
 * while modes are being written. A packet is a hit only if the slow path took the flow's last
 * packet under the same number, and the number is not 0.
 */

/* map "moments", one row: when something that has no generation of its own last changed. */
struct txp_moments {
	__u64 neighbour_ns; /* CLOCK_MONOTONIC */
	__u32 genid;	    /* rt_genid when last looked at */
	__u32 nexthop_seq;  /* nexthop.seq when that was first seen */
};

/*
 * The key of a flow: what of a packet decides where it goes, and both ingress and egress see. Ports
 * and protocol are 0 unless policy rules, the multipath hash or netfilter look at them.
 */
struct txp_lease_key {
	__be32 saddr;
	__be32 daddr;
	__u32 iif;
	__u32 mark;
	__be16 sport;
	__be16 dport;
	__u8 protocol;
	__u8 dscp; /* the TOS byte without ECN */
	__u16 reserved;
};

/* A lease holds while these are the same: read when it is learned, and at each use. */
struct txp_genid_snapshot {
	__u32 rt_genid;
	__u32 fib_seq;
	__u32 nexthop_seq;
	__u16 rp_filter; /* of the device, and of all four times that */
	__u16 settings;	 /* other sysctls without a generation, packed */
	__u32 netfilter; /* of its rules and chains; 0: not looked at */
	__u32 hash;	 /* that the packet brought along and takes its path by; 0: none */
};

#define TXP_LEASES_SHIFT 14 /* log2 of the leases per CPU */
#define TXP_LEASE_PAGE_SHIFT 6
#define TXP_LEASES_PER_PAGE (1 << TXP_LEASE_PAGE_SHIFT)
#define TXP_LEASE_PAGES (1 << (TXP_LEASES_SHIFT - TXP_LEASE_PAGE_SHIFT))

/*
 * map "leases": per CPU, direct-mapped. What the kernel did with a flow a moment ago. Two cache
 * lines: a hit needs both, a packet that finds another flow here is done with the first.
 */
struct txp_lease {
	struct txp_lease_key key;
	struct txp_genid_snapshot genids;
	__u64 mode_epoch;  /* of the map "mode_epoch" when the slow path took a packet by this
			      lease; 0: it has not, or something prevents hits */
	__u64 learned;	   /* ns, CLOCK_MONOTONIC_COARSE; 0: the place is empty */
	__u64 output;	   /* address of the output's net_device; 0: a mark (offload/slow.bpf.h) */
	__u64 neighbour;   /* address of the next hop's struct neighbour */
	__u8 ethernet[12]; /* destination and source of the frame as it left */
	__u32 oif; /* ifindex of the output; follows ethernet: both go to txpath_rewrite in one
		      piece */
	__u8 next_hop[8]; /* of the neighbour's record: the last four are the address (of an
			     IPv6 one its last word), the first whatever is before it there */
	__u64 until;	  /* jiffies; no hit from then on */
	__u64 tick;	  /* jiffies when a hit last read what has no generation */
	__u16 mtu;	  /* for forwarding, bytes of IP */
	__u8 transit;	  /* enum txp_transit: TAKEN, or why not */
	__u8 basis;	  /* enum txp_basis */
	__u8 asked;	  /* output is 0 and bpf_fib_lookup has been asked why */
	__u8 next_hop_at; /* where in the neighbour's key that is: 0 or 12 */
	__u8 priority;	  /* of a hit, from the TOS byte */
	__u8 reserved;
};

/* What a packet compares first of a place in the table: most often that is enough. */
struct txp_lease_tag {
	__u32 hash; /* of the key, which also says which place it is */
	__u32 time; /* jiffies when it was learned; 0: the lease is over before its time */
};

/*
 * One element of the map. The kernel has a table with the address of each element. With one lease
 * an element that table would fill a CPU cache. The tags are together for the same reason: a lease
 * of another flow is two cache lines that are not in any cache.
 */
struct txp_lease_page {
	struct txp_lease_tag tag[TXP_LEASES_PER_PAGE];
	struct txp_lease lease[TXP_LEASES_PER_PAGE];
};

/*
 * map "dev_cache": per CPU, by the device's index. The kernel's own values when the slow path last
 * let a packet of the device pass: while they are the same, it would do so again. And the tallies
 * that most packets need: the map "counters" would cost each packet a look-up.
 */
struct txp_dev_cache {
	__u32 ifindex;		     /* 0: free; the first device takes it */
	__u32 ready;		     /* ifindex: what a hit compares with is filled in */
	struct txp_tally taken;	     /* part of transits.taken */
	struct txp_tally redirected; /* part of reasons.redirected */
	__u64 net;		     /* address of struct net */
	__u64 tcx;		     /* of struct tcx_entry: transit is its only program */
	__u8 key_ports;		     /* the key has ports */
	__u8 hash;		     /* the path depends on the hash that the packet brings along */
	__u8 netfilter;		     /* hooks act, leased or bypassed: see tcp_segment_continues */
	__u8 conntrack;		     /* one of them may be conntrack's */
	__u32 genid; /* rt_genid when a packet without a lease last took the slow path */
	/* the second cache line: a hit needs no more than two */
	__u64 tcx_revision; /* revision of tcx's programs then */
	__u64 prerouting;   /* addresses of netfilter's hooks, 0: none */
	__u64 forward;
	__u64 postrouting;
	__u64 rp_filter;     /* addresses of the sysctls: of the device */
	__u64 rp_filter_all; /* and of all */
	__u64 hook;	     /* the only one at POSTROUTING: its function; 0: not compared */
	__u64 hook_of;	     /* and its priv */
	__u64 sock_pfree;    /* of struct txp_instance */
	/* Parts of struct txp_counters that most packets need. */
	struct txp_tally over_rate;  /* of reasons */
	struct txp_tally ip_forward; /* of probes */
	struct txp_tally ip_output;
	struct txp_tally dev_queue_xmit;
	struct txp_tally net_dev_queue;
	__u64 queue_match; /* of fields.tx_queue */
	__u64 queue_observed;
	struct txp_tally would_take; /* of transits */
	struct txp_tally miss;
	struct txp_tally collision;
	__u64 tick;		 /* jiffies when the values to compare were last noted */
	struct txp_tally no_dst; /* of reasons */
	__u64 unused[2];
};

/* map "events", a ring buffer: what an operator wants to know as it happens. */
enum txp_event_kind {
	TXP_EVENT_SURPRISE,   /* a renewal that differs although nothing moved */
	TXP_EVENT_DEMOTION,   /* a device that had too many of them */
	TXP_EVENT_DECLINE,    /* while somebody traces: a packet that transit left to the kernel */
	TXP_EVENT_MISMATCH,   /* and a field that differs from what was predicted */
	TXP_EVENT_CLASSIFIED, /* and a packet that a rule of txpath classify matched */
};

struct txp_classified {
	struct txp_class_fields fields; /* before */
	struct txp_class class;		/* what it was given */
	char rule[TXP_CLASS_NAME];
	char class_name[TXP_CLASS_NAME];
};

struct txp_event {
	__u64 time_ns;		      /* CLOCK_MONOTONIC */
	struct txp_device_key device; /* where the packet came in; MISMATCH: where it leaves */
	__u32 kind;		      /* enum txp_event_kind */
	__u32 code; /* DECLINE: enum txp_transit; MISMATCH: enum txp_field; CLASSIFIED: the rule */
	union {
		struct {
			struct txp_lease before; /* SURPRISE: what transit held; DECLINE: its key */
			struct txp_lease after;	 /* and what the kernel did now */
		};
		struct txp_example example; /* MISMATCH */
		struct txp_classified classified;
	};
};

/*
 * map "tracing", one row, which txpath trace writes again and again: until that time declines and
 * mismatches are events too. So a trace that was killed ends by itself.
 */
struct txp_tracing {
	__u64 until_ns; /* CLOCK_MONOTONIC */
	__u64 event_ns; /* 1 s / such events that each CPU may write in it */
};

/* map "event_ratelimit", per CPU: of these events */
struct txp_event_ratelimit {
	__u64 due_ns;  /* of the next one */
	__u64 limited; /* over the rate, ever */
	__u64 lost;    /* for want of room, ever */
};

#define TXP_EVENTS_SIZE (512 * 1024) /* bytes */
/* map "transit_calls": the programs that the one at TC ingress calls. */
enum txp_transit_call {
	TXP_CALL_REWRITE,
	TXP_CALL_SLOW_PATH,
	TXP_CALL_COUNT,
};

/*
 * Words of the packet's control block from the program that decides to the one that writes: the
 * sixteen bytes that struct txp_lease has of the frame and the output, and the priority.
 */
enum txp_rewrite {
	TXP_REWRITE_ETHERNET,
	TXP_REWRITE_OIF = 3,
	TXP_REWRITE_PRIORITY,
	/* once the priority is read: TXP_REWRITE_MAGIC, by which TC egress knows the packet */
	TXP_REWRITE_MARK = TXP_REWRITE_PRIORITY,
};

#define TXP_REWRITE_MAGIC 0x74787031

/* map "egress_calls": the programs that the one at TC egress calls. */
enum txp_egress_call {
	TXP_CALL_COMPARE,
	TXP_CALL_CLASSIFY, /* empty: no rules are loaded */
	TXP_EGRESS_CALL_COUNT,
};

#define TXP_DEV_CACHE_SLOTS 4096 /* per CPU; a power of two */

#define TXP_MAX_DEVICES 16384

#define TXP_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == (size), #type " has padding")

TXP_ASSERT_SIZE(struct txp_device_key, 16);
TXP_ASSERT_SIZE(struct txp_device, 64);
TXP_ASSERT_SIZE(struct txp_tally, 16);
TXP_ASSERT_SIZE(struct txp_reason_tallies, 16 * TXP_REASON_COUNT);
TXP_ASSERT_SIZE(struct txp_probe_tallies, 16 * TXP_PROBE_COUNT);
TXP_ASSERT_SIZE(struct txp_verdict_counts, 8 * TXP_VERDICT_COUNT);
TXP_ASSERT_SIZE(struct txp_field_counts, 8 * TXP_VERDICT_COUNT * TXP_FIELD_COUNT);
TXP_ASSERT_SIZE(struct txp_example_key, 24);
TXP_ASSERT_SIZE(struct txp_example, 40);
TXP_ASSERT_SIZE(struct txp_instance, 40 + 8 * TXP_HARMLESS_HOOKS + 5 * TXP_PROBES_MAX +
					     8 * TXP_SELINUX_HOOKS + 8 * TXP_CONNTRACK_HOOKS + 64 +
					     4 * TXP_KNOBS_MAX);
_Static_assert(TXP_PROBE_COUNT <= TXP_PROBES_MAX, "probes have no room in struct txp_instance");
TXP_ASSERT_SIZE(struct txp_moments, 16);
TXP_ASSERT_SIZE(struct txp_transit_tallies, 16 * TXP_TRANSIT_COUNT);
TXP_ASSERT_SIZE(struct txp_basis_counts, 8 * TXP_BASIS_COUNT);
TXP_ASSERT_SIZE(struct txp_lease_key, 24);
TXP_ASSERT_SIZE(struct txp_genid_snapshot, 24);
TXP_ASSERT_SIZE(struct txp_lease, 128);
TXP_ASSERT_SIZE(struct txp_lease_tag, 8);
TXP_ASSERT_SIZE(struct txp_lease_page, (8 + 128) * TXP_LEASES_PER_PAGE);
_Static_assert(__builtin_offsetof(struct txp_lease, oif) ==
		       __builtin_offsetof(struct txp_lease, ethernet) + 12,
	       "transit hands both on in one piece");
TXP_ASSERT_SIZE(struct txp_dev_cache, 320);
_Static_assert(__builtin_offsetof(struct txp_dev_cache, sock_pfree) == 128,
	       "what a hit compares with takes more than two cache lines");
TXP_ASSERT_SIZE(struct txp_event, 32 + 2 * 128);
TXP_ASSERT_SIZE(struct txp_tracing, 16);
TXP_ASSERT_SIZE(struct txp_event_ratelimit, 24);

#endif /* TXPATH_ABI_H */
