// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loading the programs of a set. Each load costs seconds in an emulated guest, so first as much as
 * possible is loaded at once, and less only if the kernel refuses that.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "lib/array.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "probes/hooks.h"

/* Loads the programs of these rows, all or none of them. */
static int load_rows(struct hook_set *set, const bool *wanted)
{
	struct program programs[PROBE_HOOK_COUNT] = { 0 };
	size_t row, rows[PROBE_HOOK_COUNT], count = 0;
	int err;

	for (row = 0; row < PROBE_HOOK_COUNT; row++) {
		if (!wanted[row])
			continue;
		rows[count] = row;
		programs[count++].name = probe_hooks[row].program;
	}
	err = set->user->load(set->context, programs, count);
	while (!err && count--)
		set->hook[rows[count]].prog_fd = programs[count].fd;
	return err;
}

/* A row that has the program loaded; PROBE_HOOK_COUNT: none has. */
static size_t find_loaded(const struct hook_set *set, const char *program)
{
	size_t row = 0;

	while (row < PROBE_HOOK_COUNT &&
	       (set->hook[row].prog_fd < 0 || strcmp(probe_hooks[row].program, program)))
		row++;
	return row;
}

int hooks_load_one(struct hook_set *set, size_t row)
{
	const struct probe_hook *hook = &probe_hooks[row];
	size_t loaded = find_loaded(set, hook->program);
	bool wanted[PROBE_HOOK_COUNT] = { false };
	int fd;

	if (set->hook[row].prog_fd >= 0)
		return 0;
	if (loaded < PROBE_HOOK_COUNT) {
		fd = fd_copy(set->hook[loaded].prog_fd);
		set->hook[row].prog_fd = fd;
		return fd < 0 ? fd : 0;
	}
	if (set->user->alone) {
		wanted[row] = true;
		return load_rows(set, wanted);
	}
	/* the only load left it out: the kernel has no such hook, or refused all of that kind */
	return hook->kind == TXP_HOOK_FENTRY && set->load_errno ? set->load_errno : -ESRCH;
}

/* The best hooks are all that most kernels need. Those that do not load are found one by one. */
static int load_best(struct hook_set *set)
{
	bool wanted[PROBE_HOOK_COUNT];
	size_t row;
	int err;

	for (row = 0; row < PROBE_HOOK_COUNT; row++)
		wanted[row] = set->hook[row].selected &&
			      probe_hooks[row].kind ==
				      hooks_next_kind(set, probe_hooks[row].probe, TXP_HOOK_NONE);
	err = load_rows(set, wanted);
	if (err)
		log_detail("loading the best hook of every probe at once: %s (%s): loading them "
			   "one by one",
			   errno_words(err), errno_name(err));
	return 0;
}

static bool btf_has(const struct btf *btf, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Can fentry attach to a function with so many arguments at most? A static one may be inlined. */
static bool btf_has_function(const struct btf *btf, const char *name, int arguments)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_FUNC);

	return id > 0 &&
	       btf_vlen(btf__type_by_id(btf, btf__type_by_id(btf, id)->type)) <= arguments;
}

/* Does the kernel's BTF have what the hook needs? arguments: -1 leaves fentry out. */
static bool btf_has_hook(const struct btf *btf, const struct probe_hook *hook, int arguments)
{
	char name[64];

	switch (hook->kind) {
	case TXP_HOOK_FENTRY:
		return btf_has_function(btf, hook->target, arguments);
	case TXP_HOOK_TP_BTF:
		snprintf(name, sizeof(name), "btf_trace_%s", hook->target);
		return btf_has(btf, name, BTF_KIND_TYPEDEF);
	case TXP_HOOK_NETFILTER:
	case TXP_HOOK_NETFILTER6:
		return btf_has(btf, "bpf_nf_link_attach", BTF_KIND_FUNC);
	default:
		return true;
	}
}

static int load_available(struct hook_set *set, const struct btf *btf, int arguments)
{
	bool wanted[PROBE_HOOK_COUNT];
	size_t row;

	for (row = 0; row < PROBE_HOOK_COUNT; row++)
		wanted[row] = set->hook[row].selected &&
			      set->kinds & HOOK_KIND_BIT(probe_hooks[row].kind) &&
			      btf_has_hook(btf, &probe_hooks[row], arguments);
	return load_rows(set, wanted);
}

/*
 * All hooks and their fallbacks in one load, as far as BTF says that the kernel has them. The
 * kernel may still refuse fentry, and then refuses the whole load: on x86 before 6.6 on functions
 * of more than six arguments, and altogether where it is locked down.
 */
static int load_together(struct hook_set *set)
{
	static const int arguments_tried[] = { 12, 6, -1 };
	struct btf *btf = btf__load_vmlinux_btf();
	int err = -ENOENT;
	size_t i;

	if (!btf)
		return log_errno(-errno, "reading the kernel's BTF, /sys/kernel/btf/vmlinux");
	for (i = 0; i < ARRAY_SIZE(arguments_tried) && err; i++) {
		err = load_available(set, btf, arguments_tried[i]);
		if (!err)
			break;
		log_detail("loading fentry on functions of at most %d arguments: %s (%s)",
			   arguments_tried[i], errno_words(err), errno_name(err));
		set->load_errno = err;
	}
	btf__free(btf);
	return err ? log_errno(err, "loading the programs of the probes (-v shows why)") : 0;
}

int hooks_load_first(struct hook_set *set)
{
	return set->user->alone ? load_best(set) : load_together(set);
}
