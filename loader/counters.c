// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading counters: every namespace, every device that was asked for, every CPU. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "counters.h"
#include "log.h"
#include "netns.h"

_Static_assert(sizeof(struct txp_counters) % sizeof(__u64) == 0, "counters are all __u64");

void counters_add(void *sum, const void *one, size_t size)
{
	const __u64 *from = one;
	__u64 *to = sum;
	size_t i;

	for (i = 0; i < size / sizeof(__u64); i++)
		to[i] += from[i];
}

static void add_view(struct txp_counters *sum, const struct txp_view *view)
{
	counters_add(&sum->transits.taken, &view->taken, sizeof(view->taken));
	counters_add(&sum->reasons.no_route, &view->passed, sizeof(view->passed));
	counters_add(&sum->stages.egress, &view->passed, sizeof(view->passed));
}

/* What the device's views have counted, each on its CPU. */
static int add_views(const struct instance *instance, __u32 ifindex, int cpus,
		     struct txp_counters *sum)
{
	struct txp_view *values = calloc(cpus, sizeof(*values));
	__u32 place = ifindex % TXP_VIEWS;
	int i, err = 0;

	if (!values)
		return -ENOMEM;
	if (bpf_map_lookup_elem(map_set_fd(&instance->maps, "views"), &place, values))
		err = -errno;
	for (i = 0; i < cpus && !err; i++) {
		if (values[i].ifindex == ifindex)
			add_view(sum, &values[i]);
	}
	free(values);
	return err;
}

static int read_counters(const struct instance *instance, const struct txp_device_key *key,
			 struct txp_counters *sum)
{
	int cpus = libbpf_num_possible_cpus();
	int fd = map_set_fd(&instance->maps, "counters");
	struct txp_counters *values;
	int i, err = 0;

	if (cpus < 0 || fd < 0)
		return cpus < 0 ? cpus : fd;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	memset(sum, 0, sizeof(*sum));
	/* none yet, or not any more: a run was killed */
	if (bpf_map_lookup_elem(fd, key, values)) {
		err = errno == ENOENT ? 0 : -errno;
		goto free_values;
	}
	for (i = 0; i < cpus; i++)
		counters_add(sum, &values[i], sizeof(*sum));
	err = add_views(instance, key->ifindex, cpus, sum);
free_values:
	free(values);
	return err;
}

/* No name given: every device is meant. */
static bool is_selected(const struct options *options, const struct attachment *attachment)
{
	int i;

	for (i = 0; i < options->count; i++) {
		if (!strcmp(options->arguments[i], attachment->name) ||
		    !strcmp(options->arguments[i], attachment->row.name))
			return true;
	}
	return !options->count;
}

struct walking {
	const struct options *options;
	const struct counters_walk *walk;
	int devices;
};

static int visit_device(struct walking *walking, struct counted *counted)
{
	const struct attachment *attachment = counted->attachment;
	int err;

	if (!is_selected(walking->options, attachment))
		return 0;
	err = read_counters(counted->instance, &attachment->key, &counted->counters);
	if (err)
		return log_errno(err, "%s: reading its counters", attachment->name);
	walking->devices++;
	walking->walk->device(counted, walking->walk->context);
	return 0;
}

static int visit_instance(struct instance *instance, void *context)
{
	struct walking *walking = context;
	struct attachment *list = NULL;
	char netns[NAME_MAX + 1];
	struct counted counted = { .instance = instance, .netns = netns };
	int i, count, err = 0;

	count = roster_read(instance, &list);
	if (count < 0)
		return count;
	netns_name(instance->netns, netns, sizeof(netns));
	for (i = 0; i < count && !err; i++) {
		counted.attachment = &list[i];
		err = visit_device(walking, &counted);
	}
	if (!err)
		walking->walk->instance(instance, netns, walking->walk->context);
	free(list);
	return err;
}

int counters_each(const struct options *options, const struct counters_walk *walk)
{
	struct walking walking = { .options = options, .walk = walk };
	int err;

	err = instance_each(options, visit_instance, &walking);
	if (err < 0 || walking.devices)
		return err < 0 ? err : 0;
	if (options->count)
		log_error("%s: not attached: txpath status shows what is", options->arguments[0]);
	else
		log_error("nothing is attached: txpath attach DEV");
	return -ENOENT;
}
