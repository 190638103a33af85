// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Reads all qdiscs with one dump, and the classes of a device with another one. A file of rules can
 * name a device a thousand times.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/pkt_sched.h>

#include "lib/array.h"
#include "classify/qdiscs.h"
#include "lib/rtnl.h"

/* What a kind of qdisc does. */
enum trait {
	TRAIT_KEEPS_TIME = 1 << 0,  /* makes packets wait for skb->tstamp */
	TRAIT_LEAVES_TIME = 1 << 1, /* leaves that to the qdiscs of its classes or queues */
	TRAIT_BY_PRIORITY = 1 << 2, /* skb->priority may be a class's handle: htb_classify() */
};

struct qdisc {
	__u32 handle;
	__u32 parent;
	__u32 traits; /* enum trait */
};

struct class_of_tc {
	__u32 classid;
	__u32 parent;
	bool inner; /* has classes below it */
};

/* The qdiscs and classes of one device. */
struct queues {
	int ifindex;
	size_t first; /* index in qdiscs.qdiscs */
	size_t count;
	struct class_of_tc *classes; /* sorted by classid */
	size_t class_count;
	bool classes_read;
	int err; /* of reading the classes */
};

/* A kind that is not in the table has no traits: it may drop or ignore departure times. */
static __u32 traits_of(const char *name)
{
	static const struct {
		const char *name;
		__u32 traits;
	} kinds[] = {
		{ "fq", TRAIT_KEEPS_TIME },
		{ "mq", TRAIT_LEAVES_TIME },
		{ "mqprio", TRAIT_LEAVES_TIME },
		{ "clsact", TRAIT_LEAVES_TIME },
		{ "ingress", TRAIT_LEAVES_TIME },
		{ "htb", TRAIT_LEAVES_TIME | TRAIT_BY_PRIORITY },
		{ "hfsc", TRAIT_LEAVES_TIME | TRAIT_BY_PRIORITY },
		{ "prio", TRAIT_LEAVES_TIME | TRAIT_BY_PRIORITY },
		{ "drr", TRAIT_LEAVES_TIME | TRAIT_BY_PRIORITY },
		{ "qfq", TRAIT_BY_PRIORITY },
		{ "ets", TRAIT_BY_PRIORITY },
		{ "cbq", TRAIT_BY_PRIORITY },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (!strcmp(kinds[i].name, name))
			return kinds[i].traits;
	}
	return 0;
}

/* tc_dump_qdisc() goes from device to device, so a new ifindex begins a new device. */
static struct queues *queues_at_end(struct qdiscs *qdiscs, int ifindex)
{
	struct queues *grown;

	if (qdiscs->device_count && qdiscs->devices[qdiscs->device_count - 1].ifindex == ifindex)
		return &qdiscs->devices[qdiscs->device_count - 1];
	grown = array_grown(qdiscs->devices, qdiscs->device_count, sizeof(*grown));
	if (!grown)
		return NULL;
	qdiscs->devices = grown;
	grown += qdiscs->device_count++;
	*grown = (struct queues){ .ifindex = ifindex, .first = qdiscs->count };
	return grown;
}

static int add_qdisc(const struct rtnl_qdisc *qdisc, void *context)
{
	struct qdiscs *qdiscs = context;
	struct queues *queues = queues_at_end(qdiscs, qdisc->ifindex);
	struct qdisc *grown = array_grown(qdiscs->qdiscs, qdiscs->count, sizeof(*grown));

	if (grown)
		qdiscs->qdiscs = grown;
	if (!grown || !queues)
		return -ENOMEM;
	grown[qdiscs->count++] = (struct qdisc){ .handle = qdisc->handle,
						 .parent = qdisc->parent,
						 .traits = traits_of(qdisc->kind) };
	queues->count++;
	return 0;
}

static int by_ifindex(const void *a, const void *b)
{
	const struct queues *one = a, *other = b;

	return (one->ifindex > other->ifindex) - (one->ifindex < other->ifindex);
}

static int read_qdiscs(struct qdiscs *qdiscs)
{
	if (qdiscs->is_read)
		return qdiscs->err;
	qdiscs->is_read = true;
	qdiscs->err = rtnl_qdiscs(add_qdisc, qdiscs);
	if (qdiscs->device_count)
		qsort(qdiscs->devices, qdiscs->device_count, sizeof(*qdiscs->devices), by_ifindex);
	return qdiscs->err;
}

/* NULL: the device has no qdisc. */
static struct queues *find_queues(const struct qdiscs *qdiscs, int ifindex)
{
	const struct queues wanted = { .ifindex = ifindex };

	if (!qdiscs->device_count)
		return NULL;
	return bsearch(&wanted, qdiscs->devices, qdiscs->device_count, sizeof(wanted), by_ifindex);
}

static int by_classid(const void *a, const void *b)
{
	const struct class_of_tc *one = a, *other = b;

	return (one->classid > other->classid) - (one->classid < other->classid);
}

static struct class_of_tc *find_class(const struct queues *queues, __u32 classid)
{
	const struct class_of_tc wanted = { .classid = classid };

	if (!queues->class_count)
		return NULL;
	return bsearch(&wanted, queues->classes, queues->class_count, sizeof(wanted), by_classid);
}

static int add_class(__u32 classid, __u32 parent, void *context)
{
	struct queues *queues = context;
	struct class_of_tc *grown =
		array_grown(queues->classes, queues->class_count, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	queues->classes = grown;
	grown[queues->class_count++] = (struct class_of_tc){ classid, parent, false };
	return 0;
}

static void mark_inner(struct queues *queues)
{
	struct class_of_tc *parent;
	size_t i;

	for (i = 0; i < queues->class_count; i++) {
		parent = find_class(queues, queues->classes[i].parent);
		if (parent)
			parent->inner = true;
	}
}

static int read_classes(struct queues *queues)
{
	if (queues->classes_read)
		return queues->err;
	queues->classes_read = true;
	queues->err = rtnl_classes(queues->ifindex, add_class, queues);
	if (queues->class_count)
		qsort(queues->classes, queues->class_count, sizeof(*queues->classes), by_classid);
	mark_inner(queues);
	return queues->err;
}

static const struct qdisc *find_root(const struct qdiscs *qdiscs, const struct queues *queues)
{
	const struct qdisc *qdisc = qdiscs->qdiscs + queues->first;
	size_t i;

	for (i = 0; i < queues->count; i++, qdisc++) {
		if (qdisc->parent == TC_H_ROOT)
			return qdisc;
	}
	return NULL;
}

/*
 * htb_classify(), hfsc_classify() and others: skb->priority selects a class only if the class is a
 * leaf of the root qdisc.
 */
static enum tc_class selected_by_priority(const struct qdisc *root, const struct class_of_tc *class)
{
	if (!class)
		return TC_CLASS_ABSENT;
	if (!root || root->handle != TC_H_MAJ(class->classid))
		return TC_CLASS_NESTED;
	if (!(root->traits & TRAIT_BY_PRIORITY))
		return TC_CLASS_OTHERWISE;
	return class->inner ? TC_CLASS_INNER : TC_CLASS_LEAF;
}

int qdiscs_class(struct qdiscs *qdiscs, int ifindex, __u32 classid)
{
	struct queues *queues;
	int err = read_qdiscs(qdiscs);

	if (err)
		return err;
	queues = find_queues(qdiscs, ifindex);
	if (!queues)
		return TC_CLASS_ABSENT;
	err = read_classes(queues);
	return err
		       ?: (int)selected_by_priority(find_root(qdiscs, queues),
						    find_class(queues, classid));
}

/*
 * hfsc_change_class() leaves an inner class the qdisc that it had as a leaf. No packet goes there,
 * so that qdisc does not matter.
 */
static int is_unused(struct queues *queues, const struct qdisc *qdisc)
{
	const struct class_of_tc *class;
	int err = read_classes(queues);

	if (err)
		return err;
	class = find_class(queues, qdisc->parent);
	return class && class->inner;
}

int qdiscs_keep_time(struct qdiscs *qdiscs, int ifindex)
{
	const struct qdisc *qdisc;
	struct queues *queues;
	bool kept = false;
	int ret = read_qdiscs(qdiscs);
	size_t i;

	if (ret)
		return ret;
	queues = find_queues(qdiscs, ifindex);
	for (i = 0; queues && i < queues->count; i++) {
		qdisc = &qdiscs->qdiscs[queues->first + i];
		kept |= qdisc->traits & TRAIT_KEEPS_TIME;
		if (qdisc->traits & (TRAIT_KEEPS_TIME | TRAIT_LEAVES_TIME))
			continue;
		ret = is_unused(queues, qdisc);
		if (ret <= 0)
			return ret;
	}
	return kept;
}

void qdiscs_free(struct qdiscs *qdiscs)
{
	size_t i;

	for (i = 0; i < qdiscs->device_count; i++)
		free(qdiscs->devices[i].classes);
	free(qdiscs->devices);
	free(qdiscs->qdiscs);
	memset(qdiscs, 0, sizeof(*qdiscs));
}
