// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaching the programs of a watch, and running it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netfilter.h>

#include "fd.h"
#include "log.h"
#include "nflink.h"
#include "output.h"
#include "sum.h"
#include "tc.h"
#include "watch_hook.h"

static unsigned int netfilter_hook(const char *target)
{
	if (!strcmp(target, "OUTPUT"))
		return NF_INET_LOCAL_OUT;
	return !strcmp(target, "FORWARD") ? NF_INET_FORWARD : NF_INET_POST_ROUTING;
}

static int hook_attach(const struct watch *watch, const struct watch_hook *hook)
{
	int fd = bpf_program__fd(watch_program(watch, hook));

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

	if (!watch_selects(watch, hook) || (station->got && station->got != hook->kind))
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
	err = watch_load(watch, &settings, &refused);
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
		fd_close(watch->links[i]);
		watch->links[i] = -1;
	}
	fd_close(watch->consume_link);
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
