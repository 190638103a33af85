// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * mangle DEV WHAT [VALUE|clsact]: attaches mangle.bpf.c to the egress of DEV, says "ready" and
 * keeps it there until it is killed. A filter of clsact (by request, or no TCX here) stays with its
 * device.
 */
#include "mangle.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mangle.skel.h"

/* Newer than the headers. */
#define TCX_EGRESS 47	   /* BPF_TCX_EGRESS */
#define TCX_FIRST (1 << 3) /* BPF_F_BEFORE, of none: in front of all */

static const struct {
	const char *what;
	struct mangle mangle;
} mangles[] = {
	{ "nothing", {} },
	{ "tos", { .ip_offset = 0, .ip_flip = 0x0008 } },
	{ "tot_len", { .ip_offset = 2, .ip_flip = 0x0004 } },
	{ "id", { .ip_offset = 4, .ip_flip = 0x8000 } },
	{ "df", { .ip_offset = 6, .ip_flip = 0x4000 } },
	{ "ttl", { .ip_offset = 8, .ip_flip = 0x0400 } },
	{ "checksum", { .ip_offset = 10, .ip_flip = 0x0001, .bad_sum = 1 } },
	{ "dmac", { .mac_offset = ETH_ALEN - 1, .mac_flip = 0x10 } },
	{ "smac", { .mac_offset = 2 * ETH_ALEN - 1, .mac_flip = 0x10 } },
	{ "mark", { .mark = 0x40 } },
	{ "priority", { .priority = 0x1 } },
	{ "vlan_pcp", { .vlan_tci = 0x2000 } },
	{ "tail", { .tail = 200 } },
	{ "options", { .options = 4 } },
	{ "room", { .room = 2 } },
};

static struct mangle find_mangle(const char *what, const char *value)
{
	struct mangle mangle = {};
	struct in_addr daddr;

	if (!strcmp(what, "daddr") && value && inet_pton(AF_INET, value, &daddr) == 1) {
		mangle.daddr = ntohl(daddr.s_addr);
		return mangle;
	}
	for (size_t i = 0; i < sizeof(mangles) / sizeof(*mangles); i++)
		if (!strcmp(mangles[i].what, what))
			return mangles[i].mangle;
	errx(2, "no such mangle: %s", what);
}

static int attach_tcx(int prog_fd, int ifindex)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = TCX_FIRST);

	return bpf_link_create(prog_fd, ifindex, TCX_EGRESS, &opts);
}

static int attach_clsact(int prog_fd, int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex, .attach_point = BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1, .prog_fd = prog_fd,
		    .flags = BPF_TC_F_REPLACE);

	bpf_tc_hook_create(&hook);
	return bpf_tc_attach(&hook, &opts);
}

int main(int argc, char **argv)
{
	struct mangle_bpf *object;
	bool clsact;
	int ifindex, fd;

	if (argc < 3)
		errx(2, "DEV WHAT [VALUE]");
	ifindex = if_nametoindex(argv[1]);
	if (!ifindex)
		err(1, "%s", argv[1]);
	object = mangle_bpf__open();
	if (!object)
		err(1, "open");
	object->rodata->mangle = find_mangle(argv[2], argv[3]);
	if (mangle_bpf__load(object))
		err(1, "load");
	fd = bpf_program__fd(object->progs.mangle_egress);
	clsact = argc > 3 && !strcmp(argv[3], "clsact");
	if ((clsact || attach_tcx(fd, ifindex) < 0) && attach_clsact(fd, ifindex))
		err(1, "attach to %s", argv[1]);
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
