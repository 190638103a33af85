// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "counters.h"

_Static_assert(sizeof(struct txp_counters) % sizeof(__u64) == 0, "counters are all __u64");

static void add(__u64 *sum, const __u64 *one)
{
	size_t i;

	for (i = 0; i < sizeof(struct txp_counters) / sizeof(__u64); i++)
		sum[i] += one[i];
}

int counters_read(const struct instance *instance, const struct txp_device_key *key,
		  struct txp_counters *sum)
{
	int cpus = libbpf_num_possible_cpus();
	int fd = map_set_fd(&instance->maps, "counters");
	struct txp_counters *values;
	int i, err = 0;

	if (cpus < 0 || fd < 0)
		return cpus < 0 ? cpus : fd;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, key, values)) {
		err = -errno;
		goto free_values;
	}
	memset(sum, 0, sizeof(*sum));
	for (i = 0; i < cpus; i++)
		add((__u64 *)sum, (const __u64 *)&values[i]);
free_values:
	free(values);
	return err;
}
