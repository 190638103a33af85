/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A file of rules for txpath classify, as read: lists of prefixes, classes, and rules. The first
 * rule that matches a packet gives it its class. docs/CLASSIFY.md describes the file.
 *
 * A file passes through three stages: ruleset/ reads it into this struct ruleset and checks it,
 * compile/ turns it into the content of BPF maps, and program.h loads it.
 */
#ifndef TXPATH_CLASSIFY_RULESET_RULESET_H
#define TXPATH_CLASSIFY_RULESET_RULESET_H

#include <stdbool.h>
#include <stddef.h>

#include <txpath/classify.h>

/* Inclusive, host byte order. */
struct range {
	__u32 first;
	__u32 last;
};

/* A condition holds if the value is in one of the ranges. No ranges: there is no condition. */
struct ranges {
	struct range *range;
	size_t count;
};

struct prefix {
	__be32 address[4]; /* masked; IPv4 uses the first word, the others are 0 */
	__u8 family;	   /* AF_INET or AF_INET6 */
	__u8 length;	   /* bits */
};

struct prefixes {
	struct prefix *prefix;
	size_t count;
};

struct masked {
	__u32 value; /* has no bits outside mask */
	__u32 mask;
};

struct marks {
	struct masked *mark;
	size_t count;
};

struct cgroup {
	__u64 id;
	__u32 level; /* depth below the root of its hierarchy, which has 0 */
};

struct cgroups {
	struct cgroup *cgroup;
	size_t count;
};

struct prefix_list {
	char *name;
	int line;
	struct prefixes prefixes;
};

struct class
{
	char *name;
	int line;
	char *tc;	       /* as written, "1:10"; NULL: none. what.priority has it too */
	struct txp_class what; /* without rate and clock: compile() fills those in */
	__u64 rate;	       /* bytes in a second; 0: none */
};

/* A rule owns all its arrays: the prefixes of a list that it names are copied. */
struct rule {
	char *name;
	int line;
	size_t class; /* index in ruleset.classes */
	struct ranges ranges[TXP_DIMENSION_COUNT];
	struct prefixes sources;
	struct prefixes destinations;
	struct marks marks;
	struct cgroups cgroups;
	__u8 families;	 /* bits 1 << enum txp_class_family; 0: any */
	__u8 directions; /* bits 1 << enum txp_direction; 0: any */
	char *text;	 /* the conditions on one line, for txpath classify show; "": none */
};

struct ruleset {
	struct prefix_list *lists;
	size_t list_count;
	struct class *classes;
	size_t class_count;
	struct rule *rules;
	size_t rule_count;
	/* Totals of all rules. A list counts each time that a rule names it. */
	size_t prefix_count;
	size_t range_count;
	size_t mark_count;
	size_t cgroup_count;
};

/* Does skb->priority MAJOR << 16 | MINOR select the tc class MAJOR:MINOR of a device? */
enum tc_class {
	TC_CLASS_LEAF,	    /* yes */
	TC_CLASS_ABSENT,    /* the device has no such class */
	TC_CLASS_INNER,	    /* it has classes below it, so packets cannot be queued in it */
	TC_CLASS_NESTED,    /* its qdisc is not the root qdisc */
	TC_CLASS_OTHERWISE, /* its qdisc does not look at skb->priority */
};

/*
 * The host that a file of rules is checked against: functions that the reader calls. A function may
 * be NULL; then that check passes, a device has the index 0 and a cgroup the id 0. A rule without
 * dev: is checked for each of devices.
 */
struct ruleset_host {
	/* Returns the index of an attached device. -ENODEV: there is no such device, -ENOENT: it
	 * is not attached. */
	int (*device)(const char *name, void *context);
	/* All attached devices. */
	const int *devices;
	size_t device_count;
	/* Returns an enum tc_class or a negative errno. */
	int (*tc_class)(int ifindex, __u32 classid, void *context);
	/* Do all qdiscs of the device keep departure times? 0, 1, or a negative errno. */
	int (*keeps_time)(int ifindex, void *context);
	/* path: from the root of cgroup2. -ENODEV: it is not mounted, -EXDEV: only a part is. */
	int (*cgroup)(const char *path, struct cgroup *cgroup, void *context);
	/* For messages. NULL: messages show the index. */
	const char *(*device_name)(int ifindex, void *context);
	void *context;
};

/* Gets each error, in the order of the file, in ASCII. line counts from 1; 0: the whole file. */
typedef void (*ruleset_error_fn)(int line, const char *message, void *context);

/*
 * Reads a text of size bytes (no terminating 0 needed) and reports every error in it. Returns 0,
 * -EINVAL if an error was reported (the ruleset is then empty), or -ENOMEM. host may be NULL. The
 * ruleset owns memory: ruleset_free().
 */
int ruleset_read(const char *text, size_t size, const struct ruleset_host *host,
		 ruleset_error_fn error, void *context, struct ruleset *ruleset);

void ruleset_free(struct ruleset *ruleset);

#endif /* TXPATH_CLASSIFY_RULESET_RULESET_H */
