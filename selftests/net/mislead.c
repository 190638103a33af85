// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * mislead LEASES: of each lease in the pinned map that transit could use, the MTU becomes another
 * than the kernel's. One that has it already is left as it is: what is written is as old as what
 * was read.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdlib.h>

#include <txpath/abi.h>

#define WRONG_MTU 1280

static int mislead(struct txp_lease *leases, int cpus)
{
	int misled = 0;

	for (int cpu = 0; cpu < cpus; cpu++) {
		if (!leases[cpu].learned || !leases[cpu].output || leases[cpu].mtu == WRONG_MTU)
			continue;
		leases[cpu].mtu = WRONG_MTU;
		misled++;
	}
	return misled;
}

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus();
	struct txp_lease *leases;
	int map;

	if (argc != 2 || cpus < 1)
		errx(2, "LEASES");
	leases = calloc(cpus, sizeof(*leases));
	map = bpf_obj_get(argv[1]);
	if (!leases || map < 0)
		err(1, "%s", argv[1]);
	for (__u32 place = 0; place < TXP_LEASES; place++) {
		if (bpf_map_lookup_elem(map, &place, leases))
			err(1, "reading place %u", place);
		if (mislead(leases, cpus) && bpf_map_update_elem(map, &place, leases, BPF_ANY))
			err(1, "writing place %u", place);
	}
	return 0;
}
