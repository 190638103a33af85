// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath probes: counts packets at each probe while the command runs. The programs count by probe,
 * device and code; rates are computed here from one reading to the next.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bpf/bpf.h>

#include "cmd/command.h"
#include "trace/filter.h"
#include "lib/log.h"
#include "lib/output.h"
#include "trace/names.h"
#include "lib/privilege.h"
#include "trace/reason.h"
#include "state/sum.h"
#include "probes/session.h"

#define ROWS_MAX (TXP_COUNTS + TXP_COUNT_PLACES)

struct count_row {
	struct txp_count_key key;
	struct txp_count count;
};

/* One reading of the counters. */
struct reading {
	struct timespec time;
	struct count_row *rows; /* sorted */
	size_t count;
};

struct counting {
	struct session session;
	struct device_names *places;
	struct reasons *reasons;
	struct reading first; /* only its time */
	struct reading last;
};

static int by_topology(const void *a, const void *b)
{
	const struct txp_count_key *one = &((const struct count_row *)a)->key;
	const struct txp_count_key *other = &((const struct count_row *)b)->key;

	if (one->probe != other->probe)
		return one->probe < other->probe ? -1 : 1;
	if (one->netns != other->netns)
		return one->netns < other->netns ? -1 : 1;
	if (one->ifindex != other->ifindex)
		return one->ifindex < other->ifindex ? -1 : 1;
	return one->code < other->code ? -1 : one->code > other->code;
}

/* Only the count of a place is a sum; the rest is the same on each CPU. */
static void add_place(void *sum, const void *one, size_t size)
{
	struct txp_count_place *place = sum;
	const struct txp_count_place *cpu = one;

	(void)size;
	counters_add(&place->count, &cpu->count, sizeof(place->count));
}

static int read_placed(const struct session *session, struct reading *reading)
{
	int map = session_map(session, "places"), placed = session_map(session, "placed"), err = 0;
	__u32 at, *before = NULL;

	while (!err && reading->count < ROWS_MAX && !bpf_map_get_next_key(map, before, &at)) {
		struct count_row *row = &reading->rows[reading->count++];
		struct txp_count_place place;

		before = &at;
		if (bpf_map_lookup_elem(map, &at, &row->key))
			return -errno;
		err = percpu_fold(placed, &at, &place, sizeof(place), add_place);
		row->count = place.count;
	}
	return err;
}

static int read_hashed(const struct session *session, struct reading *reading)
{
	const struct txp_count_key *before = NULL;
	int map = session_map(session, "counts"), err = 0;

	while (!err && reading->count < ROWS_MAX) {
		struct count_row *row = &reading->rows[reading->count];

		if (bpf_map_get_next_key(map, before, &row->key))
			break;
		before = &row->key;
		err = percpu_sum(map, &row->key, &row->count, sizeof(row->count));
		reading->count++;
	}
	return err;
}

/* A row may have come by its place after it was in the hash. */
static void merge_equal(struct reading *reading)
{
	struct count_row *last = reading->rows;
	size_t i;

	for (i = 1; i < reading->count; i++) {
		struct count_row *row = &reading->rows[i];

		if (by_topology(last, row))
			*++last = *row;
		else
			counters_add(&last->count, &row->count, sizeof(row->count));
	}
	if (reading->count)
		reading->count = last - reading->rows + 1;
}

static int read_counts(const struct counting *counting, struct reading *reading)
{
	int err;

	reading->count = 0;
	reading->rows = calloc(ROWS_MAX, sizeof(*reading->rows));
	if (!reading->rows)
		return log_errno(-ENOMEM, "probes");
	clock_gettime(CLOCK_MONOTONIC, &reading->time);
	err = read_placed(&counting->session, reading);
	if (!err)
		err = read_hashed(&counting->session, reading);
	qsort(reading->rows, reading->count, sizeof(*reading->rows), by_topology);
	merge_equal(reading);
	return err ? log_errno(err, "probes: reading the counters") : 0;
}

static double seconds_between(const struct reading *from, const struct reading *to)
{
	return (double)(to->time.tv_sec - from->time.tv_sec) +
	       (double)(to->time.tv_nsec - from->time.tv_nsec) / 1e9;
}

static void add_rates(struct json_object *object, const struct reading *last,
		      const struct count_row *row, double seconds)
{
	const struct count_row *before = NULL;
	double packets, bytes;

	if (last->count)
		before = bsearch(row, last->rows, last->count, sizeof(*row), by_topology);
	packets = (double)(row->count.packets - (before ? before->count.packets : 0));
	bytes = (double)(row->count.bytes - (before ? before->count.bytes : 0));
	json_add_number(object, "packets_per_s", seconds > 0 ? (__u64)(packets / seconds) : 0);
	json_add_number(object, "bytes_per_s", seconds > 0 ? (__u64)(bytes / seconds) : 0);
}

static struct json_object *row_json(struct counting *counting, const struct count_row *row,
				    double seconds)
{
	struct json_object *object = json_object_new_object();
	const struct device_names *place =
		device_names_find(&counting->places, row->key.netns, row->key.ifindex);
	char text[REASON_TEXT_MAX];

	json_add_text(object, "probe", probe_name(row->key.probe));
	json_add_text(object, "dev", place ? place->dev : "");
	json_add_number(object, "ifindex", row->key.ifindex);
	json_add_text(object, "netns", place ? place->netns_name : "");
	json_add_text(object, "code",
		      code_text(counting->reasons, row->key.probe, row->key.code, text));
	json_add_number(object, "packets", row->count.packets);
	json_add_number(object, "bytes", row->count.bytes);
	add_rates(object, &counting->last, row, seconds);
	return object;
}

static struct json_object *document(struct counting *counting, const struct reading *now)
{
	struct json_object *object = json_object_new_object();
	struct json_object *rows = json_object_new_array();
	double seconds = seconds_between(&counting->last, now);
	struct txp_loss_stats missing;
	size_t i;

	for (i = 0; i < now->count; i++)
		json_object_array_add(rows, row_json(counting, &now->rows[i], seconds));
	json_object_object_add(object, "seconds",
			       json_object_new_double(seconds_between(&counting->first, now)));
	json_object_object_add(object, "probes", rows);
	json_object_object_add(object, "hooks", session_hooks_json(&counting->session));
	session_loss_stats(&counting->session, &missing);
	json_add_number(object, "uncounted", missing.uncounted);
	return object;
}

static int text(struct json_object *object)
{
	static const struct column columns[] = {
		{ "probe", "PROBE", false },
		{ "dev", "DEV", false },
		{ "netns", "NETNS", false },
		{ "packets", "PACKETS", true },
		{ "bytes", "BYTES", true },
		{ "packets_per_s", "PACKETS/S", true },
		{ "bytes_per_s", "BYTES/S", true },
		{ "code", "CODE", false },
		{ 0 },
	};
	int err;

	printf("after %.1f s\n", json_object_get_double(json_member(object, "seconds")));
	err = output_table(json_member(object, "probes"), columns);
	session_hooks_text(json_member(object, "hooks"));
	if (json_number(object, "uncounted"))
		printf("%llu packets are not counted, because there are too many devices\n",
		       json_number(object, "uncounted"));
	putchar('\n');
	return err;
}

static int show(const struct options *options, void *context)
{
	struct counting *counting = context;
	struct json_object *object;
	struct reading now = { 0 };
	int err = read_counts(counting, &now);

	if (err)
		goto free_rows;
	object = document(counting, &now);
	if (options->json)
		output_json(object);
	else
		err = text(object);
	json_object_put(object);
	if (fflush(stdout) && !err)
		err = -errno;
	free(counting->last.rows);
	counting->last = now;
	return err;
free_rows:
	free(now.rows);
	return err;
}

static int prepare(struct counting *counting, const struct txp_filter *filter, __u32 probes)
{
	const struct txp_trace_config settings = { .filter = *filter, .what = TXP_TRACE_COUNT };

	counting->reasons = reasons_new();
	if (!counting->reasons)
		return log_errno(-ENOMEM, "probes");
	if (session_open(&counting->session, &settings, probes))
		return -EIO;
	clock_gettime(CLOCK_MONOTONIC, &counting->first.time);
	counting->last = counting->first;
	return 0;
}

int cmd_probes(const struct options *options)
{
	struct counting counting = { 0 };
	struct txp_filter filter;
	__u32 probes = 0;
	int code;

	if (privilege_to_change("probes"))
		return EXIT_FAILED;
	code = filter_parse(options->netns, options->arguments, options->count, session_parse_probe,
			    &probes, &filter);
	if (code != EXIT_DONE)
		return code;
	output_stop_on_signals();
	if (prepare(&counting, &filter, probes) ||
	    session_run(&counting.session, "probes", options, show, &counting))
		code = EXIT_FAILED;
	session_close(&counting.session);
	free(counting.last.rows);
	reasons_free(counting.reasons);
	device_names_free(counting.places);
	return code;
}
