// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Choosing, loading and attaching the programs of a watch. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <linux/netfilter.h>

#include "array.h"
#include "log.h"
#include "nflink.h"
#include "object.h"
#include "output.h"
#include "sum.h"
#include "tc.h"
#include "watch.h"

#define CONSUME_PROGRAM "watch_consume"
#define ANSWER_PROGRAM "watch_net_dev_xmit"

/* What this kernel has of the hooks, before anything is loaded. */
struct available {
	struct btf *btf;
	bool netfilter; /* has links, and the filter says of which namespace */
	bool tcx;	/* it is there, and the filter says of which device */
	int arguments;	/* of a function that fentry is tried on, at most; -1: of none */
};

/* x86 has fentry for more than six arguments since 6.6; and a kernel may refuse it altogether. */
static const int arguments_tried[] = { 12, 6, -1 };

static bool btf_has(const struct btf *btf, const char *name, __u32 kind)
{
	return btf__find_by_name_kind(btf, name, kind) > 0;
}

/* Does fentry reach it? */
static bool btf_has_function(const struct available *available, const char *name)
{
	const struct btf_type *type;
	int id = btf__find_by_name_kind(available->btf, name, BTF_KIND_FUNC);

	if (id <= 0)
		return false;
	type = btf__type_by_id(available->btf, btf__type_by_id(available->btf, id)->type);
	return btf_vlen(type) <= available->arguments;
}

static bool is_asked(const struct watch *watch, enum txp_station station)
{
	return watch->stations & TXP_STATION_BIT(station);
}

/* Of what a driver is given there are two programs, for two kinds of questions. */
static bool is_selected(const struct watch *watch, const struct watch_hook *hook)
{
	bool by_answer = !watch->asks_packet && is_asked(watch, TXP_STATION_NET_DEV_XMIT);

	if (!is_asked(watch, hook->station))
		return false;
	return hook->station != TXP_STATION_NET_DEV_START_XMIT ||
	       by_answer == !strcmp(hook->program, ANSWER_PROGRAM);
}

static bool is_there(const struct available *available, const struct watch_hook *hook)
{
	char name[64];

	switch (hook->kind) {
	case TXP_WATCH_FENTRY:
		return available->arguments >= 0 && btf_has_function(available, hook->target);
	case TXP_WATCH_TP_BTF:
		snprintf(name, sizeof(name), "btf_trace_%s", hook->target);
		return btf_has(available->btf, name, BTF_KIND_TYPEDEF);
	case TXP_WATCH_TC:
		return available->tcx;
	default:
		return available->netfilter;
	}
}

static struct bpf_program *program_of(const struct watch *watch, const struct watch_hook *hook)
{
	return bpf_object__find_program_by_name(watch->object, hook->program);
}

/* A program is chosen if one of its rows is. */
static void choose(struct watch *watch, const struct available *available, __u32 what)
{
	const struct watch_hook *hook;
	struct bpf_program *program;

	bpf_object__for_each_program(program, watch->object)
		bpf_program__set_autoload(program, false);
	for (hook = watch_hooks; hook < watch_hooks + watch_hook_count; hook++) {
		if (is_selected(watch, hook) && is_there(available, hook))
			bpf_program__set_autoload(program_of(watch, hook), true);
	}
	program = bpf_object__find_program_by_name(watch->object, CONSUME_PROGRAM);
	bpf_program__set_autoload(program, what & TXP_WATCH_LATENCY);
}

/* Loads all that are there. Returns a negative errno, silent. */
static int load(struct watch *watch, const struct txp_watch *settings,
		const struct available *available)
{
	int err;

	watch->object = object_open_watch(settings);
	if (!watch->object)
		return -errno;
	choose(watch, available, settings->what);
	err = bpf_object__load(watch->object);
	if (!err)
		return 0;
	bpf_object__close(watch->object);
	watch->object = NULL;
	return err;
}

/* Ever less until it loads. refused: why not all did. */
static int load_what_loads(struct watch *watch, const struct txp_watch *settings, int *refused)
{
	struct available available = { 0 };
	int err = -ENOENT;
	size_t i;

	available.btf = btf__load_vmlinux_btf();
	if (!available.btf)
		return log_errno(-errno, "reading /sys/kernel/btf/vmlinux: a watch needs it");
	available.netfilter = settings->filter.netns &&
			      btf_has(available.btf, "bpf_nf_link_attach", BTF_KIND_FUNC);
	available.tcx = settings->filter.ifindex && tc_has_tcx();
	for (i = 0; i < ARRAY_SIZE(arguments_tried) && err; i++) {
		available.arguments = arguments_tried[i];
		err = load(watch, settings, &available);
		if (!err)
			break;
		log_detail("fentry on functions of %d arguments: %s", available.arguments,
			   errno_name(err));
		*refused = err;
	}
	btf__free(available.btf);
	return err ? log_errno(err, "loading the programs that watch (-v: why)") : 0;
}

static unsigned int netfilter_hook(const char *target)
{
	if (!strcmp(target, "OUTPUT"))
		return NF_INET_LOCAL_OUT;
	return !strcmp(target, "FORWARD") ? NF_INET_FORWARD : NF_INET_POST_ROUTING;
}

static int hook_attach(const struct watch *watch, const struct watch_hook *hook)
{
	int fd = bpf_program__fd(program_of(watch, hook));

	if (fd < 0)
		return -ESRCH;
	if (hook->kind == TXP_WATCH_NETFILTER)
		return nflink_attach(fd, NFPROTO_IPV4, netfilter_hook(hook->target));
	if (hook->kind == TXP_WATCH_NETFILTER6)
		return nflink_attach(fd, NFPROTO_IPV6, netfilter_hook(hook->target));
	if (hook->kind == TXP_WATCH_TC)
		return tc_tcx_attach(TC_EGRESS, fd, watch->ifindex);
	fd = bpf_raw_tracepoint_open(NULL, fd);
	return fd < 0 ? -errno : fd;
}

/* The row before whose program this one's is: a program is not attached twice. NULL: none. */
static const struct watch_hook *hook_host(const struct watch_hook *hook)
{
	const struct watch_hook *other;

	for (other = watch_hooks; other < hook; other++) {
		if (!strcmp(other->program, hook->program))
			return other;
	}
	return NULL;
}

/* One row: not if a better kind of hook is there, beside others of its kind. */
static void hook_try(struct watch *watch, size_t row, int refused)
{
	const struct watch_hook *hook = &watch_hooks[row];
	struct watch_station *station = &watch->station[hook->station];
	const struct watch_hook *host = hook_host(hook);
	int fd;

	if (!is_selected(watch, hook) || (station->got && station->got != hook->kind))
		return;
	if (host && watch->links[host - watch_hooks] >= 0)
		fd = dup(watch->links[host - watch_hooks]);
	else
		fd = hook_attach(watch, hook);
	if (fd == -ESRCH && hook->kind == TXP_WATCH_FENTRY && refused)
		fd = refused;
	if (fd >= 0) {
		watch->links[row] = fd;
		watch->used[row] = true;
		station->got = hook->kind;
		return;
	}
	log_detail("%s: %s/%s refused: %s", station_name(hook->station),
		   watch_kind_name(hook->kind), hook->target, errno_name(fd));
	if (!station->err)
		station->err = fd;
}

static int attach_consume(struct watch *watch)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(watch->object, CONSUME_PROGRAM);
	int fd;

	if (bpf_program__fd(program) < 0)
		return 0;
	fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(program));
	if (fd < 0)
		return log_errno(-errno, "attaching to tp_btf/consume_skb");
	watch->consume_link = fd;
	return 0;
}

int watch_parse_station(const char *word, void *context)
{
	__u32 *stations = context;
	enum txp_station station;

	if (strncmp(word, "station=", 8))
		return usage_error("%s: neither a filter nor station=; see txpath(8)", word);
	station = station_find(word + 8);
	if (station == TXP_STATION_COUNT)
		return usage_error("%s: there is no such station; txpath features lists them",
				   word);
	*stations |= TXP_STATION_BIT(station);
	return EXIT_DONE;
}

/* Those that a packet with such an address does not pass. */
static __u32 other_family(const struct txp_prefix *prefix)
{
	if (!prefix->family)
		return 0;
	return txp_stations_with(prefix->family == AF_INET ? TXP_INET6 : TXP_INET);
}

/* What the driver answers is told of what it was given. */
static __u32 complete(__u32 stations, const struct txp_watch *settings)
{
	if (stations & TXP_STATION_BIT(TXP_STATION_NET_DEV_XMIT) && txp_asks_packet(settings))
		stations |= TXP_STATION_BIT(TXP_STATION_NET_DEV_START_XMIT);
	return stations;
}

static __u32 choose_stations(__u32 asked, const struct txp_watch *settings)
{
	const struct txp_filter *filter = &settings->filter;
	__u32 all = (1U << TXP_STATION_COUNT) - 1;

	if (asked)
		return complete(asked, settings);
	return all & ~other_family(&filter->src) & ~other_family(&filter->dst) &
	       ~other_family(&filter->host);
}

int watch_open(struct watch *watch, const struct txp_watch *asked, __u32 stations)
{
	struct txp_watch settings = *asked;
	int err, refused = 0;
	size_t i;

	memset(watch, 0, sizeof(*watch));
	watch->stations = choose_stations(stations, asked);
	watch->asks_packet = txp_asks_packet(asked);
	watch->ifindex = asked->filter.ifindex;
	settings.stations = watch->stations;
	memset(watch->links, -1, sizeof(watch->links));
	watch->consume_link = -1;
	err = load_what_loads(watch, &settings, &refused);
	if (err)
		return err;
	err = attach_consume(watch);
	for (i = 0; i < watch_hook_count && !err; i++)
		hook_try(watch, i, refused);
	if (!err && !watch_count(watch)) {
		log_error("none of these stations can be seen here: txpath features says why");
		err = -EOPNOTSUPP;
	}
	if (err)
		watch_close(watch);
	return err;
}

void watch_stop(struct watch *watch)
{
	size_t i;

	for (i = 0; i < watch_hook_count; i++) {
		if (watch->links[i] >= 0)
			close(watch->links[i]);
		watch->links[i] = -1;
	}
	if (watch->consume_link >= 0)
		close(watch->consume_link);
	watch->consume_link = -1;
}

void watch_close(struct watch *watch)
{
	if (!watch->object) /* was not opened */
		return;
	watch_stop(watch);
	bpf_object__close(watch->object);
	watch->object = NULL;
}

int watch_map(const struct watch *watch, const char *name)
{
	return bpf_object__find_map_fd_by_name(watch->object, name);
}

int watch_count(const struct watch *watch)
{
	int i, count = 0;

	for (i = 0; i < TXP_STATION_COUNT; i++)
		count += watch->station[i].got != TXP_WATCH_NONE;
	return count;
}

void watch_announce(const struct watch *watch, const char *verb)
{
	log_note("%s: watching %d of %d stations", verb, watch_count(watch),
		 __builtin_popcount(watch->stations));
}

int watch_run(const struct watch *watch, const char *verb, const struct options *options,
	      int (*show)(const struct options *options, void *context), void *context)
{
	const double for_ever = 86400;
	int err = 0;

	watch_announce(watch, verb);
	while (!output_stopped() && !err) {
		output_wait(options->interval > 0 ? options->interval : for_ever);
		if (options->interval > 0 && !output_stopped())
			err = show(options, context);
	}
	return err ?: show(options, context);
}

int watch_shortcomings(const struct watch *watch, struct txp_shortcomings *sum)
{
	__u32 zero = 0;

	return percpu_sum(watch_map(watch, "shortcomings"), &zero, sum, sizeof(*sum));
}

/* Packets that the kernel did not run the program for, because it was running on that CPU. */
static __u64 missed_by(const struct watch *watch, const struct watch_hook *hook)
{
	struct bpf_prog_info info = { 0 };
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program_of(watch, hook)), &info, &size))
		return 0;
	return info.recursion_misses;
}

static void hook_text(const struct watch_hook *hook, char *text, size_t size)
{
	snprintf(text, size, "%s/%s", watch_kind_name(hook->kind), hook->target);
}

/* The best hooks, the ones got, and what passes these. */
struct hook_summary {
	char wanted[128];
	char got[128];
	const char *limit;
	__u64 missed;
};

static void append(char *list, size_t size, const char *text)
{
	size_t length = strlen(list);

	snprintf(list + length, size - length, "%s%s", length ? " " : "", text);
}

static void summarize(const struct watch *watch, enum txp_station station,
		      struct hook_summary *summary)
{
	enum txp_watch_kind best = TXP_WATCH_NONE;
	const struct watch_hook *hook;
	char text[64];

	memset(summary, 0, sizeof(*summary));
	summary->limit = "";
	for (hook = watch_hooks; hook < watch_hooks + watch_hook_count; hook++) {
		if (hook->station != station || !is_selected(watch, hook))
			continue;
		best = best ?: hook->kind;
		hook_text(hook, text, sizeof(text));
		if (hook->kind == best)
			append(summary->wanted, sizeof(summary->wanted), text);
		if (!watch->used[hook - watch_hooks])
			continue;
		append(summary->got, sizeof(summary->got), text);
		summary->limit = hook->limit;
		summary->missed += missed_by(watch, hook);
	}
	if (!*summary->got)
		append(summary->got, sizeof(summary->got), "none");
}

static const char *unobservable(const struct watch *watch, enum txp_station station,
				const struct hook_summary *summary)
{
	return watch->station[station].got ? summary->limit : station_what(station);
}

static struct json_object *station_json(const struct watch *watch, enum txp_station station)
{
	struct json_object *object = json_object_new_object();
	struct hook_summary summary;

	summarize(watch, station, &summary);
	json_add_text(object, "station", station_name(station));
	json_add_text(object, "wanted", summary.wanted);
	json_add_text(object, "got", summary.got);
	json_add_errno(object, watch->station[station].err);
	json_add_number(object, "missed", summary.missed);
	json_add_text(object, "unobservable", unobservable(watch, station, &summary));
	return object;
}

struct json_object *watch_hooks_json(const struct watch *watch)
{
	struct json_object *rows = json_object_new_array();
	int i;

	for (i = 0; i < TXP_STATION_COUNT; i++) {
		if (is_asked(watch, i))
			json_object_array_add(rows, station_json(watch, i));
	}
	return rows;
}

void watch_hooks_text(struct json_object *hooks)
{
	struct json_object *row;
	size_t i;

	for (i = 0; i < json_object_array_length(hooks); i++) {
		row = json_object_array_get_idx(hooks, i);
		if (!strcmp(json_text(row, "got"), "none"))
			printf("not observable here: %s: %s (%s: %s)\n", json_text(row, "station"),
			       json_text(row, "unobservable"), json_text(row, "wanted"),
			       json_text(row, "why"));
		else if (json_number(row, "missed"))
			printf("%s: %llu packets not seen: the program was running on that CPU\n",
			       json_text(row, "station"), json_number(row, "missed"));
	}
}
