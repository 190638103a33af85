// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Reading the counters of the chosen devices, summed over CPUs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state/counters.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "state/sum.h"

static int read_counters(const struct instance *instance, const struct txp_device_key *key,
			 struct txp_counters *sum)
{
	int err = counters_sum(map_set_fd(&instance->maps, "counters"),
			       map_set_fd(&instance->maps, "dev_cache"), key, sum);

	/* a run was killed before it added them, or after it removed them */
	return err == -ENOENT ? 0 : err;
}

/* Without names every device is chosen. A renamed device is found by both names. */
static bool is_selected(const struct device_choice *choice, const struct attachment *attachment)
{
	int i;

	for (i = 0; i < choice->count; i++) {
		if (!strcmp(choice->names[i], attachment->name) ||
		    !strcmp(choice->names[i], attachment->row.name))
			return true;
	}
	return !choice->count;
}

struct walking {
	const struct device_choice *choice;
	const struct counters_walk *walk;
	int devices;
};

static int visit_device(struct walking *walking, struct counted *counted)
{
	const struct attachment *attachment = counted->attachment;
	int err;

	if (!is_selected(walking->choice, attachment))
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

	count = attachments_read(instance, &list);
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

int counters_each(const struct device_choice *choice, const struct counters_walk *walk)
{
	struct walking walking = { .choice = choice, .walk = walk };
	int err;

	err = instance_each(choice->bpffs, choice->netns, visit_instance, &walking);
	if (err < 0 || walking.devices)
		return err < 0 ? err : 0;
	if (choice->count)
		log_error("%s is not attached: txpath status shows what is", choice->names[0]);
	else
		log_error("nothing is attached: run txpath attach DEV first");
	return -ENOENT;
}
