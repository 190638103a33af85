// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "sum.h"

_Static_assert(sizeof(struct txp_counters) % sizeof(__u64) == 0, "counters are all __u64");

void counters_add(void *sum, const void *one, size_t size)
{
	const __u64 *from = one;
	__u64 *to = sum;
	size_t i;

	for (i = 0; i < size / sizeof(__u64); i++)
		to[i] += from[i];
}

int percpu_fold(int map, const void *key, void *sum, size_t size, percpu_add *add)
{
	int i, cpus = libbpf_num_possible_cpus(), err = 0;
	char *rows;

	if (cpus < 0)
		return cpus;
	rows = calloc(cpus, size);
	if (!rows)
		return -ENOMEM;
	memset(sum, 0, size);
	if (bpf_map_lookup_elem(map, key, rows))
		err = -errno;
	for (i = 0; i < cpus && !err; i++)
		add(sum, rows + i * size, size);
	free(rows);
	return err;
}

int percpu_sum(int map, const void *key, void *sum, size_t size)
{
	return percpu_fold(map, key, sum, size, counters_add);
}

static void add_tally(struct txp_tally *sum, const struct txp_tally *tally)
{
	counters_add(sum, tally, sizeof(*tally));
}

static void add_view(struct txp_counters *sum, const struct txp_view *view)
{
	add_tally(&sum->transits.taken, &view->taken);
	add_tally(&sum->transits.would_take, &view->would_take);
	add_tally(&sum->transits.cold, &view->cold);
	add_tally(&sum->transits.collision, &view->collision);
	add_tally(&sum->reasons.no_route, &view->passed);
	add_tally(&sum->stages.egress, &view->passed);
	add_tally(&sum->reasons.over_rate, &view->over_rate);
	add_tally(&sum->stages.egress, &view->over_rate);
	add_tally(&sum->stages.ip_forward, &view->ip_forward);
	add_tally(&sum->stages.ip_output, &view->ip_output);
	add_tally(&sum->stages.dev_queue_xmit, &view->dev_queue_xmit);
	add_tally(&sum->stages.net_dev_queue, &view->net_dev_queue);
	sum->fields.tx_queue.match += view->queue_match;
	sum->fields.tx_queue.observed += view->queue_observed;
}

static int add_views(int fd, __u32 ifindex, struct txp_counters *rows, int cpus)
{
	struct txp_view *views = calloc(cpus, sizeof(*views));
	__u32 place = ifindex % TXP_VIEWS;
	int i, err = 0;

	if (!views)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &place, views))
		err = -errno;
	for (i = 0; i < cpus && !err; i++) {
		if (views[i].ifindex == ifindex)
			add_view(&rows[i], &views[i]);
	}
	free(views);
	return err;
}

int counters_read(int counters, int views, const struct txp_device_key *key,
		  struct txp_counters *rows, int cpus)
{
	if (bpf_map_lookup_elem(counters, key, rows))
		return -errno;
	return add_views(views, key->ifindex, rows, cpus);
}

int counters_sum(int counters, int views, const struct txp_device_key *key,
		 struct txp_counters *sum)
{
	int cpus = libbpf_num_possible_cpus();
	struct txp_counters *rows;
	int i, err;

	if (cpus < 0)
		return cpus;
	rows = calloc(cpus, sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	memset(sum, 0, sizeof(*sum));
	err = counters_read(counters, views, key, rows, cpus);
	for (i = 0; i < cpus && !err; i++)
		counters_add(sum, &rows[i], sizeof(*sum));
	free(rows);
	return err;
}
