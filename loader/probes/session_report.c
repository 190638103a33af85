// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * What a session sees and what it does not: counts without this would look complete where a kernel
 * refuses hooks.
 */
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/output.h"
#include "probes/session.h"

/* Packets for which the kernel skipped the program, because it was running on that CPU. */
static __u64 missed_by(const struct hook_state *hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	return bpf_obj_get_info_by_fd(hook->prog_fd, &info, &size) ? 0 : info.recursion_misses;
}

/* The best hooks of a probe, those in use, and which packets these do not see. */
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

static void summarize(const struct hook_set *hooks, enum txp_probe probe,
		      struct hook_summary *summary)
{
	enum txp_hook_kind best = hooks_next_kind(hooks, probe, TXP_HOOK_NONE);
	char text[HOOK_TEXT_MAX];
	size_t row;

	memset(summary, 0, sizeof(*summary));
	summary->limit = "";
	for (row = 0; row < PROBE_HOOK_COUNT; row++) {
		if (!hooks->hook[row].selected || probe_hooks[row].probe != probe)
			continue;
		probe_hook_text(&probe_hooks[row], text);
		if (probe_hooks[row].kind == best)
			append(summary->wanted, sizeof(summary->wanted), text);
		if (!hooks->hook[row].used)
			continue;
		append(summary->got, sizeof(summary->got), text);
		summary->limit = probe_hooks[row].limit;
		summary->missed += missed_by(&hooks->hook[row]);
	}
	if (!*summary->got)
		append(summary->got, sizeof(summary->got), "none");
}

static const char *unobservable(const struct session *session, enum txp_probe probe,
				const struct hook_summary *summary)
{
	return session->hooks.probe[probe].attached ? summary->limit : probe_what(probe);
}

static struct json_object *probe_json(const struct session *session, enum txp_probe probe)
{
	struct json_object *object = json_object_new_object();
	struct hook_summary summary;

	summarize(&session->hooks, probe, &summary);
	json_add_text(object, "probe", probe_name(probe));
	json_add_text(object, "wanted", summary.wanted);
	json_add_text(object, "got", summary.got);
	json_add_errno(object, session->hooks.probe[probe].best_errno);
	json_add_number(object, "missed", summary.missed);
	json_add_text(object, "unobservable", unobservable(session, probe, &summary));
	return object;
}

struct json_object *session_hooks_json(const struct session *session)
{
	struct json_object *rows = json_object_new_array();
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (session->hooks.probes & TXP_PROBE_BIT(i))
			json_object_array_add(rows, probe_json(session, i));
	}
	return rows;
}

static bool has_no_hook(struct json_object *row)
{
	return !strcmp(json_text(row, "got"), "none");
}

/* The probes that have no hook for one reason. */
static void unhooked_group(struct json_object *rows, const char *why)
{
	struct json_object *row;
	size_t i;

	printf("probes without a hook on this kernel: %s\n",
	       *why ? why : "none of their hooks can be used here");
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (!strcmp(json_text(row, "why"), why))
			printf("  %s (%s): %s\n", json_text(row, "probe"), json_text(row, "wanted"),
			       json_text(row, "unobservable"));
	}
}

/* Rows of probes that have no hook, from an array of all. Owned by the caller. */
static struct json_object *unhooked(struct json_object *hooks)
{
	struct json_object *row, *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < json_object_array_length(hooks); i++) {
		row = json_object_array_get_idx(hooks, i);
		if (has_no_hook(row))
			json_object_array_add(rows, json_object_get(row));
	}
	return rows;
}

void session_hooks_text(struct json_object *hooks)
{
	struct json_object *row, *rows = unhooked(hooks);
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		if (json_is_first(rows, i, "why"))
			unhooked_group(rows, json_text(json_object_array_get_idx(rows, i), "why"));
	}
	for (i = 0; i < json_object_array_length(hooks); i++) {
		row = json_object_array_get_idx(hooks, i);
		if (json_number(row, "missed"))
			printf("probe %s missed %llu packets: its program was running on that CPU\n",
			       json_text(row, "probe"), json_number(row, "missed"));
	}
	json_object_put(rows);
}
