// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "state/sum.h"

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

static void add_dev_cache(struct txp_counters *sum, const struct txp_dev_cache *cache)
{
	add_tally(&sum->transits.taken, &cache->taken);
	add_tally(&sum->transits.would_take, &cache->would_take);
	add_tally(&sum->transits.miss, &cache->miss);
	add_tally(&sum->transits.collision, &cache->collision);
	add_tally(&sum->reasons.redirected, &cache->redirected);
	add_tally(&sum->probes.egress, &cache->redirected);
	add_tally(&sum->reasons.no_dst, &cache->no_dst);
	add_tally(&sum->probes.egress, &cache->no_dst);
	add_tally(&sum->reasons.over_rate, &cache->over_rate);
	add_tally(&sum->probes.egress, &cache->over_rate);
	add_tally(&sum->probes.ip_forward, &cache->ip_forward);
	add_tally(&sum->probes.ip_output, &cache->ip_output);
	add_tally(&sum->probes.dev_queue_xmit, &cache->dev_queue_xmit);
	add_tally(&sum->probes.net_dev_queue, &cache->net_dev_queue);
	sum->fields.tx_queue.match += cache->queue_match;
	sum->fields.tx_queue.observed += cache->queue_observed;
}

static int add_dev_caches(int fd, __u32 ifindex, struct txp_counters *rows, int cpus)
{
	struct txp_dev_cache *dev_cache = calloc(cpus, sizeof(*dev_cache));
	__u32 place = ifindex % TXP_DEV_CACHE_SLOTS;
	int i, err = 0;

	if (!dev_cache)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &place, dev_cache))
		err = -errno;
	for (i = 0; i < cpus && !err; i++) {
		if (dev_cache[i].ifindex == ifindex)
			add_dev_cache(&rows[i], &dev_cache[i]);
	}
	free(dev_cache);
	return err;
}

int counters_read(int counters, int dev_cache, const struct txp_device_key *key,
		  struct txp_counters *rows, int cpus)
{
	if (bpf_map_lookup_elem(counters, key, rows))
		return -errno;
	return add_dev_caches(dev_cache, key->ifindex, rows, cpus);
}

int counters_sum(int counters, int dev_cache, const struct txp_device_key *key,
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
	err = counters_read(counters, dev_cache, key, rows, cpus);
	for (i = 0; i < cpus && !err; i++)
		counters_add(sum, &rows[i], sizeof(*sum));
	free(rows);
	return err;
}
