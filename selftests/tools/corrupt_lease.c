// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * mislead LEASES: of each lease in the pinned map that transit could use, the source address of the
 * frame becomes another than the kernel's. One that has it already is left as it is: what is
 * written is as old as what was read.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <stdlib.h>

#include <txpath/abi.h>

#define WRONG_BYTE 0xee /* the address's last one */

static int mislead(struct txp_lease *leases)
{
	int misled = 0;

	for (int i = 0; i < TXP_LEASES_PER_PAGE; i++) {
		__u8 *last = &leases[i].ethernet[sizeof(leases[i].ethernet) - 1];

		if (!leases[i].learned || !leases[i].output || *last == WRONG_BYTE)
			continue;
		*last = WRONG_BYTE;
		misled++;
	}
	return misled;
}

static int mislead_all(struct txp_lease_page *pages, int cpus)
{
	int misled = 0;

	for (int cpu = 0; cpu < cpus; cpu++)
		misled += mislead(pages[cpu].lease);
	return misled;
}

int main(int argc, char **argv)
{
	int cpus = libbpf_num_possible_cpus();
	struct txp_lease_page *pages; /* one of each CPU */
	int map;

	if (argc != 2 || cpus < 1)
		errx(2, "LEASES");
	pages = calloc(cpus, sizeof(*pages));
	map = bpf_obj_get(argv[1]);
	if (!pages || map < 0)
		err(1, "%s", argv[1]);
	for (__u32 at = 0; at < TXP_LEASE_PAGES; at++) {
		if (bpf_map_lookup_elem(map, &at, pages))
			err(1, "reading page %u", at);
		if (mislead_all(pages, cpus) && bpf_map_update_elem(map, &at, pages, BPF_ANY))
			err(1, "writing page %u", at);
	}
	return 0;
}
