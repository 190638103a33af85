// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tests the kernel by its BTF, by its symbols, and by running a small program. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/if_ether.h>

#include "lib/array.h"
#include "lib/features.h"

#define FIB_LOOKUP_MARK (1U << 5) /* Linux 6.10 */

bool feature_btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	btf__free(btf);
	return btf;
}

bool feature_kernel_context(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	int id;

	if (!btf)
		return false;
	id = btf__find_by_name_kind(btf, "bpf_cast_to_kern_ctx", BTF_KIND_FUNC);
	btf__free(btf);
	return id > 0;
}

/*
 * return bpf_fib_lookup(ctx, zeroes, sizeof(zeroes), FIB_LOOKUP_MARK): the flags are checked
 * before the address family, and family 0 looks nothing up.
 */
static int load_fib_probe(void)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -64 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -56 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -48 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -40 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -32 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -24 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -16 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = 10, .off = -8 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = 2, .src_reg = 10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = 2, .imm = -64 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3, .imm = 64 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 4, .imm = FIB_LOOKUP_MARK },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_fib_lookup },
		{ .code = BPF_JMP | BPF_EXIT },
	};

	_Static_assert(sizeof(struct bpf_fib_lookup) == 64, "the stack slots above");
	return bpf_prog_load(BPF_PROG_TYPE_SCHED_CLS, "txpath_probe", "Dual BSD/GPL", insns,
			     ARRAY_SIZE(insns), NULL);
}

__u32 feature_fib_mark(void)
{
	char packet[ETH_ZLEN] = { 0 };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet, .data_size_in = sizeof(packet));
	int fd, err;

	fd = load_fib_probe();
	if (fd < 0)
		return 0;
	err = bpf_prog_test_run_opts(fd, &opts);
	close(fd);
	return err || (int)opts.retval == -EINVAL ? 0 : FIB_LOOKUP_MARK;
}

/* A kernel function, and the member that gets its address. */
struct symbol {
	const char *name;
	size_t offset; /* in struct txp_instance */
};

static const struct symbol symbols[] = {
	{ "nf_hook_run_bpf", offsetof(struct txp_instance, nf_run_bpf) },
	{ "sock_pfree", offsetof(struct txp_instance, sock_pfree) },
	/* at POST_ROUTING, looks only at packets with a secmark; the second is its older name */
	{ "apparmor_ip_postroute", offsetof(struct txp_instance, harmless[0]) },
	{ "apparmor_ipv4_postroute", offsetof(struct txp_instance, harmless[1]) },
	/* of br_netfilter, looks only at packets that a bridge passed to it */
	{ "ip_sabotage_in", offsetof(struct txp_instance, harmless[2]) },
	/* at FORWARD and POST_ROUTING, may drop a packet: messages name it */
	{ "selinux_ip_forward", offsetof(struct txp_instance, selinux[0]) },
	{ "selinux_ip_postroute", offsetof(struct txp_instance, selinux[1]) },
	/* at PRE_ROUTING, tracks connections */
	{ "ipv4_conntrack_in", offsetof(struct txp_instance, conntrack[0]) },
};

static void set_symbol(struct txp_instance *row, const struct symbol *symbol, __u64 address)
{
	memcpy((char *)row + symbol->offset, &address, sizeof(address));
}

/* "ADDRESS TYPE NAME\n" or "ADDRESS TYPE NAME\t[MODULE]\n", a hundred thousand times. */
static void take_symbol(struct txp_instance *row, char *line)
{
	char *name = strchr(line, ' ');
	size_t i;

	if (!name || !name[1] || name[2] != ' ')
		return;
	name += 3;
	name[strcspn(name, "\t\n")] = '\0';
	for (i = 0; i < ARRAY_SIZE(symbols); i++) {
		if (!strcmp(name, symbols[i].name))
			set_symbol(row, &symbols[i], strtoull(line, NULL, 16));
	}
}

void feature_symbols(struct txp_instance *row)
{
	char line[512];
	FILE *file;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		set_symbol(row, &symbols[i], 0);
	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return;
	setvbuf(file, NULL, _IOFBF, 1 << 16); /* the file has a hundred thousand lines */
	while (fgets(line, sizeof(line), file))
		take_symbol(row, line);
	fclose(file);
}
