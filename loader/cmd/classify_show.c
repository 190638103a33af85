// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath classify show: the rules in force, and what each has matched. */
#include <stdio.h>

#include <bpf/bpf.h>
#include <net/if.h>

#include "lib/action.h"
#include "classify/loaded_rules.h"
#include "cmd/classify_show.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"

static void add_tally(struct json_object *object, const struct txp_tally *tally)
{
	json_add_number(object, "packets", tally->packets);
	json_add_number(object, "bytes", tally->bytes);
}

static struct json_object *tally_json(const struct txp_tally *tally)
{
	struct json_object *object = json_object_new_object();

	add_tally(object, tally);
	return object;
}

struct json_object *classify_rule_json(const struct txp_class_name *name,
				       const struct txp_class *action, const struct txp_tally *hits)
{
	struct json_object *object = json_object_new_object();
	char sets[ACTION_TEXT_MAX];

	json_add_text(object, "rule", name->rule);
	json_add_number(object, "line", name->line);
	json_add_text(object, "match", name->match);
	json_add_text(object, "class", name->class);
	json_add_text(object, "sets", action_text(action, sets));
	if (hits)
		add_tally(object, hits);
	return object;
}

/* Does the name still belong to the device that the rules were loaded for, and is it attached? */
static bool is_still_there(const struct instance *instance, const struct txp_class_device *device)
{
	const struct txp_device_key key = { .netns = instance->netns, .ifindex = device->ifindex };
	int devices = map_set_fd(&instance->maps, "devices");
	struct txp_device row;

	return !bpf_map_lookup_elem(devices, &key, &row) &&
	       if_nametoindex(device->name) == device->ifindex;
}

/* Names in rules that now belong to no device, or to another one. */
static struct json_object *gone_json(const struct instance *instance,
				     const struct loaded_rules *loaded)
{
	struct json_object *names = json_object_new_array();
	int home = netns_go(instance->netns);
	__u32 i;

	for (i = 0; i < loaded->device_count && home >= 0; i++) {
		const struct txp_class_device *device = &loaded->devices[i];

		if (device->ifindex && !is_still_there(instance, device))
			json_object_array_add(names, json_object_new_string(device->name));
	}
	if (home >= 0)
		netns_back(home);
	return names;
}

static struct json_object *loaded_rules_json(const struct loaded_rules *loaded, const char *netns)
{
	struct json_object *object = json_object_new_object();
	struct json_object *rules = json_object_new_array();
	const struct txp_tally *rest = loaded->hits + loaded->rules;
	__u32 i;

	json_add_text(object, "netns", netns);
	json_add_text(object, "file", loaded->about.file);
	json_add_number(object, "loaded_ns", loaded->about.loaded_ns);
	for (i = 0; i < loaded->rules; i++)
		json_object_array_add(rules,
				      classify_rule_json(&loaded->names[i], &loaded->actions[i],
							 &loaded->hits[i]));
	json_object_object_add(object, "rules", rules);
	json_object_object_add(object, "unmatched", tally_json(&rest[TXP_CLASS_UNMATCHED]));
	json_object_object_add(object, "not_ip", tally_json(&rest[TXP_CLASS_NOT_IP]));
	return object;
}

static int add_instance(struct instance *instance, void *context)
{
	struct json_object *object;
	struct loaded_rules loaded;
	char netns[NAME_MAX + 1];
	int ret = loaded_rules_read(instance, &loaded);

	if (ret <= 0)
		return ret;
	netns_name(instance->netns, netns, sizeof(netns));
	object = loaded_rules_json(&loaded, netns);
	json_object_object_add(object, "gone", gone_json(instance, &loaded));
	json_object_array_add(context, object);
	loaded_rules_free(&loaded);
	return 0;
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *list = json_object_new_array();
	int ret = instance_each(options->bpffs, options->netns, add_instance, list);

	*document = json_object_new_object();
	json_object_object_add(*document, "classify", list);
	if (ret >= 0)
		return 0;
	json_object_put(*document);
	return ret;
}

/* The last rows of the table are not rules: packets that no rule matched. */
static void add_rest(struct json_object *rules, const char *what, struct json_object *tally)
{
	struct json_object *row = json_object_new_object();

	json_add_text(row, "rule", what);
	json_add_text(row, "match", "");
	json_add_text(row, "class", "");
	json_add_text(row, "sets", "unchanged");
	json_add_number(row, "packets", json_number(tally, "packets"));
	json_add_number(row, "bytes", json_number(tally, "bytes"));
	json_object_array_add(rules, row);
}

static int show_one(struct json_object *object)
{
	static const struct column columns[] = {
		{ "rule", "RULE", false },	{ "match", "MATCH", false },
		{ "class", "CLASS", false },	{ "sets", "SETS", false },
		{ "packets", "PACKETS", true }, { "bytes", "BYTES", true },
		{ NULL, NULL, false },
	};
	struct json_object *rules = json_member(object, "rules");
	struct json_object *gone = json_member(object, "gone");
	size_t i;

	printf("%s: %s, the first rule that matches:\n", json_text(object, "netns"),
	       json_text(object, "file"));
	for (i = 0; i < json_object_array_length(gone); i++)
		printf("dev %s: the device that the rules were loaded for is gone; load the rules "
		       "again\n",
		       json_object_get_string(json_object_array_get_idx(gone, i)));
	add_rest(rules, "(none matched)", json_member(object, "unmatched"));
	add_rest(rules, "(not IP)", json_member(object, "not_ip"));
	return output_table(rules, columns);
}

static int show_text(struct json_object *document, struct json_object *before, double seconds)
{
	struct json_object *list = json_member(document, "classify");
	size_t i;
	int err = 0;

	(void)before;
	(void)seconds;
	if (!json_object_array_length(list))
		printf("no rules are loaded\n");
	for (i = 0; i < json_object_array_length(list) && !err; i++)
		err = show_one(json_object_array_get_idx(list, i));
	return err;
}

int classify_show(const struct options *options)
{
	static const struct report report = { .build = build, .text = show_text };

	if (options->count != 1)
		return usage_error("classify show takes no argument");
	return privilege_to_read("classify show") ? EXIT_FAILED : output_report(&report, options);
}
