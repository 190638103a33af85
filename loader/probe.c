// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Asking the kernel: its BTF, its symbols, a program on trial. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <linux/if_ether.h>

#include "array.h"
#include "probe.h"

#define FIB_LOOKUP_MARK (1U << 5) /* Linux 6.10 */

/* Hooks of POST_ROUTING that look at a packet and leave it as it is. */
static const char *const harmless_hooks[] = {
	"apparmor_ip_postroute",   /* looks only at packets with a secmark */
	"apparmor_ipv4_postroute", /* the same, older kernels */
};

/* Hooks of FORWARD and POST_ROUTING that may drop a packet, to be told by name. */
static const char *const selinux_hooks[] = {
	"selinux_ip_forward",
	"selinux_ip_postroute",
};

bool probe_btf(void)
{
	struct btf *btf = btf__load_vmlinux_btf();

	btf__free(btf);
	return btf;
}

bool probe_kernel_context(void)
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

__u32 probe_fib_mark(void)
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

static void take_symbol(struct txp_instance *row, const char *name, __u64 address)
{
	size_t i;

	if (!strcmp(name, "nf_hook_run_bpf"))
		row->nf_run_bpf = address;
	if (!strcmp(name, "sock_pfree"))
		row->sock_pfree = address;
	for (i = 0; i < ARRAY_SIZE(harmless_hooks); i++) {
		if (!strcmp(name, harmless_hooks[i]))
			row->harmless[i] = address;
	}
	for (i = 0; i < ARRAY_SIZE(selinux_hooks); i++) {
		if (!strcmp(name, selinux_hooks[i]))
			row->selinux[i] = address;
	}
}

void probe_symbols(struct txp_instance *row)
{
	unsigned long long address;
	char line[512], name[256];
	FILE *symbols;

	_Static_assert(ARRAY_SIZE(harmless_hooks) <= TXP_HARMLESS_HOOKS,
		       "harmless hooks have no room");
	_Static_assert(ARRAY_SIZE(selinux_hooks) <= TXP_SELINUX_HOOKS,
		       "SELinux's hooks have no room");
	row->nf_run_bpf = 0;
	row->sock_pfree = 0;
	memset(row->harmless, 0, sizeof(row->harmless));
	memset(row->selinux, 0, sizeof(row->selinux));
	symbols = fopen("/proc/kallsyms", "re");
	if (!symbols)
		return;
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%llx %*c %255s", &address, name) == 2)
			take_symbol(row, name, address);
	}
	fclose(symbols);
}
