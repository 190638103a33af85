// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath detach: chooses the devices, detaches them and reports each. The work itself is in
 * attach/detach.c. Everything is checked before anything is removed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/command.h"
#include "attach/detach.h"
#include "attach/expedite.h"
#include "state/lock.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "state/pins.h"
#include "lib/privilege.h"
#include "attach/recover.h"
#include "state/attachments.h"

/* One instance, its devices, and which of them are to be detached. */
struct leaving {
	struct instance instance;
	struct attachment *list;
	int count;
	bool *chosen;
};

static int leaving_open(struct leaving *leaving, const struct pins *pins, __u64 netns,
			bool complete)
{
	int err;

	memset(leaving, 0, sizeof(*leaving));
	err = instance_open(pins, netns, complete, &leaving->instance);
	if (err == -ENOENT && !complete)
		err = 0; /* an empty directory, left by a killed run: it is removed as well */
	if (err)
		return err;
	err = instance_check_links(&leaving->instance);
	if (!err)
		err = recover(&leaving->instance);
	if (err)
		goto close_instance;
	leaving->count = attachments_read(&leaving->instance, &leaving->list);
	if (leaving->count < 0) {
		err = leaving->count;
		goto close_instance;
	}
	leaving->chosen = calloc(leaving->count + 1, sizeof(bool));
	if (leaving->chosen)
		return 0;
	err = -ENOMEM;
	free(leaving->list);
close_instance:
	instance_close(&leaving->instance);
	return err;
}

static void leaving_close(struct leaving *leaving)
{
	free(leaving->chosen);
	free(leaving->list);
	instance_close(&leaving->instance);
}

/* A device is found by the name it has now, else by the name that it was attached by. */
static int choose(struct leaving *leaving, const char *name)
{
	const struct attachment *attachment;
	int i, found = -1;

	for (i = 0; i < leaving->count; i++) {
		attachment = &leaving->list[i];
		if (strcmp(attachment->row.name, name) && strcmp(attachment->name, name))
			continue;
		if (found < 0 ||
		    (attachment->state <= ATTACHMENT_RENAMED && !strcmp(attachment->name, name)))
			found = i;
	}
	if (found < 0)
		return -ENOENT;
	leaving->chosen[found] = true;
	return 0;
}

static void note_detached(const struct attachment *attachment)
{
	const char *name = attachment->row.name;

	switch (attachment->state) {
	case ATTACHMENT_OK:
		log_note("%s: detached", name);
		break;
	case ATTACHMENT_RENAMED:
		log_note("%s: detached; its name is now %s", name, attachment->name);
		break;
	case ATTACHMENT_MOVED:
		log_note("%s: detached; it is now %s (index %d) in network namespace %s", name,
			 attachment->name, attachment->link.ifindex,
			 *attachment->where ? attachment->where : "(not found)");
		break;
	case ATTACHMENT_VANISHED:
		log_note("%s: the device no longer exists; its counters are removed", name);
		break;
	case ATTACHMENT_UNREACHABLE:
		log_note("%s: detached; its network namespace has no name and no process", name);
		break;
	case ATTACHMENT_REMOVED:
		log_note("%s: our program had been removed already; its counters are removed",
			 name);
		break;
	case ATTACHMENT_UNFINISHED:
		log_note("%s: the rest of an attach that was killed is removed", name);
		break;
	}
}

static int count_chosen(const struct leaving *leaving)
{
	int i, count = 0;

	for (i = 0; i < leaving->count; i++)
		count += leaving->chosen[i];
	return count;
}

static int count_links(const struct leaving *leaving)
{
	int i, count = 0;

	for (i = 0; i < leaving->count; i++)
		count += leaving->chosen[i] && leaving->list[i].tcx;
	return count;
}

static int detach_listed(const struct leaving *leaving, const char *netns, bool home,
			 struct json_object *detached)
{
	int i, err;

	for (i = 0; i < leaving->count; i++) {
		if (!leaving->chosen[i])
			continue;
		err = detach_device(&leaving->list[i], &leaving->instance, home);
		if (err)
			return err;
		note_detached(&leaving->list[i]);
		json_object_array_add(detached, attachment_json(&leaving->list[i], netns));
	}
	return 0;
}

static int detach_chosen(const struct leaving *leaving, struct json_object *detached)
{
	__u64 id = leaving->instance.netns;
	struct expedite expedite;
	char netns[NAME_MAX + 1];
	int home, err;

	netns_name(id, netns, sizeof(netns));
	home = netns_go(id);
	if (home < 0 && home != -ENOENT)
		return home;
	expedite_begin(&expedite, count_links(leaving));
	err = detach_listed(leaving, netns, home >= 0, detached);
	expedite_end(&expedite);
	if (home >= 0)
		netns_back(home);
	return err;
}

static int choose_all(struct leaving *leaving, const struct options *options)
{
	int i, err = 0;

	if (options->all)
		memset(leaving->chosen, true, leaving->count);
	for (i = 0; i < options->count && !err; i++) {
		err = choose(leaving, options->arguments[i]);
		if (err)
			log_error("%s: not attached in this network namespace (txpath status lists "
				  "attached devices)",
				  options->arguments[i]);
	}
	return err;
}

/* All instances are opened before anything is removed: a pin that is not ours stops the command. */
static int detach_from(const struct options *options, const struct pins *pins, const __u64 *ids,
		       int count, struct json_object *detached)
{
	struct leaving *leaving;
	int i, opened, err = 0;

	leaving = calloc(count + 1, sizeof(*leaving));
	if (!leaving)
		return -ENOMEM;
	for (opened = 0; opened < count && !err; opened++) {
		err = leaving_open(&leaving[opened], pins, ids[opened], !options->all);
		if (err == -ENOENT)
			log_error("%s: nothing is attached in this network namespace",
				  options->arguments[0]);
		if (err)
			break;
		err = choose_all(&leaving[opened], options);
	}
	for (i = 0; i < count && !err; i++) {
		err = detach_chosen(&leaving[i], detached);
		if (!err && count_chosen(&leaving[i]) == leaving[i].count)
			err = detach_instance(&leaving[i].instance);
		else if (!err)
			err = detach_unneeded(&leaving[i].instance);
	}
	while (opened--)
		leaving_close(&leaving[opened]);
	free(leaving);
	return err;
}

/* The namespace that we are in; with --all and without --netns every namespace. */
static int list_ids(const struct options *options, const struct pins *pins, __u64 **ids)
{
	if (options->all && !options->netns)
		return instance_ids(pins, ids);
	*ids = malloc(sizeof(**ids));
	if (!*ids)
		return -ENOMEM;
	return netns_id(*ids) ?: 1;
}

static int detach_locked(const struct options *options, const struct pins *pins,
			 struct json_object *detached)
{
	__u64 *ids = NULL;
	struct lock lock;
	int ret;

	ret = lock_take(pins, &lock);
	if (ret)
		return ret;
	ret = list_ids(options, pins, &ids);
	if (ret >= 0)
		ret = detach_from(options, pins, ids, ret, detached);
	pins_note_other_version(pins);
	free(ids);
	lock_release(pins, &lock);
	return ret;
}

static int detach(const struct options *options)
{
	struct json_object *document, *detached;
	struct pins pins;
	int err;

	if (privilege_to_change("detach") || pins_open(options->bpffs, true, &pins))
		return EXIT_FAILED;
	if (options->netns && netns_enter(options->netns))
		return EXIT_FAILED;
	document = json_object_new_object();
	detached = json_object_new_array();
	json_object_object_add(document, "detached", detached);
	err = detach_locked(options, &pins, detached);
	if (!err && options->json)
		output_json(document);
	json_object_put(document);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int cmd_detach(const struct options *options)
{
	if (options->all == (options->count > 0))
		return usage_error("detach: name the devices, or use --all");
	return detach(options);
}
