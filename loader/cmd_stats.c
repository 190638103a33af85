// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath stats: packets and bytes by reason and by station. */
#include <stddef.h>
#include <stdio.h>

#include "command.h"
#include "counters.h"
#include "output.h"
#include "privilege.h"
#include "stage.h"

struct named_tally {
	const char *name;
	size_t offset; /* in struct txp_counters */
};

static const struct named_tally verdicts[] = {
#define REASON_ROW(id, name, meaning) { #name, offsetof(struct txp_counters, reasons.name) },
	TXP_REASONS(REASON_ROW)
#undef REASON_ROW
};

static const struct named_tally stations[] = {
#define STAGE_ROW(id, name, gives) { #name, offsetof(struct txp_counters, stages.name) },
	TXP_STAGES(STAGE_ROW)
#undef STAGE_ROW
};

static const struct named_tally transits[] = {
#define TRANSIT_ROW(id, name, meaning) { #name, offsetof(struct txp_counters, transits.name) },
	TXP_TRANSITS(TRANSIT_ROW)
#undef TRANSIT_ROW
};

/* As they lie in struct txp_basis_counts. */
static const char *const bases[] = {
#define BASIS_ROW(id, name, meaning) #name,
	TXP_BASES(BASIS_ROW)
#undef BASIS_ROW
};

static void add_tally(struct json_object *object, const struct txp_tally *tally)
{
	json_add_number(object, "packets", tally->packets);
	json_add_number(object, "bytes", tally->bytes);
}

/* {NAME:{"packets","bytes"}...}; sum gets what they add up to. */
static struct json_object *tallies_json(const struct txp_counters *counters,
					const struct named_tally *names, size_t count,
					struct txp_tally *sum)
{
	struct json_object *object = json_object_new_object(), *one;
	const struct txp_tally *tally;
	size_t i;

	for (i = 0; i < count; i++) {
		tally = (const void *)((const char *)counters + names[i].offset);
		one = json_object_new_object();
		add_tally(one, tally);
		json_object_object_add(object, names[i].name, one);
		sum->packets += tally->packets;
		sum->bytes += tally->bytes;
	}
	return object;
}

/* {BASIS:NUMBER...}; sum gets what they add up to. */
static struct json_object *learned_json(const struct txp_counters *counters, __u64 *sum)
{
	const __u64 *learned = (const void *)&counters->learned;
	struct json_object *object = json_object_new_object();
	size_t i;

	for (i = 0; i < TXP_BASIS_COUNT; i++) {
		json_add_number(object, bases[i], learned[i]);
		*sum += learned[i];
	}
	return object;
}

static struct json_object *transit_json(const struct txp_counters *counters)
{
	struct json_object *object = json_object_new_object(), *verdict, *learned;
	struct txp_tally total = { 0 };
	__u64 leases = 0;

	verdict = tallies_json(counters, transits, TXP_TRANSIT_COUNT, &total);
	learned = learned_json(counters, &leases);
	add_tally(object, &total);
	json_add_number(object, "learned", leases);
	json_object_object_add(object, "learned_by", learned);
	json_add_number(object, "surprises", counters->surprises);
	json_object_object_add(object, "verdicts", verdict);
	return object;
}

/* As the kernel would have counted it: without the link-layer header. */
static struct json_object *uncounted_json(const struct counted *counted)
{
	struct txp_tally taken = counted->counters.transits.taken;
	struct json_object *object = json_object_new_object();

	taken.bytes -= taken.packets * counted->attachment->row.l2_len;
	add_tally(object, &taken);
	return object;
}

static void add_device(const struct counted *counted, void *document)
{
	struct json_object *object = json_object_new_object(), *reasons, *stages;
	const struct attachment *attachment = counted->attachment;
	struct txp_tally total = { 0 }, unused = { 0 };

	reasons = tallies_json(&counted->counters, verdicts, TXP_REASON_COUNT, &total);
	/* a packet passes several stations: their sum means nothing */
	stages = tallies_json(&counted->counters, stations, TXP_STAGE_COUNT, &unused);
	json_add_text(object, "dev", attachment->name);
	json_add_number(object, "ifindex", attachment->key.ifindex);
	json_add_text(object, "netns", counted->netns);
	json_add_text(object, "mode", attachment_mode(attachment));
	add_tally(object, &total);
	json_object_object_add(object, "verdicts", reasons);
	json_object_object_add(object, "stations", stages);
	json_object_object_add(object, "transit", transit_json(&counted->counters));
	if (attachment->transit || counted->counters.transits.taken.packets)
		json_object_object_add(object, "uncounted", uncounted_json(counted));
	json_object_array_add(json_member(document, "devices"), object);
}

/*
 * The kernel counts them by program, and a program is called for every packet of the host: of
 * these up to so many were packets of the namespace.
 */
static void add_missed(const struct instance *instance, const char *netns, void *document)
{
	struct json_object *object;
	__u64 missed;
	int i;

	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		if (instance_missed(instance, i, &missed))
			continue;
		object = json_object_new_object();
		json_add_text(object, "netns", netns);
		json_add_text(object, "station", stage_name(i));
		json_add_number(object, "missed", missed);
		json_object_array_add(json_member(document, "missed"), object);
	}
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *object = json_object_new_object();
	const struct counters_walk walk = { add_device, add_missed, object };
	int err;

	json_object_object_add(object, "devices", json_object_new_array());
	json_object_object_add(object, "missed", json_object_new_array());
	err = counters_each(options, &walk);
	if (err)
		json_object_put(object);
	else
		*document = object;
	return err;
}

/* What a row of the text shows: totals, or what came in since before, a second. */
struct shown {
	double seconds; /* 0: totals */
	const char *dev;
	const char *netns;
	struct json_object *rows;
};

static void add_row(const struct shown *shown, const char *counted, struct json_object *now,
		    struct json_object *before)
{
	double divisor = shown->seconds > 0 ? shown->seconds : 1;
	__u64 packets = json_number(now, "packets");
	__u64 bytes = json_number(now, "bytes");
	struct json_object *row;

	if (before) {
		packets -= json_number(before, "packets");
		bytes -= json_number(before, "bytes");
	}
	row = json_object_new_object();
	json_add_text(row, "dev", shown->dev);
	json_add_text(row, "netns", shown->netns);
	json_add_text(row, "counted", counted);
	json_add_number(row, "packets", (__u64)((double)packets / divisor + 0.5));
	json_add_number(row, "bytes", (__u64)((double)bytes / divisor + 0.5));
	json_object_array_add(shown->rows, row);
}

/* Tallies that were never touched would bury the others. */
static void add_rows(const struct shown *shown, const char *what, struct json_object *now,
		     struct json_object *before)
{
	char counted[64];

	json_object_object_foreach(now, name, tally)
	{
		if (!json_number(tally, "packets"))
			continue;
		snprintf(counted, sizeof(counted), "%s %s", what, name);
		add_row(shown, counted, tally, before ? json_member(before, name) : NULL);
	}
}

/* The same device in the document before; NULL: it was not attached then. */
static struct json_object *find_before(struct json_object *before, struct json_object *device)
{
	struct json_object *devices = before ? json_member(before, "devices") : NULL, *one;
	size_t i;

	for (i = 0; devices && i < json_object_array_length(devices); i++) {
		one = json_object_array_get_idx(devices, i);
		if (json_number(one, "ifindex") == json_number(device, "ifindex") &&
		    json_object_equal(json_member(one, "netns"), json_member(device, "netns")))
			return one;
	}
	return NULL;
}

static void add_device_rows(struct shown *shown, struct json_object *device,
			    struct json_object *before)
{
	struct json_object *uncounted;

	shown->dev = json_text(device, "dev");
	shown->netns = json_text(device, "netns");
	add_row(shown, "all", device, before);
	add_rows(shown, "verdict", json_member(device, "verdicts"),
		 before ? json_member(before, "verdicts") : NULL);
	add_rows(shown, "station", json_member(device, "stations"),
		 before ? json_member(before, "stations") : NULL);
	add_rows(shown, "transit", json_member(json_member(device, "transit"), "verdicts"),
		 before ? json_member(json_member(before, "transit"), "verdicts") : NULL);
	uncounted = json_member(device, "uncounted");
	if (uncounted)
		add_row(shown, "uncounted by the kernel", uncounted,
			before ? json_member(before, "uncounted") : NULL);
}

static void missed_text(struct json_object *rows)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(rows); i++) {
		row = json_object_array_get_idx(rows, i);
		if (json_number(row, "missed"))
			printf("%s: up to %llu packets not counted in network namespace %s: the "
			       "kernel does not run a program inside itself\n",
			       json_text(row, "station"), json_number(row, "missed"),
			       json_text(row, "netns"));
	}
}

/* What the leases rest on that were learned for packets of a device. */
static void learned_text(struct json_object *device)
{
	struct json_object *transit = json_member(device, "transit");
	const char *between = ": ";

	if (!json_number(transit, "learned"))
		return;
	printf("%s: %llu leases learned", json_text(device, "dev"),
	       json_number(transit, "learned"));
	json_object_object_foreach(json_member(transit, "learned_by"), basis, count)
	{
		if (!json_object_get_int64(count))
			continue;
		printf("%s%s %lld", between, basis, (long long)json_object_get_int64(count));
		between = ", ";
	}
	putchar('\n');
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	const struct column columns[] = {
		{ "dev", "DEV", false },
		{ "netns", "NETNS", false },
		{ "counted", "COUNTED", false },
		{ "packets", before ? "PACKETS/S" : "PACKETS", true },
		{ "bytes", before ? "BYTES/S" : "BYTES", true },
		{ 0 },
	};
	struct shown shown = { .seconds = before ? seconds : 0, .rows = json_object_new_array() };
	struct json_object *devices = json_member(document, "devices"), *device;
	size_t i;
	int err;

	for (i = 0; i < json_object_array_length(devices); i++) {
		device = json_object_array_get_idx(devices, i);
		add_device_rows(&shown, device, find_before(before, device));
	}
	err = output_table(shown.rows, columns);
	json_object_put(shown.rows);
	for (i = 0; i < json_object_array_length(devices); i++)
		learned_text(json_object_array_get_idx(devices, i));
	missed_text(json_member(document, "missed"));
	return err;
}

int cmd_stats(const struct options *options)
{
	static const struct report report = { .build = build, .text = text };

	if (privilege_to_read("stats"))
		return EXIT_FAILED;
	return output_report(&report, options);
}
