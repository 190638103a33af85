// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Trial runs of txpath_explain: transit's own code, on a packet made here and on a copy of the
 * leases, so that nothing of what is attached changes.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "packet/explain.h"
#include "lib/log.h"
#include "attach/ingress.h"

#define LEASES_MAP "leases"
#define UNSEEN (-ENODATA) /* a trial's packet does not have what the program needs */

static int copy_leases(const struct instance *instance, const struct instance *trial)
{
	int from = map_set_fd(&instance->maps, LEASES_MAP);
	int to = map_set_fd(&trial->maps, LEASES_MAP);
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct txp_lease_page *pages;
	__u32 i;

	if (from < 0 || to < 0 || cpus < 0)
		return -ENOENT;
	pages = calloc(cpus, sizeof(*pages));
	if (!pages)
		return -ENOMEM;
	for (i = 0; i < TXP_LEASE_PAGES && !err; i++) {
		if (bpf_map_lookup_elem(from, &i, pages) ||
		    bpf_map_update_elem(to, &i, pages, BPF_ANY))
			err = -errno;
	}
	free(pages);
	return err;
}

static int run(const struct explaining *explaining, int program_fd, struct explanation *to)
{
	struct __sk_buff context = { .ifindex = explaining->ifindex,
				     .mark = explaining->mark,
				     .cb = { explaining->netfilter } };
	union {
		struct __sk_buff skb;
		__u8 room[512]; /* a newer kernel's may have more behind it */
	} after = { 0 };
	const __u8 *ethernet = (const __u8 *)&after.skb.cb[TXP_REWRITE_ETHERNET];
	__u8 bytes[FRAME_MAX];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = bytes,
		    .data_size_in = frame_make(explaining->frame, bytes), .ctx_in = &context,
		    .ctx_size_in = sizeof(context), .ctx_out = &after,
		    .ctx_size_out = sizeof(after));

	if (bpf_prog_test_run_opts(program_fd, &opts))
		return -errno;
	if (opts.retval >= TXP_TRANSIT_COUNT)
		return UNSEEN;
	to->verdict = opts.retval;
	memcpy(to->dmac, ethernet, ETH_ALEN);
	memcpy(to->smac, ethernet + ETH_ALEN, ETH_ALEN);
	to->oif = after.skb.cb[TXP_REWRITE_OIF];
	to->priority = after.skb.cb[TXP_REWRITE_PRIORITY];
	return 0;
}

/* A flow without a lease is only marked by its first packet; the second one finds out why. */
static int ask(const struct explaining *explaining, int program_fd, struct explanation *to)
{
	int err = run(explaining, program_fd, to);

	return err || to->verdict != TXP_TRANSIT_MISS ? err : run(explaining, program_fd, to);
}

static int go_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return sched_setaffinity(0, sizeof(set), &set) ? -errno : 0;
}

static int ask_each(const struct explaining *explaining, int program_fd, const cpu_set_t *cpus,
		    struct explanation *each)
{
	int cpu, count = 0, err = 0;

	for (cpu = 0; cpu < CPU_SETSIZE && !err; cpu++) {
		if (!CPU_ISSET(cpu, cpus))
			continue;
		err = go_to(cpu);
		each[count].cpu = cpu;
		if (!err)
			err = ask(explaining, program_fd, &each[count++]);
	}
	return err ? err : count;
}

static int ask_and_return(const struct explaining *explaining, int program_fd,
			  struct explanation **list)
{
	cpu_set_t home;
	int ret;

	if (sched_getaffinity(0, sizeof(home), &home))
		return -errno;
	*list = calloc(CPU_COUNT(&home), sizeof(**list));
	if (!*list)
		return -ENOMEM;
	ret = ask_each(explaining, program_fd, &home, *list);
	sched_setaffinity(0, sizeof(home), &home);
	if (ret >= 0)
		return ret;
	free(*list);
	*list = NULL;
	return ret;
}

/* The kernel frees the maps of the trial when the command ends. */
int explain_each(const struct instance *instance, const struct explaining *explaining,
		 struct explanation **list)
{
	struct instance trial = { .row = instance->row };
	struct transit transit;
	int ret = UNSEEN;

	/* a trial's packet has a socket; this address tells it from one that was assigned to a
	 * packet */
	if (!trial.row.sock_pfree)
		goto report;
	ret = transit_load(&transit, &trial, TRANSIT_EXPLAIN);
	if (ret)
		goto close_maps;
	ret = instance_write(&trial, &trial.row);
	if (ret)
		goto close_transit;
	ret = copy_leases(instance, &trial);
	if (!ret)
		ret = ask_and_return(explaining, transit.packet_fd, list);
close_transit:
	transit_close(&transit);
close_maps:
	map_set_close(&trial.maps);
report:
	if (ret == UNSEEN)
		log_error(
			"explain needs Linux 6.2 and readable addresses in /proc/kallsyms; txpath "
			"trace shows verdicts of real packets");
	else if (ret < 0)
		log_errno(ret, "explain: running transit on the packet");
	return ret;
}
