// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Attaching the programs of a watch, and running it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/netfilter.h>

#include "lib/fd.h"
#include "lib/log.h"
#include "lib/nflink.h"
#include "lib/output.h"
#include "lib/usage.h"
#include "state/sum.h"
#include "lib/tc.h"
#include "probes/session_hook.h"

static unsigned int netfilter_hook(const char *target)
{
	if (!strcmp(target, "OUTPUT"))
		return NF_INET_LOCAL_OUT;
	return !strcmp(target, "FORWARD") ? NF_INET_FORWARD : NF_INET_POST_ROUTING;
}

static int hook_attach(const struct session *session, const struct probe_hook *hook)
{
	int fd = bpf_program__fd(session_program(session, hook));

	if (fd < 0)
		return -ESRCH;
	if (hook->kind == TXP_HOOK_NETFILTER)
		return nflink_attach(fd, NFPROTO_IPV4, netfilter_hook(hook->target));
	if (hook->kind == TXP_HOOK_NETFILTER6)
		return nflink_attach(fd, NFPROTO_IPV6, netfilter_hook(hook->target));
	if (hook->kind == TXP_HOOK_TC)
		return tc_tcx_attach(TC_EGRESS, fd, session->ifindex);
	fd = bpf_raw_tracepoint_open(NULL, fd);
	return fd < 0 ? -errno : fd;
}

/* The row before whose program this one's is: a program is not attached twice. NULL: none. */
static const struct probe_hook *hook_host(const struct probe_hook *hook)
{
	const struct probe_hook *other;

	for (other = probe_hooks; other < hook; other++) {
		if (!strcmp(other->program, hook->program))
			return other;
	}
	return NULL;
}

/* One row: not if a better kind of hook is there, beside others of its kind. */
static void hook_try(struct session *session, size_t row, int refused)
{
	const struct probe_hook *hook = &probe_hooks[row];
	struct session_probe *probe = &session->probe[hook->probe];
	const struct probe_hook *host = hook_host(hook);
	int fd;

	if (!session_selects(session, hook) || (probe->got && probe->got != hook->kind))
		return;
	if (host && session->links[host - probe_hooks] >= 0)
		fd = dup(session->links[host - probe_hooks]);
	else
		fd = hook_attach(session, hook);
	if (fd == -ESRCH && hook->kind == TXP_HOOK_FENTRY && refused)
		fd = refused;
	if (fd >= 0) {
		session->links[row] = fd;
		session->used[row] = true;
		probe->got = hook->kind;
		return;
	}
	log_detail("%s: %s/%s refused: %s", probe_name(hook->probe), hook_kind_name(hook->kind),
		   hook->target, errno_name(fd));
	if (!probe->err)
		probe->err = fd;
}

static int attach_consume(struct session *session)
{
	struct bpf_program *program =
		bpf_object__find_program_by_name(session->object, CONSUME_PROGRAM);
	int fd;

	if (bpf_program__fd(program) < 0)
		return 0;
	fd = bpf_raw_tracepoint_open(NULL, bpf_program__fd(program));
	if (fd < 0)
		return log_errno(-errno, "attaching to tp_btf/consume_skb");
	session->consume_link = fd;
	return 0;
}

#define PROBE_FILTER "probe="

int session_parse_probe(const char *word, void *context)
{
	__u32 *probes = context;
	enum txp_probe probe;

	if (strncmp(word, PROBE_FILTER, strlen(PROBE_FILTER)))
		return usage_error("%s: neither a filter nor probe=; see txpath(8)", word);
	probe = probe_find(word + strlen(PROBE_FILTER));
	if (probe == TXP_PROBE_COUNT || txp_probes_with(TXP_VERIFY_ONLY) & TXP_PROBE_BIT(probe))
		return usage_error("%s: there is no such probe; txpath features lists them", word);
	*probes |= TXP_PROBE_BIT(probe);
	return EXIT_DONE;
}

/* Those that a packet with such an address does not pass. */
static __u32 other_family(const struct txp_prefix *prefix)
{
	if (!prefix->family)
		return 0;
	return txp_probes_with(prefix->family == AF_INET ? TXP_INET6 : TXP_INET);
}

/* What the driver answers is told of what it was given. */
static __u32 complete(__u32 probes, const struct txp_trace_config *settings)
{
	if (probes & TXP_PROBE_BIT(TXP_PROBE_NET_DEV_XMIT) && txp_asks_packet(settings))
		probes |= TXP_PROBE_BIT(TXP_PROBE_NET_DEV_START_XMIT);
	return probes;
}

static __u32 choose_probes(__u32 asked, const struct txp_trace_config *settings)
{
	const struct txp_filter *filter = &settings->filter;
	__u32 all = (1U << TXP_PROBE_COUNT) - 1 - txp_probes_with(TXP_VERIFY_ONLY);

	if (asked)
		return complete(asked, settings);
	return all & ~other_family(&filter->src) & ~other_family(&filter->dst) &
	       ~other_family(&filter->host);
}

int session_open(struct session *session, const struct txp_trace_config *asked, __u32 probes)
{
	struct txp_trace_config settings = *asked;
	int err, refused = 0;
	size_t i;

	memset(session, 0, sizeof(*session));
	session->probes = choose_probes(probes, asked);
	session->asks_packet = txp_asks_packet(asked);
	session->ifindex = asked->filter.ifindex;
	settings.probes = session->probes;
	memset(session->links, -1, sizeof(session->links));
	session->consume_link = -1;
	err = session_load(session, &settings, &refused);
	if (err)
		return err;
	err = attach_consume(session);
	for (i = 0; i < probe_hook_count && !err; i++)
		hook_try(session, i, refused);
	if (!err && !session_count(session)) {
		log_error("none of these probes can be seen here: txpath features says why");
		err = -EOPNOTSUPP;
	}
	if (err)
		session_close(session);
	return err;
}

void session_stop(struct session *session)
{
	size_t i;

	for (i = 0; i < probe_hook_count; i++) {
		fd_close(session->links[i]);
		session->links[i] = -1;
	}
	fd_close(session->consume_link);
	session->consume_link = -1;
}

void session_close(struct session *session)
{
	if (!session->object) /* was not opened */
		return;
	session_stop(session);
	bpf_object__close(session->object);
	session->object = NULL;
}

int session_map(const struct session *session, const char *name)
{
	return bpf_object__find_map_fd_by_name(session->object, name);
}

int session_count(const struct session *session)
{
	int i, count = 0;

	for (i = 0; i < TXP_PROBE_COUNT; i++)
		count += session->probe[i].got != TXP_HOOK_NONE;
	return count;
}

void session_announce(const struct session *session, const char *verb)
{
	log_note("%s: watching %d of %d probes", verb, session_count(session),
		 __builtin_popcount(session->probes));
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
