// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/pkt_sched.h>

#include "log.h"
#include "rtnl.h"
#include "tc.h"

/* Newer than the headers of Debian 12: Linux 6.6, include/uapi/linux/bpf.h. */
#define LINK_TYPE_TCX 11
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS 47
#define FLAG_BEFORE (1U << 3)

#define EGRESS_PROGRAM "txpath_egress"
#define EGRESS_HANDLE 0x7478
#define MAX_PRIORITY 0xffff
#define CLSACT_EGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS)
#define CLSACT_INGRESS TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS)

/* BPF_PROG_QUERY as Linux 6.6 has it; sizes and order are the kernel's. */
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

int tc_tcx_attach(int prog_fd, int ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = FLAG_BEFORE);
	int fd = bpf_link_create(prog_fd, ifindex, ATTACH_TCX_EGRESS, &opts);

	return fd < 0 ? -errno : fd;
}

int tc_tcx_attach_ingress(int prog_fd, int ifindex)
{
	int fd = bpf_link_create(prog_fd, ifindex, ATTACH_TCX_INGRESS, NULL);

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
	/* the member for XDP begins as that for TCX does, which our headers lack */
	link->ifindex = info.xdp.ifindex;
	link->id = info.id;
	link->program_id = info.prog_id;
	return 0;
}

static bool is_on(int ifindex, __u32 attach_type, __u32 link_id)
{
	__u32 programs[64] = { 0 }, links[64] = { 0 };
	struct query query = {
		.target = ifindex,
		.attach_type = attach_type,
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

bool tc_tcx_is_on(int ifindex, __u32 link_id)
{
	return is_on(ifindex, ATTACH_TCX_EGRESS, link_id);
}

bool tc_tcx_is_on_ingress(int ifindex, __u32 link_id)
{
	return is_on(ifindex, ATTACH_TCX_INGRESS, link_id);
}

static int match_filter(const struct rtnl_filter *found, void *context)
{
	struct tc_filter *filter = context;

	/* libbpf names a filter PROGRAM:[ID] */
	if (found->handle != EGRESS_HANDLE || !found->name ||
	    strncmp(found->name, EGRESS_PROGRAM ":", sizeof(EGRESS_PROGRAM)))
		return 0;
	filter->priority = found->priority;
	filter->program_id = found->program_id;
	return 1;
}

int tc_clsact_find(int ifindex, struct tc_filter *filter)
{
	int ret = rtnl_filters(ifindex, CLSACT_EGRESS, match_filter, filter);

	if (ret < 0)
		return ret;
	return ret ? 0 : -ENOENT;
}

/* *context: the lowest priority that is not taken; filters come in that order. */
static int skip_priority(const struct rtnl_filter *found, void *context)
{
	__u32 *free = context;

	if (found->priority > *free)
		return 1;
	if (found->priority == *free)
		++*free;
	return 0;
}

static int count_filter(const struct rtnl_filter *found, void *context)
{
	(void)found;
	(void)context;
	return 1;
}

/* The qdisc is the one object of both directions. */
static void clsact_destroy(int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex,
		    .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);

	bpf_tc_hook_destroy(&hook);
}

static int filter_write(int prog_fd, int ifindex, __u32 priority, __u32 flags)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = prog_fd, .handle = EGRESS_HANDLE,
		    .priority = priority, .flags = flags);

	return bpf_tc_attach(&hook, &opts);
}

int tc_clsact_attach(int prog_fd, int ifindex, bool *created)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	__u32 priority = 1;
	int made, err;

	made = bpf_tc_hook_create(&hook);
	if (made && made != -EEXIST)
		return made;
	/* an ingress qdisc has the same place, and would take our filter as one of its own */
	if (made && !rtnl_has_clsact(ifindex))
		return -EEXIST;
	err = rtnl_filters(ifindex, CLSACT_EGRESS, skip_priority, &priority);
	if (err >= 0)
		err = priority > MAX_PRIORITY ? -ENOSPC
					      : filter_write(prog_fd, ifindex, priority, 0);
	if (err && !made)
		clsact_destroy(ifindex);
	if (!err)
		*created = !made;
	return err;
}

int tc_clsact_replace(int prog_fd, int ifindex, const struct tc_filter *filter)
{
	return filter_write(prog_fd, ifindex, filter->priority, BPF_TC_F_REPLACE);
}

int tc_clsact_detach(int ifindex, bool qdisc_is_ours)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = EGRESS_HANDLE);
	struct tc_filter filter;
	int err;

	err = tc_clsact_find(ifindex, &filter);
	if (err)
		return err;
	opts.priority = filter.priority;
	err = bpf_tc_detach(&hook, &opts);
	if (err || !qdisc_is_ours)
		return err;
	if (!rtnl_filters(ifindex, CLSACT_EGRESS, count_filter, NULL) &&
	    !rtnl_filters(ifindex, CLSACT_INGRESS, count_filter, NULL))
		clsact_destroy(ifindex);
	else
		log_note("clsact of device %d stays: filters of others are on it", ifindex);
	return 0;
}
