// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A session of the commands probes, latency and trace: which probes are to be seen, and how the
 * engine loads the programs for them. The filter is a constant of the programs, so that the
 * verifier drops what the filter does not ask for, and each session has a load of its own.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/output.h"
#include "lib/tc.h"
#include "lib/usage.h"
#include "probes/session.h"
#include "state/sum.h"

/*
 * latency must know when a packet is freed without a drop, or it would take a later packet at the
 * same address for it. No probe is at this place.
 */
#define CONSUME_PROGRAM "trace_consume"

static int load(void *context, struct program *programs, size_t count)
{
	struct session *session = context;
	struct program all[PROBE_HOOK_COUNT + 1] = { 0 };
	bool consume = session->config.what & TXP_TRACE_LATENCY;
	int err;

	memcpy(all, programs, count * sizeof(*all));
	if (consume)
		all[count].name = CONSUME_PROGRAM;
	err = object_load_trace(&session->config, all, count + consume, &session->object);
	if (err)
		return err;
	memcpy(programs, all, count * sizeof(*all));
	if (consume)
		session->consume_fd = all[count].fd;
	return 0;
}

static const struct hook_user trace_hooks = { .user = TXP_TRACE, .load = load };

static int attach_consume(struct session *session)
{
	if (session->consume_fd < 0)
		return 0;
	session->consume_link = bpf_raw_tracepoint_open(NULL, session->consume_fd);
	if (session->consume_link < 0)
		return log_errno(-errno, "attaching to the tracepoint consume_skb");
	return 0;
}

#define PROBE_FILTER "probe="

int session_parse_probe(const char *word, void *context)
{
	__u32 *probes = context;
	enum txp_probe probe;

	if (strncmp(word, PROBE_FILTER, strlen(PROBE_FILTER)))
		return usage_error(
			"%s: not a filter and not probe=NAME: txpath(8) lists the filters", word);
	probe = probe_find(word + strlen(PROBE_FILTER));
	if (probe == TXP_PROBE_COUNT || txp_probes_with(TXP_VERIFY_ONLY) & TXP_PROBE_BIT(probe))
		return usage_error("%s: no such probe: txpath features lists them", word);
	*probes |= TXP_PROBE_BIT(probe);
	return EXIT_DONE;
}

/* Probes that a packet with such an address does not pass. */
static __u32 other_family(const struct txp_prefix *prefix)
{
	if (!prefix->family)
		return 0;
	return txp_probes_with(prefix->family == AF_INET ? TXP_INET6 : TXP_INET);
}

static __u32 choose_probes(__u32 named, const struct txp_trace_config *config)
{
	__u32 all = (1U << TXP_PROBE_COUNT) - 1 - txp_probes_with(TXP_VERIFY_ONLY);
	const struct txp_filter *filter = &config->filter;

	if (!named)
		return all & ~other_family(&filter->src) & ~other_family(&filter->dst) &
		       ~other_family(&filter->host);
	/* the driver may have freed the packet: what it was is known from when it was given it */
	if (named & TXP_PROBE_BIT(TXP_PROBE_NET_DEV_XMIT) && txp_asks_packet(config))
		named |= TXP_PROBE_BIT(TXP_PROBE_NET_DEV_START_XMIT);
	return named;
}

/* A netfilter hook is of one network namespace, and a TC hook of one device. */
static __u32 choose_kinds(const struct txp_filter *filter)
{
	__u32 kinds = HOOK_KIND_BIT(TXP_HOOK_FENTRY) | HOOK_KIND_BIT(TXP_HOOK_TP_BTF);

	if (filter->netns)
		kinds |= HOOK_KINDS_NETFILTER;
	if (filter->ifindex && tc_has_tcx())
		kinds |= HOOK_KIND_BIT(TXP_HOOK_TC);
	return kinds;
}

/*
 * Two programs count what a driver is given: one reads the packet, and one counts it together with
 * the driver's answer. The second is for filters that do not ask what is in the packet.
 */
static const char *start_xmit_without(const struct session *session)
{
	bool with_answer = !txp_asks_packet(&session->config) &&
			   session->hooks.probes & TXP_PROBE_BIT(TXP_PROBE_NET_DEV_XMIT);

	return with_answer ? "trace_start_xmit" : "trace_net_dev_xmit";
}

static void prepare(struct session *session, const struct txp_trace_config *config, __u32 probes)
{
	memset(session, 0, sizeof(*session));
	session->config = *config;
	session->config.probes = choose_probes(probes, config);
	session->consume_fd = -1;
	session->consume_link = -1;
	session->hooks = (struct hook_set){
		.user = &trace_hooks,
		.context = session,
		.probes = session->config.probes,
		.kinds = choose_kinds(&config->filter),
		.ifindex = config->filter.ifindex,
		.no_probe = TXP_PROBE_NET_DEV_START_XMIT,
	};
	session->hooks.no_hook = start_xmit_without(session);
}

int session_open(struct session *session, const struct txp_trace_config *config, __u32 probes)
{
	int err;

	prepare(session, config, probes);
	err = hooks_load(&session->hooks);
	if (!err)
		err = attach_consume(session);
	if (!err)
		hooks_attach(&session->hooks);
	if (!err && !session_count(session)) {
		log_error("this kernel has no hook for any of these probes: txpath features shows "
			  "why");
		err = -EOPNOTSUPP;
	}
	if (err)
		session_close(session);
	return err;
}

void session_stop(struct session *session)
{
	hooks_detach(&session->hooks);
	fd_close(session->consume_link);
	session->consume_link = -1;
}

void session_close(struct session *session)
{
	if (!session->object) /* was not opened */
		return;
	session_stop(session);
	hooks_close(&session->hooks);
	fd_close(session->consume_fd);
	bpf_object__close(session->object);
	session->object = NULL;
}

int session_map(const struct session *session, const char *name)
{
	return bpf_object__find_map_fd_by_name(session->object, name);
}

int session_count(const struct session *session)
{
	return hooks_count(&session->hooks);
}

void session_announce(const struct session *session, const char *verb)
{
	log_note("%s: %d of %d probes are attached", verb, session_count(session),
		 __builtin_popcount(session->hooks.probes));
}

int session_run(const struct session *session, const char *verb, const struct options *options,
		int (*show)(const struct options *options, void *context), void *context)
{
	const double for_ever = 86400, interval = output_interval();
	int err = 0;

	session_announce(session, verb);
	while (!output_stopped() && !err) {
		output_wait(interval > 0 ? interval : for_ever);
		if (interval > 0 && !output_stopped())
			err = show(options, context);
	}
	return err ?: show(options, context);
}

int session_loss_stats(const struct session *session, struct txp_loss_stats *sum)
{
	__u32 zero = 0;

	return percpu_sum(session_map(session, "loss_stats"), &zero, sum, sizeof(*sum));
}
