/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Netfilter's hooks on the packet's path. A hook is identified by the address of its function,
 * which the loader has looked up.
 */
#ifndef TXPATH_BPF_LIB_NF_HOOKS_H
#define TXPATH_BPF_LIB_NF_HOOKS_H

#include "lib/maps.bpf.h"

#define TXP_NF_ENTRIES_MAX 8

enum { TXP_NF_PRE_ROUTING, TXP_NF_LOCAL_IN, TXP_NF_FORWARD, TXP_NF_LOCAL_OUT, TXP_NF_POST_ROUTING };

/* What a list of hooks has. A higher value outweighs a lower one. */
enum txp_hooks {
	TXP_HOOKS_NONE,
	TXP_HOOKS_OTHER,
	TXP_HOOKS_CONNTRACK,
	TXP_HOOKS_SELINUX,
};

/*
 * One entry of a list. Most hosts have hooks that change nothing, and one may be our own. A hook
 * that no address identifies may be conntrack's if the loader did not find that one.
 *
 * Kept as separate functions, with an address as argument, so that the verifier checks each once.
 */
__noinline int nf_hook_kind(__u64 address)
{
	const struct nf_hook_entry *entry = (const void *)address;
	const struct txp_instance *inst = instance_get();
	const struct bpf_prog *prog;
	__u64 hook;

	if (!entry || !inst || !bpf_core_type_exists(struct nf_hook_entry))
		return TXP_HOOKS_NONE;
	hook = (__u64)KERNEL_READ(entry, hook);
	prog = KERNEL_READ(entry, priv);
	for (__u32 i = 0; i < TXP_HARMLESS_HOOKS; i++)
		if (inst->harmless[i] && inst->harmless[i] == hook)
			return TXP_HOOKS_NONE;
	if (inst->nf_run_bpf && hook == inst->nf_run_bpf && inst->nf_program &&
	    KERNEL_READ(prog, aux, id) == inst->nf_program)
		return TXP_HOOKS_NONE;
	for (__u32 i = 0; i < TXP_SELINUX_HOOKS; i++)
		if (inst->selinux[i] && inst->selinux[i] == hook)
			return TXP_HOOKS_SELINUX;
	if (!inst->conntrack[0])
		return TXP_HOOKS_CONNTRACK;
	for (__u32 i = 0; i < TXP_CONNTRACK_HOOKS; i++)
		if (inst->conntrack[i] && inst->conntrack[i] == hook)
			return TXP_HOOKS_CONNTRACK;
	return TXP_HOOKS_OTHER;
}

/* The worst entry of a list. A list that is longer than we walk may have anything in it. */
__noinline int nf_walk(__u64 address)
{
	const struct nf_hook_entries *entries = (const void *)address;
	__u32 worst = TXP_HOOKS_NONE, count;

	if (!entries || !bpf_core_type_exists(struct nf_hook_entries))
		return TXP_HOOKS_NONE;
	count = KERNEL_READ(entries, num_hook_entries);
	if (count > TXP_NF_ENTRIES_MAX)
		return TXP_HOOKS_CONNTRACK;
	address += bpf_core_field_offset(struct nf_hook_entries, hooks);
	for (__u32 i = 0; i < TXP_NF_ENTRIES_MAX && i < count; i++) {
		__u32 kind = nf_hook_kind(address + i * bpf_core_type_size(struct nf_hook_entry));

		if (kind > worst)
			worst = kind;
	}
	return worst;
}

#endif /* TXPATH_BPF_LIB_NF_HOOKS_H */
