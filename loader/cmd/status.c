// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath status: attached devices, and the hook got at each probe. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/command.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/attachments.h"
#include "state/probe_state.h"
#include "cmd/status.h"

struct json_object *status_document(void)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "devices", json_object_new_array());
	json_object_object_add(document, "hooks", json_object_new_array());
	return document;
}

/* What is missing where a probe has no hook, and why if that can be changed. */
static void add_unobservable(struct json_object *hook, const struct txp_instance *row,
			     enum txp_probe probe)
{
	char text[256] = "";

	if (row->probe_hook[probe] == TXP_HOOK_NONE && !probe_is_unneeded(row, probe))
		snprintf(text, sizeof(text), "%s%s%s", probe_gives(probe),
			 *probe_why_none(row, probe) ? "; " : "", probe_why_none(row, probe));
	json_add_text(hook, "unobservable", text);
}

static struct json_object *hook_json(const struct instance *instance, enum txp_probe probe,
				     const char *netns)
{
	const struct txp_instance *row = &instance->row;
	const struct probe_hook *got = probe_hook_of_kind(probe, row->probe_hook[probe]);
	struct json_object *object = json_object_new_object();
	char text[HOOK_TEXT_MAX];
	__u64 missed = 0;
	int err;

	json_add_text(object, "netns", netns);
	json_add_text(object, "hook", probe_name(probe));
	json_add_text(object, "wanted", probe_hook_text(probe_hook_best(probe), text));
	json_add_text(object, "got",
		      probe_is_unneeded(row, probe) ? PROBE_UNNEEDED : probe_hook_text(got, text));
	json_add_errno(object, row->probe_errno[probe]);
	err = instance_missed(instance, probe, &missed);
	if (!err || err == -ENOENT) /* else it cannot be told: no privilege */
		json_add_number(object, "missed", missed);
	add_unobservable(object, row, probe);
	return object;
}

int status_add(struct json_object *document, const struct instance *instance)
{
	struct json_object *devices = json_member(document, "devices");
	struct json_object *hooks = json_member(document, "hooks");
	struct attachment *list = NULL;
	char netns[NAME_MAX + 1];
	int i, count;

	count = attachments_read(instance, &list);
	if (count < 0)
		return count;
	netns_name(instance->netns, netns, sizeof(netns));
	for (i = 0; i < count; i++)
		json_object_array_add(devices, attachment_json(&list[i], netns));
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!probe_is_verified(i))
			continue;
		json_object_array_add(hooks, hook_json(instance, i, netns));
	}
	free(list);
	return 0;
}

static int add_instance(struct instance *instance, void *context)
{
	return status_add(context, instance);
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *object = status_document();
	int count;

	count = instance_each(options->bpffs, options->netns, add_instance, object);
	if (count < 0) {
		json_object_put(object);
		return count;
	}
	if (!count)
		log_note("nothing is attached");
	*document = object;
	return 0;
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	static const struct column devices[] = {
		{ "dev", "DEV", false },
		{ "ifindex", "IFINDEX", true },
		{ "netns", "NETNS", false },
		{ "mode", "MODE", false },
		{ "hook", "HOOK", false },
		{ "transit", "TRANSIT", false },
		{ "netfilter", "NETFILTER", false },
		{ "state", "STATE", false },
		{ "attached_as", "ATTACHED AS", false },
		{ "changed_to", "MOVED TO", false },
		{ "why", "WHY", false },
		{ 0 },
	};
	static const struct column hooks[] = {
		{ "netns", "NETNS", false },
		{ "hook", "PROBE", false },
		{ "wanted", "WANTED", false },
		{ "got", "GOT", false },
		{ "errno", "ERRNO", false },
		{ "why", "WHY", false },
		{ "missed", "MISSED", true },
		{ "unobservable", "UNOBSERVABLE HERE", false },
		{ 0 },
	};
	int err;

	(void)before;
	(void)seconds;
	err = output_table(json_member(document, "devices"), devices);
	if (err || !json_object_array_length(json_member(document, "hooks")))
		return err;
	putchar('\n');
	err = output_table(json_member(document, "hooks"), hooks);
	puts("\nThe road's other probes are watched on demand, by probes, latency and trace: txpath "
	     "features");
	return err;
}

int cmd_status(const struct options *options)
{
	static const struct report report = { .build = build, .text = text };

	if (privilege_to_read("status"))
		return EXIT_FAILED;
	return output_report(&report, options);
}
