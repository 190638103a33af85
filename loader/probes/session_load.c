// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Which hooks are asked for and there, and loading ever less of them until the kernel takes it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "lib/array.h"
#include "lib/log.h"
#include "state/object.h"
#include "lib/tc.h"
#include "probes/session_hook.h"

#define ANSWER_PROGRAM "trace_net_dev_xmit"

/* What this kernel has of the hooks, before anything is loaded. */
struct available {
	struct btf *btf;
	bool netfilter; /* has links, and the filter says of which namespace */
	bool tcx;	/* it is there, and the filter says of which device */
	int arguments;	/* of a function that fentry is tried on, at most; -1: of none */
};

/* x86 has fentry for more than six arguments since 6.6; and a kernel may refuse it altogether. */
static const int arguments_tried[] = { 12, 6, -1 };

static bool btf_has(const struct btf *btf, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Does fentry reach it? */
static bool btf_has_function(const struct available *available, const char *name)
{
	const struct btf_type *type;
	int id = btf__find_by_name_kind(available->btf, name, BTF_KIND_FUNC);

	if (id <= 0)
		return false;
	type = btf__type_by_id(available->btf, btf__type_by_id(available->btf, id)->type);
	return btf_vlen(type) <= available->arguments;
}

bool session_asks(const struct session *session, enum txp_probe probe)
{
	return session->probes & TXP_PROBE_BIT(probe);
}

/* Of what a driver is given there are two programs, for two kinds of questions. */
bool session_selects(const struct session *session, const struct probe_hook *hook)
{
	bool by_answer = !session->asks_packet && session_asks(session, TXP_PROBE_NET_DEV_XMIT);

	if (hook->user != TXP_TRACE || !session_asks(session, hook->probe))
		return false;
	return hook->probe != TXP_PROBE_NET_DEV_START_XMIT ||
	       by_answer == !strcmp(hook->program, ANSWER_PROGRAM);
}

static bool is_there(const struct available *available, const struct probe_hook *hook)
{
	char name[64];

	switch (hook->kind) {
	case TXP_HOOK_FENTRY:
		return available->arguments >= 0 && btf_has_function(available, hook->target);
	case TXP_HOOK_TP_BTF:
		snprintf(name, sizeof(name), "btf_trace_%s", hook->target);
		return btf_has(available->btf, name, BTF_KIND_TYPEDEF);
	case TXP_HOOK_TC:
		return available->tcx;
	default:
		return available->netfilter;
	}
}

struct bpf_program *session_program(const struct session *session, const struct probe_hook *hook)
{
	return bpf_object__find_program_by_name(session->object, hook->program);
}

/* A program is chosen if one of its rows is. */
static void choose(struct session *session, const struct available *available, __u32 what)
{
	const struct probe_hook *hook;
	struct bpf_program *program;

	bpf_object__for_each_program(program, session->object)
		bpf_program__set_autoload(program, false);
	for (hook = probe_hooks; hook < probe_hooks + probe_hook_count; hook++) {
		if (session_selects(session, hook) && is_there(available, hook))
			bpf_program__set_autoload(session_program(session, hook), true);
	}
	program = bpf_object__find_program_by_name(session->object, CONSUME_PROGRAM);
	bpf_program__set_autoload(program, what & TXP_TRACE_LATENCY);
}

/* Loads all that are there. Returns a negative errno, silent. */
static int load(struct session *session, const struct txp_trace_config *settings,
		const struct available *available)
{
	int err;

	session->object = object_open_trace(settings);
	if (!session->object)
		return -errno;
	choose(session, available, settings->what);
	err = bpf_object__load(session->object);
	if (!err)
		return 0;
	bpf_object__close(session->object);
	session->object = NULL;
	return err;
}

/* Ever less until it loads. refused: why not all did. */
int session_load(struct session *session, const struct txp_trace_config *settings, int *refused)
{
	struct available available = { 0 };
	int err = -ENOENT;
	size_t i;

	available.btf = btf__load_vmlinux_btf();
	if (!available.btf)
		return log_errno(-errno, "reading /sys/kernel/btf/vmlinux: a watch needs it");
	available.netfilter = settings->filter.netns &&
			      btf_has(available.btf, "bpf_nf_link_attach", BTF_KIND_FUNC);
	available.tcx = settings->filter.ifindex && tc_has_tcx();
	for (i = 0; i < ARRAY_SIZE(arguments_tried) && err; i++) {
		available.arguments = arguments_tried[i];
		err = load(session, settings, &available);
		if (!err)
			break;
		log_detail("fentry on functions of %d arguments: %s", available.arguments,
			   errno_name(err));
		*refused = err;
	}
	btf__free(available.btf);
	return err ? log_errno(err, "loading the programs that watch (-v: why)") : 0;
}
