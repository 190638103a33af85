// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath stats: packets and bytes by reason, by probe and by transit verdict. The JSON is printed
 * as a stream, because thousands of devices would be a large document.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include <libsmartcols/libsmartcols.h>

#include "lib/array.h"
#include "cmd/command.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/snapshot.h"
#include "state/probe_state.h"
#include "lib/stream.h"
#include "state/sum.h"

struct named_tally {
	const char *name;
	size_t offset; /* in struct txp_counters */
};

static const struct named_tally verdicts[] = {
#define REASON_ROW(id, name, meaning) { #name, offsetof(struct txp_counters, reasons.name) },
	TXP_REASONS(REASON_ROW)
#undef REASON_ROW
};

static const struct named_tally probes[] = {
#define PROBE_ROW(id, name, without) { #name, offsetof(struct txp_counters, probes.name) },
	TXP_VERIFY_PROBES(PROBE_ROW)
#undef PROBE_ROW
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

static const struct txp_tally *tally_of(const struct txp_counters *counters,
					const struct named_tally *named)
{
	return (const void *)((const char *)counters + named->offset);
}

static struct txp_tally sum(const struct txp_counters *counters, const struct named_tally *names,
			    size_t count)
{
	struct txp_tally total = { 0 };
	size_t i;

	for (i = 0; i < count; i++)
		counters_add(&total, tally_of(counters, &names[i]), sizeof(total));
	return total;
}

static __u64 sum_learned(const struct txp_counters *counters)
{
	const __u64 *learned = (const void *)&counters->learned;
	__u64 total = 0;
	size_t i;

	for (i = 0; i < TXP_BASIS_COUNT; i++)
		total += learned[i];
	return total;
}

/* Packets taken over, with bytes as the kernel counts them: without the link-layer header. */
static struct txp_tally uncounted(const struct shown_device *device)
{
	struct txp_tally taken = device->counters.transits.taken;

	taken.bytes -= taken.packets * device->l2_len;
	return taken;
}

static bool has_uncounted(const struct shown_device *device)
{
	return device->transit || device->counters.transits.taken.packets;
}

static void add_tally(struct stream *json, const struct txp_tally *tally)
{
	stream_number(json, "packets", tally->packets);
	stream_number(json, "bytes", tally->bytes);
}

/* "KEY":{NAME:{"packets","bytes"}...} */
static void tallies_json(struct stream *json, const char *key, const struct txp_counters *counters,
			 const struct named_tally *names, size_t count)
{
	size_t i;

	stream_open(json, key, '{');
	for (i = 0; i < count; i++) {
		stream_open(json, names[i].name, '{');
		add_tally(json, tally_of(counters, &names[i]));
		stream_close(json, '}');
	}
	stream_close(json, '}');
}

static void learned_json(struct stream *json, const struct txp_counters *counters)
{
	const __u64 *learned = (const void *)&counters->learned;
	size_t i;

	stream_number(json, "learned", sum_learned(counters));
	stream_open(json, "learned_by", '{');
	for (i = 0; i < TXP_BASIS_COUNT; i++)
		stream_number(json, bases[i], learned[i]);
	stream_close(json, '}');
}

static void transit_json(struct stream *json, const struct txp_counters *counters)
{
	const struct txp_tally total = sum(counters, transits, ARRAY_SIZE(transits));

	stream_open(json, "transit", '{');
	add_tally(json, &total);
	learned_json(json, counters);
	stream_number(json, "surprises", counters->surprises);
	tallies_json(json, "verdicts", counters, transits, ARRAY_SIZE(transits));
	stream_close(json, '}');
}

static void uncounted_json(struct stream *json, const struct shown_device *device)
{
	const struct txp_tally taken = uncounted(device);

	stream_open(json, "uncounted", '{');
	add_tally(json, &taken);
	stream_close(json, '}');
}

static void device_json(struct stream *json, const struct shown_device *device, const char *netns)
{
	const struct txp_counters *counters = &device->counters;
	const struct txp_tally total = sum(counters, verdicts, ARRAY_SIZE(verdicts));

	stream_open(json, NULL, '{');
	stream_text(json, "dev", device->name);
	stream_number(json, "ifindex", device->key.ifindex);
	stream_text(json, "netns", netns);
	stream_text(json, "mode", device->mode);
	add_tally(json, &total);
	tallies_json(json, "verdicts", counters, verdicts, ARRAY_SIZE(verdicts));
	tallies_json(json, "probes", counters, probes, ARRAY_SIZE(probes));
	transit_json(json, counters);
	if (has_uncounted(device))
		uncounted_json(json, device);
	stream_close(json, '}');
}

static void missed_json(struct stream *json, const struct shown_netns *netns)
{
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!netns->known[i])
			continue;
		stream_open(json, NULL, '{');
		stream_text(json, "netns", netns->name);
		stream_text(json, "probe", probe_name(i));
		stream_number(json, "missed", netns->missed[i]);
		stream_close(json, '}');
	}
}

static void show_json(const struct snapshot *now)
{
	const struct shown_device *device;
	struct stream json = { 0 };
	size_t i;

	stream_open(&json, NULL, '{');
	stream_open(&json, "devices", '[');
	for (device = now->devices; device < now->devices + now->count; device++)
		device_json(&json, device, now->netns[device->netns].name);
	stream_close(&json, ']');
	stream_open(&json, "missed", '[');
	for (i = 0; i < now->netns_count; i++)
		missed_json(&json, &now->netns[i]);
	stream_close(&json, ']');
	stream_close(&json, '}');
	putchar('\n');
}

/* The rows of a device show totals, or rates since the reading before. */
struct showing {
	struct libscols_table *table;
	double seconds; /* 0: totals */
	const struct shown_device *device;
	const struct shown_device *before; /* NULL: it was not attached then */
	const char *netns;
	int err;
};

static __u64 rate(const struct showing *showing, __u64 now, __u64 before)
{
	double divisor = showing->seconds > 0 ? showing->seconds : 1;

	return (__u64)((double)(now - before) / divisor + 0.5);
}

static void add_row(struct showing *showing, const char *counted, struct txp_tally now,
		    struct txp_tally before)
{
	char packets[24], bytes[24];
	const char *const texts[] = { showing->device->name, showing->netns, counted, packets,
				      bytes };

	snprintf(packets, sizeof(packets), "%llu", rate(showing, now.packets, before.packets));
	snprintf(bytes, sizeof(bytes), "%llu", rate(showing, now.bytes, before.bytes));
	if (!showing->err)
		showing->err = table_add(showing->table, texts, ARRAY_SIZE(texts));
}

/* Rows of zeros are left out, so that the others are found. */
static void add_rows(struct showing *showing, const char *what, const struct named_tally *names,
		     size_t count)
{
	const struct txp_tally *now, none = { 0 };
	char counted[64];
	size_t i;

	for (i = 0; i < count; i++) {
		now = tally_of(&showing->device->counters, &names[i]);
		if (!now->packets)
			continue;
		snprintf(counted, sizeof(counted), "%s %s", what, names[i].name);
		add_row(showing, counted, *now,
			showing->before ? *tally_of(&showing->before->counters, &names[i]) : none);
	}
}

static void add_device_rows(struct showing *showing)
{
	const struct shown_device *device = showing->device, *before = showing->before;
	const size_t count = ARRAY_SIZE(verdicts);
	const struct txp_tally none = { 0 };

	add_row(showing, "all", sum(&device->counters, verdicts, count),
		before ? sum(&before->counters, verdicts, count) : none);
	add_rows(showing, "reason", verdicts, count);
	add_rows(showing, "probe", probes, ARRAY_SIZE(probes));
	add_rows(showing, "transit", transits, ARRAY_SIZE(transits));
	if (has_uncounted(device))
		add_row(showing, "uncounted by the kernel", uncounted(device),
			before ? uncounted(before) : none);
}

static int show_table(const struct snapshot *now, const struct snapshot *before, double seconds)
{
	const struct column columns[] = {
		{ "dev", "DEV", false },
		{ "netns", "NETNS", false },
		{ "counted", "COUNTED", false },
		{ "packets", before->count ? "PACKETS/S" : "PACKETS", true },
		{ "bytes", before->count ? "BYTES/S" : "BYTES", true },
		{ 0 },
	};
	struct showing showing = { .table = table_new(columns) };
	size_t i;

	if (!showing.table)
		return -ENOMEM;
	showing.seconds = before->count ? seconds : 0;
	for (i = 0; i < now->count; i++) {
		showing.device = &now->devices[i];
		showing.before = snapshot_find(before, showing.device);
		showing.netns = now->netns[showing.device->netns].name;
		add_device_rows(&showing);
	}
	if (!showing.err)
		return table_print(showing.table);
	scols_unref_table(showing.table);
	return showing.err;
}

/* How the leases of a device were learned. */
static void learned_text(const struct shown_device *device)
{
	const __u64 *learned = (const void *)&device->counters.learned;
	const char *between = ": ";
	size_t i;

	if (!sum_learned(&device->counters))
		return;
	printf("%s: %llu leases learned", device->name, sum_learned(&device->counters));
	for (i = 0; i < TXP_BASIS_COUNT; i++) {
		if (!learned[i])
			continue;
		printf("%s%s %llu", between, bases[i], learned[i]);
		between = ", ";
	}
	putchar('\n');
}

static void missed_text(const struct shown_netns *netns)
{
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (netns->known[i] && netns->missed[i])
			printf("%s: up to %llu packets are not counted in network namespace %s, "
			       "because the kernel does not run a program inside itself\n",
			       probe_name(i), netns->missed[i], netns->name);
	}
}

static int show_text(const struct snapshot *now, const struct snapshot *before, double seconds)
{
	int err = show_table(now, before, seconds);
	size_t i;

	for (i = 0; i < now->count && !err; i++)
		learned_text(&now->devices[i]);
	for (i = 0; i < now->netns_count && !err; i++)
		missed_text(&now->netns[i]);
	return err;
}

/* context: the snapshot of the round before, empty in the first. */
static int show(const struct options *options, void *context)
{
	const struct device_choice choice = {
		.bpffs = options->bpffs,
		.netns = options->netns,
		.names = options->arguments,
		.count = options->count,
	};
	struct snapshot now, *before = context;
	int err = snapshot_take(&choice, &now);

	if (err)
		return err;
	if (options->json)
		show_json(&now);
	else
		err = show_text(&now, before, options->interval);
	snapshot_free(before);
	*before = now;
	return err;
}

int cmd_stats(const struct options *options)
{
	struct snapshot last = { 0 };
	int err;

	if (privilege_to_read("stats"))
		return EXIT_FAILED;
	err = output_repeat(options, show, &last);
	snapshot_free(&last);
	return err ? EXIT_FAILED : EXIT_DONE;
}
