// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * other DEV drop|assign|redirect|flood first|last|clsact|egress [PORT|DEVICE]: attaches a program
 * of other.bpf.c to DEV, says "ready" and keeps it there until it is killed. A filter of clsact
 * stays. first, last     of the TCX programs of ingress clsact, egress  a filter of clsact, at
 * ingress or egress PORT            of the UDP socket that is assigned to each packet DEVICE that
 * each packet is redirected to, or 300 copies of it
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "other.skel.h"

/* Newer than the headers. */
#define TCX_INGRESS 46	   /* BPF_TCX_INGRESS */
#define TCX_FIRST (1 << 3) /* BPF_F_BEFORE, of none: in front of all */
#define TCX_LAST (1 << 4)  /* BPF_F_AFTER, of none: behind all */

static int attach_tcx(int prog_fd, int ifindex, __u32 flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = flags);

	return bpf_link_create(prog_fd, ifindex, TCX_INGRESS, &opts);
}

static int attach_clsact(int prog_fd, int ifindex, enum bpf_tc_attach_point point)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1, .prog_fd = prog_fd);

	bpf_tc_hook_create(&hook);
	return bpf_tc_attach(&hook, &opts);
}

static int attach(const char *place, int prog_fd, int ifindex)
{
	if (!strcmp(place, "first"))
		return attach_tcx(prog_fd, ifindex, TCX_FIRST);
	if (!strcmp(place, "last"))
		return attach_tcx(prog_fd, ifindex, TCX_LAST);
	if (!strcmp(place, "clsact"))
		return attach_clsact(prog_fd, ifindex, BPF_TC_INGRESS);
	if (!strcmp(place, "egress"))
		return attach_clsact(prog_fd, ifindex, BPF_TC_EGRESS);
	errx(2, "no such place: %s", place);
}

static const struct bpf_program *find_program(const struct other_bpf *object, const char *what)
{
	if (!strcmp(what, "drop"))
		return object->progs.other_drop;
	if (!strcmp(what, "assign"))
		return object->progs.other_assign;
	if (!strcmp(what, "redirect"))
		return object->progs.other_redirect;
	if (!strcmp(what, "flood"))
		return object->progs.other_flood;
	errx(2, "no such program: %s", what);
}

int main(int argc, char **argv)
{
	struct other_bpf *object;
	int ifindex;

	if (argc < 4)
		errx(2, "DEV drop|assign|redirect|flood first|last|clsact|egress [PORT|DEVICE]");
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		err(1, "%s", argv[1]);
	object = other_bpf__open();
	if (!object)
		err(1, "open");
	object->rodata->port = argc > 4 ? atoi(argv[4]) : 0;
	object->rodata->output = argc > 4 ? if_nametoindex(argv[4]) : 0;
	if (other_bpf__load(object))
		err(1, "load");
	if (attach(argv[3], bpf_program__fd(find_program(object, argv[2])), ifindex) < 0)
		err(1, "attach to %s", argv[1]);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
