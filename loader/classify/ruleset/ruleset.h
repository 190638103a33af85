/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a file of txpath classify says: lists of prefixes, classes, and rules, of which the first
 * that matches a packet gives it its class. docs/CLASSIFY.md describes the file.
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

/* A condition holds if the value is in one of its ranges; without ranges it is not asked. */
struct ranges {
	struct range *range;
	size_t count;
};

struct prefix {
	__be32 address[4]; /* masked; of IPv4 the first word, the others 0 */
	__u8 family;	   /* AF_INET or AF_INET6 */
	__u8 length;	   /* bits */
};

struct prefixes {
	struct prefix *prefix;
	size_t count;
};

struct masked {
	__u32 value; /* & mask */
	__u32 mask;
};

struct marks {
	struct masked *mark;
	size_t count;
};

struct cgroup {
	__u64 id;
	__u32 level; /* of its hierarchy; the root has 0 */
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
	char *tc;	       /* as written, "1:10"; NULL: none. In what.priority too */
	struct txp_class what; /* of pace only whether there is a rate: filled when it is loaded */
	__u64 rate;	       /* bytes in a second; 0: none */
};

/* Ranges and lists are the rule's own; those of prefix lists are copied into it. */
struct rule {
	char *name;
	int line;
	size_t class; /* place in ruleset.classes */
	/* one for each enum txp_dimension that is a number */
	struct ranges ranges[TXP_DIMENSION_COUNT];
	struct prefixes sources;
	struct prefixes destinations;
	struct marks marks;
	struct cgroups cgroups;
	__u8 families;	 /* bits 1 << enum txp_class_family; 0: any */
	__u8 directions; /* bits 1 << enum txp_direction; 0: any */
	char *text;	 /* its conditions on one line, for txpath classify show; "" if none */
};

struct ruleset {
	struct prefix_list *lists;
	size_t list_count;
	struct class *classes;
	size_t class_count;
	struct rule *rules;
	size_t rule_count;
	size_t prefix_count; /* of all rules: of a list each time that one names it */
	size_t range_count;  /* of all rules, as the next two */
	size_t mark_count;
	size_t cgroup_count;
};

/* Does skb->priority lead to a class of tc (MAJOR << 16 | MINOR) of a device? */
enum tc_class {
	TC_CLASS_LEAF,	 /* it does */
	TC_CLASS_ABSENT, /* there is none */
	TC_CLASS_INNER,
	TC_CLASS_NESTED,    /* of a qdisc that is not the device's root */
	TC_CLASS_OTHERWISE, /* of a qdisc that goes by something else */
};

/*
 * What the file is held against: NULL members are not asked, and what they would say is taken to
 * be so; a device then has the index 0, a cgroup the id 0. ifindex of a rule without dev: each
 * device of devices.
 */
struct ruleset_host {
	/* Index of a device that txpath is attached to; -ENODEV: there is none of that name,
	 * -ENOENT: it is not attached. */
	int (*device)(const char *name, void *context);
	/* All attached ones. */
	const int *devices;
	size_t device_count;
	/* enum tc_class, or negative errno. */
	int (*tc_class)(int ifindex, __u32 classid, void *context);
	/* Do its qdiscs keep departure times? 0, 1, or negative errno. */
	int (*keeps_time)(int ifindex, void *context);
	/* Path from the root of cgroup2. -ENODEV: it is not mounted, -EXDEV: but a part of it. */
	int (*cgroup)(const char *path, struct cgroup *cgroup, void *context);
	/* For messages; NULL: the number is shown. */
	const char *(*device_name)(int ifindex, void *context);
	void *context;
};

/* Each error, in the order of the file, in ASCII. line counts from 1; 0: the file as a whole. */
typedef void (*ruleset_error_fn)(int line, const char *message, void *context);

/*
 * Reads all of a text (size bytes, need not end with 0) and reports every error in it. Returns 0,
 * -EINVAL if one was reported (the ruleset is then empty), or -ENOMEM. host: NULL as one without
 * members. Owns memory: ruleset_free().
 */
int ruleset_read(const char *text, size_t size, const struct ruleset_host *host,
		 ruleset_error_fn error, void *context, struct ruleset *ruleset);

void ruleset_free(struct ruleset *ruleset);

#endif /* TXPATH_CLASSIFY_RULESET_RULESET_H */
