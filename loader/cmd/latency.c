// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath latency: the time that packets take from probe to probe while the command runs. The
 * programs count in histograms (struct txp_span); quantiles are computed here.
 */
#include <errno.h>
#include <stdio.h>

#include <bpf/bpf.h>

#include "cmd/command.h"
#include "trace/filter.h"
#include "lib/log.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/sum.h"
#include "probes/session.h"

#define BAR_WIDTH 40

struct timing {
	struct session session;
};

/* The maximum of two spans is no sum. */
static void add_span(void *sum, const void *one, size_t size)
{
	struct txp_span *span = sum;
	const struct txp_span *cpu = one;
	__u64 max = cpu->max > span->max ? cpu->max : span->max;

	counters_add(sum, one, size);
	span->max = max;
}

/*
 * The bucket with the quantile is taken as evenly filled, so the result is off by less than half of
 * its value. It is never more than the maximum.
 */
static __u64 quantile(const struct txp_span *span, double part)
{
	double rank = part * (double)span->count, before = 0;
	double low, ns;
	int i;

	for (i = 0; i < TXP_SPAN_BUCKETS - 1; i++) {
		if (before + (double)span->bucket[i] >= rank)
			break;
		before += (double)span->bucket[i];
	}
	low = i ? (double)(1ULL << i) : 0;
	ns = low;
	if (span->bucket[i])
		ns += (rank - before) / (double)span->bucket[i] * ((double)(1ULL << (i + 1)) - low);
	return ns < (double)span->max ? (__u64)ns : span->max;
}

/* The buckets that are not empty: lower bound in ns, and count. */
static struct json_object *buckets_json(const struct txp_span *span)
{
	struct json_object *rows = json_object_new_array();
	struct json_object *row;
	int i;

	for (i = 0; i < TXP_SPAN_BUCKETS; i++) {
		if (!span->bucket[i])
			continue;
		row = json_object_new_object();
		json_add_number(row, "from_ns", i ? 1ULL << i : 0);
		json_add_number(row, "count", span->bucket[i]);
		json_object_array_add(rows, row);
	}
	return rows;
}

static struct json_object *span_json(const struct txp_span_key *key, const struct txp_span *span)
{
	struct json_object *object = json_object_new_object();

	json_add_text(object, "from", probe_name(key->from));
	json_add_text(object, "to", probe_name(key->to));
	json_object_object_add(object, "whole", json_object_new_boolean(key->whole));
	json_add_number(object, "count", span->count);
	json_add_number(object, "p50_ns", quantile(span, 0.5));
	json_add_number(object, "p99_ns", quantile(span, 0.99));
	json_add_number(object, "max_ns", span->max);
	json_add_number(object, "mean_ns", span->count ? span->sum / span->count : 0);
	json_object_object_add(object, "buckets", buckets_json(span));
	return object;
}

/* In the order of the path; spans from end to end come last. */
static int by_topology(const void *a, const void *b)
{
	struct json_object *const *one = a, *const *other = b;
	int whole = json_object_get_boolean(json_member(*one, "whole")) -
		    json_object_get_boolean(json_member(*other, "whole"));
	int from = (int)probe_find(json_text(*one, "from")) -
		   (int)probe_find(json_text(*other, "from"));

	if (whole || from)
		return whole ?: from;
	return (int)probe_find(json_text(*one, "to")) - (int)probe_find(json_text(*other, "to"));
}

static struct json_object *spans_json(const struct timing *timing)
{
	struct json_object *rows = json_object_new_array();
	int map = session_map(&timing->session, "spans");
	struct txp_span_key key, *before = NULL;
	struct txp_span span;

	while (!bpf_map_get_next_key(map, before, &key)) {
		before = &key;
		if (!percpu_fold(map, &key, &span, sizeof(span), add_span) && span.count)
			json_object_array_add(rows, span_json(&key, &span));
	}
	json_object_array_sort(rows, by_topology);
	return rows;
}

/*
 * Packets whose end has not been seen: they are still on the path, or were freed without a probe
 * seeing it. The count is bounded, because the map changes while it is walked.
 */
static __u64 count_on_path(const struct timing *timing)
{
	int map = session_map(&timing->session, "skb_tracking");
	__u64 key, *before = NULL, count = 0;

	while (count < TXP_SKB_TRACKED_MAX && !bpf_map_get_next_key(map, before, &key)) {
		before = &key;
		count++;
	}
	return count;
}

static struct json_object *document(const struct timing *timing)
{
	struct json_object *object = json_object_new_object();
	struct txp_loss_stats missing;

	session_loss_stats(&timing->session, &missing);
	json_object_object_add(object, "spans", spans_json(timing));
	json_object_object_add(object, "hooks", session_hooks_json(&timing->session));
	json_add_number(object, "on_the_path", count_on_path(timing));
	json_add_number(object, "unpaired", missing.unpaired);
	json_add_number(object, "replaced", missing.replaced);
	json_add_number(object, "uncounted", missing.uncounted);
	return object;
}

static void time_text(__u64 ns, char *text, size_t size)
{
	if (ns < 10000)
		snprintf(text, size, "%llu ns", ns);
	else if (ns < 10000000)
		snprintf(text, size, "%llu us", ns / 1000);
	else
		snprintf(text, size, "%llu ms", ns / 1000000);
}

static void bars_text(struct json_object *row)
{
	struct json_object *buckets = json_member(row, "buckets");
	__u64 most = 1, count;
	char from[32];
	size_t i;

	for (i = 0; i < json_object_array_length(buckets); i++) {
		count = json_number(json_object_array_get_idx(buckets, i), "count");
		most = count > most ? count : most;
	}
	for (i = 0; i < json_object_array_length(buckets); i++) {
		struct json_object *bucket = json_object_array_get_idx(buckets, i);
		int width;

		count = json_number(bucket, "count");
		width = (int)((count * BAR_WIDTH + most - 1) / most);
		time_text(json_number(bucket, "from_ns"), from, sizeof(from));
		printf("  from %8s %10llu %.*s\n", from, count, width,
		       "########################################");
	}
}

static void span_text(struct json_object *row)
{
	char p50[32], p99[32], max[32];

	time_text(json_number(row, "p50_ns"), p50, sizeof(p50));
	time_text(json_number(row, "p99_ns"), p99, sizeof(p99));
	time_text(json_number(row, "max_ns"), max, sizeof(max));
	printf("%s -> %s%s: %llu packets, p50 %s, p99 %s, max %s\n", json_text(row, "from"),
	       json_text(row, "to"),
	       json_object_get_boolean(json_member(row, "whole")) ? ", the whole path" : "",
	       json_number(row, "count"), p50, p99, max);
	bars_text(row);
}

static void text(struct json_object *object)
{
	struct json_object *spans = json_member(object, "spans");
	size_t i;

	for (i = 0; i < json_object_array_length(spans); i++)
		span_text(json_object_array_get_idx(spans, i));
	session_hooks_text(json_member(object, "hooks"));
	printf("%llu packets are first seen at a later probe (fragments, segments, clones, or an "
	       "earlier probe is unavailable), %llu are not seen at the end\n",
	       json_number(object, "unpaired"), json_number(object, "replaced"));
	putchar('\n');
}

static int show(const struct options *options, void *context)
{
	struct json_object *object = document(context);

	if (options->json)
		output_json(object);
	else
		text(object);
	json_object_put(object);
	return fflush(stdout) ? -errno : 0;
}

int cmd_latency(const struct options *options)
{
	struct txp_trace_config settings = { .what = TXP_TRACE_LATENCY };
	struct timing timing = { 0 };
	__u32 probes = 0;
	int code;

	if (privilege_to_change("latency"))
		return EXIT_FAILED;
	code = filter_parse(options->netns, options->arguments, options->count, session_parse_probe,
			    &probes, &settings.filter);
	if (code != EXIT_DONE)
		return code;
	output_stop_on_signals();
	if (session_open(&timing.session, &settings, probes))
		code = EXIT_FAILED;
	else if (session_run(&timing.session, "latency", options, show, &timing))
		code = EXIT_FAILED;
	session_close(&timing.session);
	return code;
}
