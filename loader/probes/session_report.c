// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a watch sees and what not: the hooks that were wanted and got. */
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/output.h"
#include "probes/session_hook.h"

/* Packets that the kernel did not run the program for, because it was running on that CPU. */
static __u64 missed_by(const struct session *session, const struct probe_hook *hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(session_program(session, hook)), &info, &size))
		return 0;
	return info.recursion_misses;
}

static void hook_text(const struct probe_hook *hook, char *text, size_t size)
{
	snprintf(text, size, "%s/%s", hook_kind_name(hook->kind), hook->target);
}

/* The best hooks, the ones got, and what passes these. */
struct hook_summary {
	char wanted[128];
	char got[128];
	const char *limit;
	__u64 missed;
};

static void append(char *list, size_t size, const char *text)
{
	size_t length = strlen(list);

	snprintf(list + length, size - length, "%s%s", length ? " " : "", text);
}

static void summarize(const struct session *session, enum txp_probe probe,
		      struct hook_summary *summary)
{
	enum txp_hook_kind best = TXP_HOOK_NONE;
	const struct probe_hook *hook;
	char text[64];

	memset(summary, 0, sizeof(*summary));
	summary->limit = "";
	for (hook = probe_hooks; hook < probe_hooks + probe_hook_count; hook++) {
		if (hook->probe != probe || !session_selects(session, hook))
			continue;
		best = best ?: hook->kind;
		hook_text(hook, text, sizeof(text));
		if (hook->kind == best)
			append(summary->wanted, sizeof(summary->wanted), text);
		if (!session->used[hook - probe_hooks])
			continue;
		append(summary->got, sizeof(summary->got), text);
		summary->limit = hook->limit;
		summary->missed += missed_by(session, hook);
	}
	if (!*summary->got)
		append(summary->got, sizeof(summary->got), "none");
}

static const char *unobservable(const struct session *session, enum txp_probe probe,
				const struct hook_summary *summary)
{
	return session->probe[probe].got ? summary->limit : probe_what(probe);
}

static struct json_object *probe_json(const struct session *session, enum txp_probe probe)
{
	struct json_object *object = json_object_new_object();
	struct hook_summary summary;

	summarize(session, probe, &summary);
	json_add_text(object, "probe", probe_name(probe));
	json_add_text(object, "wanted", summary.wanted);
	json_add_text(object, "got", summary.got);
	json_add_errno(object, session->probe[probe].err);
	json_add_number(object, "missed", summary.missed);
	json_add_text(object, "unobservable", unobservable(session, probe, &summary));
	return object;
}

struct json_object *session_hooks_json(const struct session *session)
{
	struct json_object *rows = json_object_new_array();
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (session_asks(session, i))
			json_object_array_add(rows, probe_json(session, i));
	}
	return rows;
}

void session_hooks_text(struct json_object *hooks)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(hooks); i++) {
		row = json_object_array_get_idx(hooks, i);
		if (!strcmp(json_text(row, "got"), "none"))
			printf("not observable here: %s: %s (%s: %s)\n", json_text(row, "probe"),
			       json_text(row, "unobservable"), json_text(row, "wanted"),
			       json_text(row, "why"));
		else if (json_number(row, "missed"))
			printf("%s: %llu packets not seen: the program was running on that CPU\n",
			       json_text(row, "probe"), json_number(row, "missed"));
	}
}
