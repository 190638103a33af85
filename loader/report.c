// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "netns.h"
#include "output.h"
#include "report.h"
#include "stage.h"

struct json_object *status_document(void)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "devices", json_object_new_array());
	json_object_object_add(document, "hooks", json_object_new_array());
	return document;
}

static struct json_object *hook_json(const struct txp_instance *row, enum txp_stage stage,
				     const char *netns)
{
	const struct rung *got = rung_of_kind(stage, row->stage_rung[stage]);
	struct json_object *object = json_object_new_object();
	char text[RUNG_TEXT_MAX];

	json_add_text(object, "netns", netns);
	json_add_text(object, "hook", stage_name(stage));
	json_add_text(object, "wanted", rung_text(rung_best(stage), text));
	json_add_text(object, "got", rung_text(got, text));
	json_add_text(object, "errno", errno_name(row->stage_errno[stage]));
	json_add_text(object, "unobservable", got ? "" : stage_gives(stage));
	return object;
}

int status_add(struct json_object *document, const struct instance *instance)
{
	struct json_object *devices = json_member(document, "devices");
	struct json_object *hooks = json_member(document, "hooks");
	struct attachment *list = NULL;
	char netns[NAME_MAX + 1];
	int i, count;

	count = attachment_list(instance, &list);
	if (count < 0)
		return count;
	netns_name(instance->netns, netns, sizeof(netns));
	for (i = 0; i < count; i++)
		json_object_array_add(devices, attachment_json(&list[i], netns));
	for (i = 0; i < TXP_STAGE_COUNT; i++)
		json_object_array_add(hooks, hook_json(&instance->row, i, netns));
	free(list);
	return 0;
}

int status_text(struct json_object *document)
{
	static const struct column devices[] = {
		{ "dev", "DEV", false },	   { "ifindex", "IFINDEX", true },
		{ "netns", "NETNS", false },	   { "mode", "MODE", false },
		{ "hook", "HOOK", false },	   { "transit", "TRANSIT", false },
		{ "state", "STATE", false },	   { "attached_as", "ATTACHED AS", false },
		{ "moved_to", "MOVED TO", false }, { "why", "WHY", false },
	};
	static const struct column hooks[] = {
		{ "netns", "NETNS", false },   { "hook", "STATION", false },
		{ "wanted", "WANTED", false }, { "got", "GOT", false },
		{ "errno", "ERRNO", false },   { "unobservable", "UNOBSERVABLE HERE", false },
	};
	int err;

	err = output_table(json_member(document, "devices"), devices,
			   sizeof(devices) / sizeof(devices[0]));
	if (err || !json_object_array_length(json_member(document, "hooks")))
		return err;
	putchar('\n');
	return output_table(json_member(document, "hooks"), hooks,
			    sizeof(hooks) / sizeof(hooks[0]));
}

bool device_selected(const struct options *options, const struct attachment *attachment)
{
	int i;

	for (i = 0; i < options->count; i++) {
		if (!strcmp(options->arguments[i], attachment->name) ||
		    !strcmp(options->arguments[i], attachment->row.name))
			return true;
	}
	return !options->count;
}

int nothing_attached(const struct options *options)
{
	if (options->count)
		log_error("%s: not attached: txpath status shows what is", options->arguments[0]);
	else
		log_error("nothing is attached: txpath attach DEV");
	return -ENOENT;
}
