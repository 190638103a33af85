// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath status: a line for each attached device. -v adds what rarely matters: how each device is
 * attached, the hook that each probe got, and the knobs in force. The JSON always has all of it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/knobs.h"
#include "cmd/command.h"
#include "cmd/status.h"
#include "lib/array.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/attachments.h"
#include "state/probe_state.h"
#include "state/sum.h"

/* Packets that came in on a device with transit, by what became of them. */
static const struct {
	const char *name;
	size_t offset; /* of a struct txp_tally, in struct txp_transit_tallies */
} transits[] = {
#define TRANSIT_ROW(id, name, meaning) { #name, offsetof(struct txp_transit_tallies, name) },
	TXP_TRANSITS(TRANSIT_ROW)
#undef TRANSIT_ROW
};

struct json_object *status_document(void)
{
	struct json_object *document = json_object_new_object();

	json_object_object_add(document, "devices", json_object_new_array());
	json_object_object_add(document, "hooks", json_object_new_array());
	json_object_object_add(document, "knobs", json_object_new_array());
	return document;
}

/*
 * "arrived": packets at TC ingress, "taken": those taken over, "mostly": the verdict that most of
 * the others had, "" for none.
 */
static void add_share(struct json_object *object, const struct txp_transit_tallies *tallies)
{
	__u64 arrived = 0, most = 0, packets;
	const char *mostly = "";
	size_t i;

	for (i = 0; i < ARRAY_SIZE(transits); i++) {
		packets = ((const struct txp_tally *)((const char *)tallies + transits[i].offset))
				  ->packets;
		arrived += packets;
		if (i == TXP_TRANSIT_TAKEN || packets <= most)
			continue;
		most = packets;
		mostly = transits[i].name;
	}
	json_add_number(object, "arrived", arrived);
	json_add_number(object, "taken", tallies->taken.packets);
	json_add_text(object, "mostly", mostly);
}

static struct json_object *device_json(const struct instance *instance,
				       const struct attachment *attachment, const char *netns)
{
	struct json_object *object = attachment_json(attachment, netns);
	struct txp_counters counters = { 0 };

	/* a device that a killed run left has no counters: all are 0 */
	counters_sum(map_set_fd(&instance->maps, "counters"),
		     map_set_fd(&instance->maps, "dev_cache"), &attachment->key, &counters);
	add_share(object, &counters.transits);
	return object;
}

/* "without": what is not seen where a probe has no hook; "hint": what the operator can change. */
static void add_unobservable(struct json_object *hook, const struct txp_instance *row,
			     enum txp_probe probe)
{
	bool none = row->probe_hook[probe] == TXP_HOOK_NONE && !probe_is_unneeded(row, probe);
	const char *hint = none ? probe_why_none(row, probe) : "";
	const char *without = none ? probe_gives(probe) : "";
	char text[256];

	snprintf(text, sizeof(text), "%s%s%s", without, *hint ? "; " : "", hint);
	json_add_text(hook, "unobservable", text);
	json_add_text(hook, "without", without);
	json_add_text(hook, "hint", hint);
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
	if (!err || err == -ENOENT) /* any other error: without privilege it is not known */
		json_add_number(object, "missed", missed);
	add_unobservable(object, row, probe);
	return object;
}

static struct json_object *knob_json(const struct txp_instance *row, enum txp_knob which,
				     const char *netns)
{
	struct json_object *object = json_object_new_object();
	char text[KNOB_TEXT_MAX];

	json_add_text(object, "netns", netns);
	json_add_text(object, "knob", knobs[which].name);
	json_add_text(object, "unit", knob_unit_text(&knobs[which]));
	if (knobs[which].unit == TXP_KNOB_UNIT_WORD) {
		json_add_text(object, "value", knob_word_in_force(row, which, text));
		json_add_text(object, "default", knobs[which].initial);
	} else {
		json_add_number(object, "value", row->knob[which]);
		json_add_number(object, "default", strtoull(knobs[which].initial, NULL, 10));
	}
	return object;
}

int status_add(struct json_object *document, const struct instance *instance)
{
	struct json_object *devices = json_member(document, "devices");
	struct json_object *hooks = json_member(document, "hooks");
	struct json_object *values = json_member(document, "knobs");
	struct attachment *list = NULL;
	char netns[NAME_MAX + 1];
	int i, count;

	count = attachments_read(instance, &list);
	if (count < 0)
		return count;
	netns_name(instance->netns, netns, sizeof(netns));
	for (i = 0; i < count; i++)
		json_object_array_add(devices, device_json(instance, &list[i], netns));
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (probe_is_verified(i))
			json_object_array_add(hooks, hook_json(instance, i, netns));
	}
	for (i = 0; i < TXP_KNOB_COUNT; i++)
		json_object_array_add(values, knob_json(&instance->row, i, netns));
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

#define REASON_MAX 256

static void append(char *text, const char *what, const char *value)
{
	size_t length = strlen(text);

	snprintf(text + length, REASON_MAX - length, "%s%s%s", length ? "; " : "", what, value);
}

/* Why a device does not do what its mode says, in one line. */
static const char *reason_text(struct json_object *device, char *text)
{
	const char *state = json_text(device, "state"), *mostly = json_text(device, "mostly");
	__u64 arrived = json_number(device, "arrived"), taken = json_number(device, "taken");

	*text = '\0';
	if (!strcmp(state, "renamed"))
		append(text, "attached as ", json_text(device, "attached_as"));
	else if (!strcmp(state, "moved"))
		append(text, "moved to network namespace ", json_text(device, "moved_to"));
	else if (strcmp(state, "ok"))
		append(text, state, "");
	if (*json_text(device, "why"))
		append(text, json_text(device, "why"), "");
	else if (!strcmp(json_text(device, "mode"), "offload") && taken < arrived)
		append(text, "most of the others: ", mostly);
	return text;
}

static const char *share_text(struct json_object *device, char *text, size_t size)
{
	__u64 arrived = json_number(device, "arrived"), taken = json_number(device, "taken");

	if (!strcmp(json_text(device, "transit"), "none"))
		snprintf(text, size, "-");
	else if (!arrived)
		snprintf(text, size, "no packets yet");
	else
		snprintf(text, size, "%.1f%% of %llu", 100.0 * (double)taken / (double)arrived,
			 arrived);
	return text;
}

static int devices_text(struct json_object *devices)
{
	static const struct column columns[] = {
		{ "dev", "DEV", false },       { "netns", "NETNS", false },
		{ "mode", "MODE", false },     { "share", "TAKEN OVER", false },
		{ "reason", "REASON", false }, { 0 },
	};
	char reason[REASON_MAX], share[64];
	struct json_object *device;
	size_t i;

	for (i = 0; i < json_object_array_length(devices); i++) {
		device = json_object_array_get_idx(devices, i);
		json_add_text(device, "share", share_text(device, share, sizeof(share)));
		json_add_text(device, "reason", reason_text(device, reason));
	}
	return output_table(devices, columns);
}

static int attached_text(struct json_object *devices)
{
	static const struct column columns[] = {
		{ "dev", "DEV", false },
		{ "ifindex", "IFINDEX", true },
		{ "hook", "EGRESS HOOK", false },
		{ "transit", "TRANSIT HOOK", false },
		{ "netfilter", "NETFILTER", false },
		{ "state", "STATE", false },
		{ "attached_as", "ATTACHED AS", false },
		{ "surprises", "SURPRISES", true },
		{ "demotions", "DEMOTIONS", true },
		{ 0 },
	};

	return output_table(devices, columns);
}

/* Many rows have the same hint: each is printed once. */
static void hints_text(struct json_object *hooks)
{
	const char *hint;
	size_t i;

	for (i = 0; i < json_object_array_length(hooks); i++) {
		hint = json_text(json_object_array_get_idx(hooks, i), "hint");
		if (*hint && json_is_first(hooks, i, "hint"))
			puts(hint);
	}
}

static int hooks_text(struct json_object *hooks)
{
	static const struct column columns[] = {
		{ "netns", "NETNS", false },
		{ "hook", "PROBE", false },
		{ "wanted", "WANTED", false },
		{ "got", "GOT", false },
		{ "errno", "ERRNO", false },
		{ "why", "WHY", false },
		{ "missed", "MISSED", true },
		{ "without", "NOT SEEN", false },
		{ 0 },
	};
	int err = output_table(hooks, columns);

	if (!err)
		hints_text(hooks);
	puts("The commands probes, latency and trace use other probes on demand: see txpath "
	     "features.");
	return err;
}

static int knobs_text(struct json_object *values)
{
	static const struct column columns[] = {
		{ "netns", "NETNS", false },	 { "knob", "KNOB", false },
		{ "value", "VALUE", false },	 { "unit", "UNIT", false },
		{ "default", "DEFAULT", false }, { 0 },
	};

	return output_table(values, columns);
}

static int text(struct json_object *document)
{
	return devices_text(json_member(document, "devices"));
}

static int verbose_text(struct json_object *document)
{
	int err = text(document);

	if (err || !json_object_array_length(json_member(document, "hooks")))
		return err;
	putchar('\n');
	err = attached_text(json_member(document, "devices"));
	putchar('\n');
	if (!err)
		err = hooks_text(json_member(document, "hooks"));
	putchar('\n');
	return err ? err : knobs_text(json_member(document, "knobs"));
}

int cmd_status(const struct options *options)
{
	struct json_object *document;
	int err;

	if (privilege_to_read("status") || build(options, &document))
		return EXIT_FAILED;
	if (options->json) {
		output_json(document);
		err = 0;
	} else {
		err = options->verbosity > 0 ? verbose_text(document) : text(document);
	}
	json_object_put(document);
	return err ? EXIT_FAILED : EXIT_DONE;
}
