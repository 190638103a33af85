/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Sums over per-CPU maps, and the counters of a device, which are in two of them. Includes no other
 * room, because the tests read counters with it as well.
 */
#ifndef TXPATH_STATE_SUM_H
#define TXPATH_STATE_SUM_H

#include <stddef.h>

#include <txpath/abi.h>

/* size: of both, in bytes; all __u64. */
void counters_add(void *sum, const void *one, size_t size);

typedef void percpu_add(void *sum, const void *one, size_t size);

/*
 * A row of a per-CPU map: sum begins with 0 and takes what each CPU has in it. size: of a CPU's
 * value, a multiple of 8. Negative errno.
 */
int percpu_fold(int map, const void *key, void *sum, size_t size, percpu_add *add);

/* The same, if it is all __u64 to be added up. */
int percpu_sum(int map, const void *key, void *sum, size_t size);

/*
 * counters, views: file descriptors of the maps of these names; rows: one for each of cpus, which
 * is libbpf_num_possible_cpus(). Returns 0, -ENOENT if the device has no counters, or another
 * negative errno.
 */
int counters_read(int counters, int dev_cache, const struct txp_device_key *key,
		  struct txp_counters *rows, int cpus);

/* The same of all CPUs. */
int counters_sum(int counters, int dev_cache, const struct txp_device_key *key,
		 struct txp_counters *sum);

#endif /* TXPATH_STATE_SUM_H */
