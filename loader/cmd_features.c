// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath features: every rung of every station is tried, in a namespace of its own. */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "command.h"
#include "ladder.h"
#include "log.h"
#include "netns.h"
#include "output.h"
#include "privilege.h"
#include "probe.h"
#include "tc.h"
#include "watch.h"

static int try_egress(struct map_set *maps)
{
	struct program programs[] = { { .name = "txpath_egress" }, { .name = "txpath_compare" } };
	int ifindex = if_nametoindex("lo");
	int ret;

	ret = object_load_egress(maps, programs, 2);
	if (ret)
		return ret;
	if (!tc_has_tcx()) {
		/* goes with the namespace */
		ret = tc_clsact_make(ifindex);
		if (!ret)
			ret = tc_filter_write(TC_EGRESS, programs[0].fd, ifindex, 1, false);
	} else {
		ret = tc_tcx_attach(TC_EGRESS, programs[0].fd, ifindex);
		if (ret >= 0)
			ret = close(ret);
	}
	close(programs[0].fd);
	close(programs[1].fd);
	return ret;
}

static struct json_object *hook_json(const struct rung *rung, struct map_set *maps)
{
	struct json_object *object = json_object_new_object();
	char text[RUNG_TEXT_MAX];
	int err;

	err = rung->kind == TXP_HOOK_TC ? try_egress(maps) : rung_try(rung, maps);
	json_add_text(object, "hook", stage_name(rung->stage));
	json_add_text(object, "rung", rung_text(rung, text));
	json_object_object_add(object, "available", json_object_new_boolean(!err));
	json_add_errno(object, err);
	return object;
}

static struct json_object *hooks_json(void)
{
	struct json_object *hooks = json_object_new_array();
	struct map_set maps = { 0 };
	size_t i;

	for (i = 0; i < rung_count; i++)
		json_object_array_add(hooks, hook_json(&rungs[i], &maps));
	map_set_close(&maps);
	return hooks;
}

/*
 * Of a watch: all stations, as they would be seen in a namespace and on a device that are named.
 * None where nothing can be watched, which has been told: what else there is to say is said all the
 * same.
 */
static struct json_object *stations_json(void)
{
	struct txp_watch settings = { .what = TXP_WATCH_COUNT };
	struct json_object *rows;
	struct watch watch;

	settings.filter.ifindex = if_nametoindex("lo");
	if (netns_id(&settings.filter.netns) || watch_open(&watch, &settings, 0))
		return json_object_new_array();
	rows = watch_hooks_json(&watch);
	watch_close(&watch);
	return rows;
}

static struct json_object *capabilities_json(void)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "btf", json_object_new_boolean(probe_btf()));
	json_object_object_add(object, "tcx", json_object_new_boolean(tc_has_tcx()));
	json_object_object_add(object, "kernel_context",
			       json_object_new_boolean(probe_kernel_context()));
	json_object_object_add(object, "fib_lookup_mark",
			       json_object_new_boolean(probe_fib_mark()));
	return object;
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *object;
	struct utsname kernel;

	(void)options;
	/* hooks are attached for a moment: to nothing that the host uses */
	if (unshare(CLONE_NEWNET))
		return log_errno(-errno, "features: making a network namespace to try in");
	if (uname(&kernel))
		return log_errno(-errno, "features: reading the kernel's release");
	object = json_object_new_object();
	json_add_text(object, "kernel", kernel.release);
	json_object_object_add(object, "hooks", hooks_json());
	json_object_object_add(object, "stations", stations_json());
	json_object_object_add(object, "capabilities", capabilities_json());
	*document = object;
	return 0;
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	static const struct column columns[] = {
		{ "hook", "STATION", false },
		{ "rung", "HOOK", false },
		{ "available", "AVAILABLE", false },
		{ "errno", "ERRNO", false },
		{ "why", "WHY", false },
		{ 0 },
	};
	static const struct column stations[] = {
		{ "station", "STATION", false },
		{ "wanted", "WANTED", false },
		{ "got", "GOT", false },
		{ "errno", "ERRNO", false },
		{ "why", "WHY", false },
		{ "unobservable", "UNOBSERVABLE HERE", false },
		{ 0 },
	};
	int err;

	(void)before;
	(void)seconds;
	printf("kernel %s\n\n", json_text(document, "kernel"));
	err = output_table(json_member(document, "hooks"), columns);
	putchar('\n');
	if (!err)
		err = output_table(json_member(document, "stations"), stations);
	putchar('\n');
	json_object_object_foreach(json_member(document, "capabilities"), name, value)
		printf("%s: %s\n", name, json_object_get_boolean(value) ? "yes" : "no");
	return err;
}

int cmd_features(const struct options *options)
{
	static const struct report report = { .build = build, .text = text };

	if (privilege_to_change("features"))
		return EXIT_FAILED;
	return output_report(&report, options);
}
