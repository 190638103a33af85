// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath parity: what was predicted against what the kernel did, by field. A mismatch gives exit
 * status 3, and the latest example of each field is printed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "classify/loaded_rules.h"
#include "cmd/command.h"
#include "state/counters.h"
#include "state/sum.h"
#include "lib/log.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/probe_state.h"
#include "lib/words.h"

struct field {
	const char *name;
	enum txp_field_kind kind;
	size_t offset; /* in struct txp_field_counts */
};

static const struct field fields[] = {
#define FIELD_ROW(id, name, kind, rule)                                                            \
	{ #name, TXP_FIELD_KIND_##kind, offsetof(struct txp_field_counts, name) },
	TXP_FIELDS(FIELD_ROW)
#undef FIELD_ROW
};

static struct json_object *field_json(const struct txp_field_counts *counts,
				      const struct field *field)
{
	const struct txp_verdict_counts *one = (const void *)((const char *)counts + field->offset);
	struct json_object *object = json_object_new_object();

	json_add_text(object, "field", field->name);
	json_add_text(object, "kind", field->kind == TXP_FIELD_KIND_EXACT ? "exact" : "observed");
	json_add_number(object, "checked", one->match + one->mismatch + one->unknown);
#define VERDICT_MEMBER(id, name, meaning) json_add_number(object, #name, one->name);
	TXP_VERDICTS(VERDICT_MEMBER)
#undef VERDICT_MEMBER
	return object;
}

static __u64 count_mismatches(const struct txp_field_counts *counts)
{
	__u64 sum = 0;

#define FIELD_MISMATCH(id, name, kind, rule) sum += counts->name.mismatch;
	TXP_FIELDS(FIELD_MISMATCH)
#undef FIELD_MISMATCH
	return sum;
}

/* Adds "fields" and "mismatches", of one device or the sum of all. */
static void add_counts(struct json_object *object, const struct txp_field_counts *counts)
{
	struct json_object *rows = json_object_new_array();
	size_t i;

	for (i = 0; i < TXP_FIELD_COUNT; i++)
		json_object_array_add(rows, field_json(counts, &fields[i]));
	json_object_object_add(object, "fields", rows);
	json_add_number(object, "mismatches", count_mismatches(counts));
}

static __u64 now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

static struct json_object *example_json(const char *dev, enum txp_field field,
					const struct txp_example *example)
{
	struct json_object *object = json_object_new_object();
	char text[FIELD_VALUE_MAX];
	__u64 now = now_ns();

	json_add_text(object, "dev", dev);
	json_add_text(object, "field", fields[field].name);
	field_value_text(field, example->expected, text);
	json_add_text(object, "expected", text);
	field_value_text(field, example->actual, text);
	json_add_text(object, "actual", text);
	json_add_address(object, "saddr", AF_INET, &example->saddr);
	json_add_address(object, "daddr", AF_INET, &example->daddr);
	json_add_number(object, "protocol", example->protocol);
	json_add_number(object, "total", example->total);
	json_add_number(object, "age_ms",
			now > example->time_ns ? (now - example->time_ns) / 1000000 : 0);
	return object;
}

struct building {
	const struct options *options;
	struct json_object *document;
	struct txp_field_counts sum;
	__u64 loaded; /* packets */
};

static void add_examples(const struct building *building, const struct counted *counted)
{
	struct json_object *examples = json_member(building->document, "examples");
	struct txp_example_key key = { .device = counted->attachment->key };
	const char *name = counted->attachment->name;
	int fd = map_set_fd(&counted->instance->maps, "examples");
	struct txp_example example;

	for (key.field = 0; key.field < TXP_FIELD_COUNT; key.field++) {
		if (!bpf_map_lookup_elem(fd, &key, &example))
			json_object_array_add(examples, example_json(name, key.field, &example));
	}
}

static void add_per_device(const struct building *building, const struct counted *counted)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "dev", counted->attachment->name);
	json_add_number(object, "ifindex", counted->attachment->key.ifindex);
	json_add_text(object, "netns", counted->netns);
	add_counts(object, &counted->counters.fields);
	json_object_array_add(json_member(building->document, "devices"), object);
}

static void add_device(const struct counted *counted, void *context)
{
	struct building *building = context;

	counters_add(&building->sum, &counted->counters.fields, sizeof(building->sum));
	if (building->options->per_device)
		add_per_device(building, counted);
	add_examples(building, counted);
}

/* The kernel refuses a hook in every namespace alike, so it is listed once. */
static bool is_listed(struct json_object *rows, const char *hook)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		if (!strcmp(json_text(json_object_array_get_idx(rows, i), "hook"), hook))
			return true;
	}
	return false;
}

static struct json_object *unobservable_json(const struct txp_instance *row, enum txp_probe probe)
{
	struct json_object *object = json_object_new_object();
	int err = row->probe_errno[probe];
	char text[HOOK_TEXT_MAX], why[128];

	json_add_text(object, "hook", probe_name(probe));
	json_add_text(object, "wanted", probe_hook_text(probe_hook_best(probe), text));
	json_add_text(object, "errno", errno_name(err));
	snprintf(why, sizeof(why), "the kernel refuses the hook: %s (%s)", errno_words(err),
		 errno_name(err));
	json_add_text(object, "why",
		      *probe_why_none(row, probe) ? probe_why_none(row, probe) : why);
	json_add_text(object, "gives", probe_gives(probe));
	return object;
}

static void add_unobservable(const struct instance *instance, struct json_object *rows)
{
	const struct txp_instance *row = &instance->row;
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (probe_is_verified(i) && row->probe_hook[i] == TXP_HOOK_NONE &&
		    !probe_is_unneeded(row, i) && !is_listed(rows, probe_name(i)))
			json_object_array_add(rows, unobservable_json(row, i));
	}
}

static __u64 count_loaded_rules(const struct instance *instance)
{
	struct loaded_rules loaded;
	__u64 packets = 0;
	__u32 i;

	if (loaded_rules_read(instance, &loaded) <= 0)
		return 0;
	for (i = 0; i < loaded.rules; i++)
		packets += loaded.hits[i].packets;
	loaded_rules_free(&loaded);
	return packets;
}

static void add_instance(const struct instance *instance, const char *netns, void *context)
{
	struct building *building = context;

	(void)netns;
	add_unobservable(instance, json_member(building->document, "unobservable"));
	building->loaded += count_loaded_rules(instance);
}

static int build(const struct options *options, struct json_object **document)
{
	struct building building = { .options = options };
	const struct counters_walk walk = { add_device, add_instance, &building };
	const struct device_choice choice = {
		.bpffs = options->bpffs,
		.netns = options->netns,
		.names = options->arguments,
		.count = options->count,
	};
	int err;

	building.document = json_object_new_object();
	add_counts(building.document, &building.sum); /* first in the document; the sum follows */
	json_object_object_add(building.document, "examples", json_object_new_array());
	json_object_object_add(building.document, "unobservable", json_object_new_array());
	if (options->per_device)
		json_object_object_add(building.document, "devices", json_object_new_array());
	err = counters_each(&choice, &walk);
	if (err) {
		json_object_put(building.document);
		return err;
	}
	add_counts(building.document, &building.sum);
	json_add_number(building.document, "classified", building.loaded);
	*document = building.document;
	return 0;
}

static int fields_text(struct json_object *object)
{
	static const struct column columns[] = {
		{ "field", "FIELD", false },	  { "kind", "KIND", false },
		{ "checked", "CHECKED", true },	  { "match", "MATCH", true },
		{ "mismatch", "MISMATCH", true }, { "unknown", "UNKNOWN", true },
		{ "lost", "LOST", true },	  { "observed", "OBSERVED", true },
		{ "declined", "DECLINED", true }, { 0 },
	};

	return output_table(json_member(object, "fields"), columns);
}

static int devices_text(struct json_object *devices)
{
	struct json_object *device;
	int err = 0;
	size_t i;

	for (i = 0; devices && i < json_object_array_length(devices) && !err; i++) {
		device = json_object_array_get_idx(devices, i);
		printf("%s (%s): %llu mismatches\n", json_text(device, "dev"),
		       json_text(device, "netns"), json_number(device, "mismatches"));
		err = fields_text(device);
		putchar('\n');
	}
	return err;
}

/* What is not observable for one reason. */
static void unobservable_group(struct json_object *rows, const char *why)
{
	struct json_object *row;
	size_t i;

	printf("not observable here: %s\n", why);
	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (!strcmp(json_text(row, "why"), why))
			printf("  %s (%s)\n", json_text(row, "gives"), json_text(row, "wanted"));
	}
}

static void unobservable_text(struct json_object *rows)
{
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		if (json_is_first(rows, i, "why"))
			unobservable_group(rows,
					   json_text(json_object_array_get_idx(rows, i), "why"));
	}
}

static void examples_text(struct json_object *rows)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		printf("mismatch: %s: %s: predicted %s, the kernel's is %s: %s to %s, protocol "
		       "%llu, %llu bytes, %.1f s ago\n",
		       json_text(row, "dev"), json_text(row, "field"), json_text(row, "expected"),
		       json_text(row, "actual"), json_text(row, "saddr"), json_text(row, "daddr"),
		       json_number(row, "protocol"), json_number(row, "total"),
		       (double)json_number(row, "age_ms") / 1000);
	}
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	int err;

	(void)seconds;
	if (before)
		putchar('\n');
	err = devices_text(json_member(document, "devices"));
	if (!err)
		err = fields_text(document);
	if (err)
		return err;
	putchar('\n');
	unobservable_text(json_member(document, "unobservable"));
	examples_text(json_member(document, "examples"));
	if (json_number(document, "classified"))
		printf("rules of txpath classify changed %llu packets after they were compared; the "
		       "table shows them as the kernel sent them\n",
		       json_number(document, "classified"));
	printf("mismatches: %llu\n", json_number(document, "mismatches"));
	return 0;
}

static enum exit_code exit_code(struct json_object *document)
{
	return json_number(document, "mismatches") ? EXIT_SURPRISE : EXIT_DONE;
}

int cmd_parity(const struct options *options)
{
	static const struct report report = { .build = build,
					      .text = text,
					      .exit_code = exit_code };

	if (privilege_to_read("parity"))
		return EXIT_FAILED;
	return output_report(&report, options);
}
