// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* TCX through bpf(2), filters through libbpf and rtnl.h. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>

#include "lib/log.h"
#include "lib/rtnl.h"
#include "lib/tc.h"

/* Newer than the headers of Debian 12: Linux 6.6, include/uapi/linux/bpf.h. */
#define LINK_TYPE_TCX 11
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)

#define OUR_HANDLE 0x7478

struct side {
	const char *name;
	const char *filter; /* libbpf names a filter PROGRAM:[ID]; this is how ours begins */
	__u32 attach_type;  /* of TCX */
	__u32 flags;	    /* of TCX */
	__u32 parent;	    /* on clsact */
	enum bpf_tc_attach_point point;
};

static const struct side sides[] = {
	[TC_EGRESS] = { "egress", "txpath_egress:", ATTACH_TCX_EGRESS, FLAG_BEFORE,
			TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), BPF_TC_EGRESS },
	[TC_INGRESS] = { "ingress", "txpath_transit:", ATTACH_TCX_INGRESS, 0,
			 TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), BPF_TC_INGRESS },
};

/* The argument of BPF_PROG_QUERY as in Linux 6.6: newer than our headers. */
struct query {
	__u32 target;
	__u32 attach_type;
	__u32 query_flags;
	__u32 attach_flags;
	__u64 program_ids;
	__u32 count;
	__u32 reserved;
	__u64 program_flags;
	__u64 link_ids;
	__u64 link_flags;
	__u64 revision;
};

static int query_tcx(struct query *query)
{
	return syscall(__NR_bpf, BPF_PROG_QUERY, query, sizeof(*query)) ? -errno : 0;
}

bool tc_has_tcx(void)
{
	struct query query = { .target = 1, .attach_type = ATTACH_TCX_EGRESS };

	return !query_tcx(&query);
}

const char *tc_side_name(enum tc_side side)
{
	return sides[side].name;
}

int tc_tcx_attach(enum tc_side side, int prog_fd, int ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = sides[side].flags);
	int fd = bpf_link_create(prog_fd, ifindex, sides[side].attach_type, &opts);

	return fd < 0 ? -errno : fd;
}

int tc_tcx_read(int link_fd, struct tc_link *link)
{
	struct bpf_link_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(link_fd, &info, &size))
		return -errno;
	if (info.type != LINK_TYPE_TCX)
		return -EMEDIUMTYPE;
	/* our headers lack the member for TCX; the one for XDP begins in the same way */
	link->ifindex = info.xdp.ifindex;
	link->id = info.id;
	link->program_id = info.prog_id;
	return 0;
}

bool tc_tcx_is_on(enum tc_side side, int ifindex, __u32 link_id)
{
	__u32 programs[64] = { 0 }, links[64] = { 0 };
	struct query query = {
		.target = ifindex,
		.attach_type = sides[side].attach_type,
		.program_ids = (__u64)(unsigned long)programs,
		.link_ids = (__u64)(unsigned long)links,
		.count = 64, /* BPF_MPROG_MAX */
	};
	__u32 i;

	if (query_tcx(&query))
		return false;
	for (i = 0; i < query.count; i++) {
		if (links[i] == link_id)
			return true;
	}
	return false;
}

struct match {
	const char *filter;
	__u32 priority;
	__u32 program_id;
};

static int match_filter(const struct rtnl_filter *found, void *context)
{
	struct match *match = context;

	if (found->handle != OUR_HANDLE || found->priority != match->priority || !found->name ||
	    strncmp(found->name, match->filter, strlen(match->filter)))
		return 0;
	match->program_id = found->program_id;
	return 1;
}

int tc_filter_find(enum tc_side side, int ifindex, __u32 priority, __u32 *program_id)
{
	struct match match = { .filter = sides[side].filter, .priority = priority };
	int ret;

	ret = priority ? rtnl_filters(ifindex, sides[side].parent, match_filter, &match) : 0;
	if (ret <= 0)
		return ret ? ret : -ENOENT;
	*program_id = match.program_id;
	return 0;
}

/* *context: the lowest priority that is free so far. Filters come sorted by priority. */
static int skip_priority(const struct rtnl_filter *found, void *context)
{
	__u32 *free = context;

	if (found->priority > *free)
		return 1;
	if (found->priority == *free)
		++*free;
	return 0;
}

/* For the case that the last priority is taken. *context: the highest free one so far. */
static int find_gap(const struct rtnl_filter *found, void *context)
{
	__u32 *gap = context; /* gap[1]: the filter before */

	if (found->priority > gap[1] + 1)
		gap[0] = found->priority - 1;
	gap[1] = found->priority;
	return 0;
}

static int lowest_priority(const struct side *side, int ifindex)
{
	__u32 priority = 1;
	int ret = rtnl_filters(ifindex, side->parent, skip_priority, &priority);

	if (ret < 0)
		return ret;
	return priority > TC_LAST_PRIORITY ? -ENOSPC : (int)priority;
}

static int highest_priority(const struct side *side, int ifindex)
{
	__u32 gap[2] = { 0, 0 };
	int ret = rtnl_filters(ifindex, side->parent, find_gap, gap);

	if (ret < 0)
		return ret;
	if (gap[1] < TC_LAST_PRIORITY)
		return TC_LAST_PRIORITY;
	return gap[0] ? (int)gap[0] : -ENOSPC;
}

int tc_filter_priority(enum tc_side side, int ifindex)
{
	return side == TC_EGRESS ? lowest_priority(&sides[side], ifindex)
				 : highest_priority(&sides[side], ifindex);
}

int tc_filter_write(enum tc_side side, int prog_fd, int ifindex, __u32 priority, bool replace)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = sides[side].point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = OUR_HANDLE,
		    .priority = priority, .flags = replace ? BPF_TC_F_REPLACE : 0);

	return bpf_tc_attach(&hook, &opts);
}

int tc_filter_remove(enum tc_side side, int ifindex, __u32 priority)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = sides[side].point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = OUR_HANDLE, .priority = priority);
	__u32 program_id;
	int err;

	err = tc_filter_find(side, ifindex, priority, &program_id);
	return err ? err : bpf_tc_detach(&hook, &opts);
}

int tc_clsact_make(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);

	return bpf_tc_hook_create(&hook);
}

static int stop_at_first(const struct rtnl_filter *found, void *context)
{
	(void)found;
	(void)context;
	return 1;
}

void tc_clsact_remove(int ifindex)
{
	/* libbpf removes the qdisc only if both directions are given */
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	/* the same request would remove an ingress qdisc */
	if (!rtnl_has_clsact(ifindex))
		return;
	if (rtnl_filters(ifindex, sides[TC_EGRESS].parent, stop_at_first, NULL) ||
	    rtnl_filters(ifindex, sides[TC_INGRESS].parent, stop_at_first, NULL))
		log_note("the clsact qdisc of device %d stays, because it has filters of others",
			 ifindex);
	else
		bpf_tc_hook_destroy(&hook);
}
