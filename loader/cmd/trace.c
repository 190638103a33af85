// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath trace: prints packets at their probes and events, one a line, until a signal ends it. The
 * records come from a ring buffer of this command's own programs, the events from the pinned maps
 * of what is attached.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <bpf/libbpf.h>

#include "cmd/command.h"
#include "trace/events.h"
#include "trace/filter.h"
#include "lib/log.h"
#include "lib/output.h"
#include "trace/pcapng.h"
#include "state/pins.h"
#include "lib/privilege.h"
#include "trace/record.h"
#include "probes/session.h"

#define POLL_MS 200
#define RATE 10000 /* default of rate=: records that each CPU may write in a second */
#define RATE_MAX 10000000
#define SECOND_NS 1000000000ULL
#define ASK_NS (8 * SECOND_NS) /* events are made that long after a trace was killed */

struct tracing {
	const struct options *options;
	struct session session;
	struct events events;
	struct ring_buffer *records;
	struct record_words words;
	FILE *pcap;	/* NULL: without --pcap */
	__u64 epoch_ns; /* CLOCK_REALTIME less CLOCK_MONOTONIC */
	__u64 shown;
	__u64 asked_ns;			   /* when ask_events() last did */
	__u64 round_until;		   /* when polling ends, for other things to do */
	bool is_over;			   /* nothing more comes; the rest is read */
	struct txp_event_ratelimit before; /* events that were missed before this trace */
	unsigned long rate;
	__u32 probes;	 /* bit per enum txp_probe to show, 0: all */
	bool no_packets; /* probe=none */
};

static int parse_rate(const char *text, struct tracing *tracing)
{
	char *end;

	tracing->rate = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || !tracing->rate || tracing->rate > RATE_MAX)
		return usage_error("rate=%s: a number from 1 to %d", text, RATE_MAX);
	return EXIT_DONE;
}

/* Words that are not filters. */
static int parse_word(const char *word, void *context)
{
	struct tracing *tracing = context;

	if (!strncmp(word, "rate=", 5))
		return parse_rate(word + 5, tracing);
	if (strcmp(word, "probe=none"))
		return session_parse_probe(word, &tracing->probes);
	tracing->no_packets = true;
	return EXIT_DONE;
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * SECOND_NS + now.tv_nsec;
}

/* The packet's length by its own header: at the device layer skb->len is more. */
static __u32 ip_length(const struct txp_record *record)
{
	const __u8 *ip = record->data;
	__u32 length;

	/* up to neigh_output skb->len is right, and the header may not be written yet */
	if (record->probe < TXP_PROBE_NEIGH_OUTPUT || record->captured < 6)
		return record->info.len;
	length = record->info.family == AF_INET ? ip[2] << 8 | ip[3] : (ip[4] << 8 | ip[5]) + 40;
	return length < record->captured ? record->captured : length;
}

/* libbpf reads on while there are records. This ends it for signals and for other things to do. */
static int is_round_over(const struct tracing *tracing)
{
	return output_stopped() || clock_ns(CLOCK_MONOTONIC) > tracing->round_until ? -EINTR : 0;
}

static int save(const struct tracing *tracing, const struct txp_record *record,
		struct json_object *object)
{
	char comment[128];

	if (!record->captured)
		return 0;
	snprintf(comment, sizeof(comment), "probe %s dev %s netns %s%s%s",
		 json_text(object, "probe"), json_text(object, "dev"), json_text(object, "netns"),
		 *json_text(object, "reason") ? " reason " : "", json_text(object, "reason"));
	return pcapng_packet(tracing->pcap, record->time_ns + tracing->epoch_ns, record->data,
			     record->captured, ip_length(record), comment);
}

static int show(void *context, void *data, size_t size)
{
	struct tracing *tracing = context;
	const struct txp_record *record = data;
	struct json_object *object;
	int err = 0;

	(void)size;
	if (tracing->probes && !(tracing->probes & TXP_PROBE_BIT(record->probe)))
		return 0;
	object = record_json(record, &tracing->words);
	tracing->shown++;
	if (tracing->pcap)
		err = save(tracing, record, object);
	if (tracing->options->json) {
		output_json(object);
	} else {
		event_head_text(object, json_text(object, "probe"));
		record_text(object);
		putchar('\n');
	}
	json_object_put(object);
	return err ?: tracing->is_over ? 0 : is_round_over(tracing);
}

/* Programs make events until a time that is written again while this command lives. */
static void ask_events(struct tracing *tracing)
{
	__u64 now = clock_ns(CLOCK_MONOTONIC);

	if (now - tracing->asked_ns < ASK_NS / 4)
		return;
	tracing->asked_ns = now;
	events_request(&tracing->events, now + ASK_NS, SECOND_NS / tracing->rate);
}

static int poll_once(struct tracing *tracing)
{
	int ret = 0;

	ask_events(tracing);
	tracing->round_until = clock_ns(CLOCK_MONOTONIC) + POLL_MS * 1000000ULL;
	if (tracing->records)
		ret = ring_buffer__poll(tracing->records, tracing->is_over ? 0 : POLL_MS);
	else if (!tracing->events.rings)
		output_wait(POLL_MS / 1e3);
	if (ret == -EINTR)
		ret = 0;
	if (ret >= 0 && tracing->events.rings)
		ret = ring_buffer__poll(tracing->events.rings, tracing->records ? 0 : POLL_MS);
	if (ret == -EINTR)
		ret = 0;
	if (ret >= 0 && (fflush(stdout) || (tracing->pcap && fflush(tracing->pcap))))
		ret = -errno;
	return ret;
}

/* Lost and suppressed records are always reported. */
static void show_end(const struct tracing *tracing)
{
	struct txp_loss_stats missing = { 0 };
	struct txp_event_ratelimit events;
	struct json_object *object;

	if (tracing->records)
		session_loss_stats(&tracing->session, &missing);
	events_missed(&tracing->events, &events);
	missing.lost += events.lost - tracing->before.lost;
	missing.limited += events.limited - tracing->before.limited;
	log_note("%llu records, %llu lost (buffer full), %llu suppressed (rate limit %lu/s)",
		 tracing->shown + tracing->events.shown, missing.lost, missing.limited,
		 tracing->rate);
	if (!tracing->options->json)
		return;
	object = json_object_new_object();
	json_add_text(object, "kind", "end");
	json_add_number(object, "shown", tracing->shown + tracing->events.shown);
	json_add_number(object, "lost", missing.lost);
	json_add_number(object, "limited", missing.limited);
	if (tracing->records)
		json_object_object_add(object, "hooks", session_hooks_json(&tracing->session));
	output_json(object);
	json_object_put(object);
}

static int run(struct tracing *tracing)
{
	int ret = 0;

	/* before the announcement, so that every packet sent after it is shown */
	ask_events(tracing);
	if (tracing->records)
		session_announce(&tracing->session, "trace");
	if (tracing->events.count)
		log_note("trace: following the events of %d network namespace(s)",
			 tracing->events.count);
	while (ret >= 0 && !output_stopped())
		ret = poll_once(tracing);
	if (tracing->records)
		session_stop(&tracing->session);
	tracing->is_over = true;
	if (ret >= 0)
		ret = poll_once(tracing);
	events_request(&tracing->events, 0, 0);
	show_end(tracing);
	return ret < 0 ? log_errno(ret, "trace") : 0;
}

static int open_pcap(struct tracing *tracing)
{
	const char *path = tracing->options->pcap;
	int err;

	if (!path)
		return 0;
	tracing->pcap = fopen(path, "we");
	if (!tracing->pcap)
		return log_errno(-errno, "--pcap %s", path);
	err = pcapng_begin(tracing->pcap);
	return err ? log_errno(err, "--pcap %s", path) : 0;
}

static int close_pcap(struct tracing *tracing)
{
	if (!tracing->pcap || !fclose(tracing->pcap))
		return 0;
	return log_errno(-errno, "--pcap %s", tracing->options->pcap);
}

static int open_records(struct tracing *tracing)
{
	int fd = session_map(&tracing->session, "records");

	tracing->records = ring_buffer__new(fd, show, tracing, NULL);
	return tracing->records ? 0 : log_errno(-errno, "trace: reading records");
}

/* Packets are shown also where nothing is attached, or an attachment of another ABI. */
static int follow_events(struct tracing *tracing, const struct txp_filter *filter)
{
	int count = 0;

	if (pins_possible(tracing->options->bpffs))
		count = events_follow(&tracing->events, tracing->options->bpffs,
				      tracing->options->netns, filter);
	if (count <= 0 && tracing->no_packets) {
		log_error("nothing is attached: txpath attach DEV");
		return -ENOENT;
	}
	if (count < 0) {
		log_note("trace: events cannot be read; only packets are shown");
		events_stop(&tracing->events);
	}
	events_missed(&tracing->events, &tracing->before);
	return 0;
}

static int prepare(struct tracing *tracing, struct txp_trace_config *settings)
{
	int err;

	settings->what = TXP_TRACE_RECORD;
	settings->snap = tracing->options->pcap ? TXP_SNAP_MAX : 0;
	settings->event_ns = SECOND_NS / tracing->rate;
	tracing->epoch_ns = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	tracing->words.reasons = reasons_new();
	tracing->words.symbols = symbols_new();
	if (!tracing->words.reasons || !tracing->words.symbols)
		return log_errno(-ENOMEM, "trace");
	err = open_pcap(tracing);
	if (!err)
		err = follow_events(tracing, &settings->filter);
	if (err || tracing->no_packets)
		return err;
	err = session_open(&tracing->session, settings, tracing->probes);
	return err ?: open_records(tracing);
}

int cmd_trace(const struct options *options)
{
	struct tracing tracing = { .options = options, .rate = RATE };
	struct txp_trace_config settings = { 0 };
	int code;

	if (privilege_to_change("trace"))
		return EXIT_FAILED;
	code = filter_parse(options->netns, options->arguments, options->count, parse_word,
			    &tracing, &settings.filter);
	if (code != EXIT_DONE)
		return code;
	output_stop_on_signals();
	if (prepare(&tracing, &settings) || run(&tracing))
		code = EXIT_FAILED;
	if (close_pcap(&tracing))
		code = EXIT_FAILED;
	ring_buffer__free(tracing.records);
	session_close(&tracing.session);
	events_stop(&tracing.events);
	reasons_free(tracing.words.reasons);
	symbols_free(tracing.words.symbols);
	device_names_free(tracing.words.devices);
	return code;
}
