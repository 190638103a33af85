// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath status: attached devices, and the hook got at each station. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "log.h"
#include "netns.h"
#include "output.h"
#include "privilege.h"
#include "roster.h"
#include "stage.h"
#include "status.h"

struct json_object *status_document(void)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "devices", json_object_new_array());
	json_object_object_add(document, "hooks", json_object_new_array());
	return document;
}

/* What is missing where a station has no hook, and why if that can be changed. */
static void add_unobservable(struct json_object *hook, const struct txp_instance *row,
			     enum txp_stage stage)
{
	char text[256] = "";

	if (row->stage_rung[stage] == TXP_HOOK_NONE && !stage_is_unneeded(row, stage))
		snprintf(text, sizeof(text), "%s%s%s", stage_gives(stage),
			 *stage_why_none(row, stage) ? "; " : "", stage_why_none(row, stage));
	json_add_text(hook, "unobservable", text);
}

static struct json_object *hook_json(const struct instance *instance, enum txp_stage stage,
				     const char *netns)
{
	const struct txp_instance *row = &instance->row;
	const struct rung *got = rung_of_kind(stage, row->stage_rung[stage]);
	struct json_object *object = json_object_new_object();
	char text[RUNG_TEXT_MAX];
	__u64 missed = 0;
	int err;

	json_add_text(object, "netns", netns);
	json_add_text(object, "hook", stage_name(stage));
	json_add_text(object, "wanted", rung_text(rung_best(stage), text));
	json_add_text(object, "got",
		      stage_is_unneeded(row, stage) ? STAGE_UNNEEDED : rung_text(got, text));
	json_add_errno(object, row->stage_errno[stage]);
	err = instance_missed(instance, stage, &missed);
	if (!err || err == -ENOENT) /* else it cannot be told: no privilege */
		json_add_number(object, "missed", missed);
	add_unobservable(object, row, stage);
	return object;
}

int status_add(struct json_object *document, const struct instance *instance)
{
	struct json_object *devices = json_member(document, "devices");
	struct json_object *hooks = json_member(document, "hooks");
	struct attachment *list = NULL;
	char netns[NAME_MAX + 1];
	int i, count;

	count = roster_read(instance, &list);
	if (count < 0)
		return count;
	netns_name(instance->netns, netns, sizeof(netns));
	for (i = 0; i < count; i++)
		json_object_array_add(devices, attachment_json(&list[i], netns));
	for (i = 0; i < TXP_STAGE_COUNT; i++)
		json_object_array_add(hooks, hook_json(instance, i, netns));
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

	count = instance_each(options, add_instance, object);
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
		{ "moved_to", "MOVED TO", false },
		{ "why", "WHY", false },
		{ 0 },
	};
	static const struct column hooks[] = {
		{ "netns", "NETNS", false },
		{ "hook", "STATION", false },
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
	puts("\nThe road's other stations are watched on demand, by stages, latency and trace: txpath "
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
