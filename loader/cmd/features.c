// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath features: tries every hook of every probe on this kernel. Whether a hook works is known
 * only by attaching it, so this is done in a network namespace of its own, where no packet passes.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "cmd/command.h"
#include "probes/verify.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "lib/features.h"
#include "lib/tc.h"
#include "probes/session.h"

static int try_egress(struct map_set *maps)
{
	struct program programs[] = { { .name = "txpath_egress" }, { .name = "txpath_compare" } };
	int ifindex = if_nametoindex("lo");
	int ret;

	ret = object_load_egress(maps, programs, 2);
	if (ret)
		return ret;
	if (!tc_has_tcx()) {
		/* the qdisc is removed with the namespace */
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

static struct json_object *hook_json(const struct probe_hook *hook, struct map_set *maps)
{
	struct json_object *object = json_object_new_object();
	char text[HOOK_TEXT_MAX];
	int err;

	err = hook->kind == TXP_HOOK_TC ? try_egress(maps) : probe_hook_try(hook, maps);
	json_add_text(object, "hook", probe_name(hook->probe));
	json_add_text(object, "target", probe_hook_text(hook, text));
	json_object_object_add(object, "available", json_object_new_boolean(!err));
	json_add_errno(object, err);
	return object;
}

static struct json_object *hooks_json(void)
{
	struct json_object *hooks = json_object_new_array();
	struct map_set maps = { 0 };
	size_t i;

	for (i = 0; i < PROBE_HOOK_COUNT; i++) {
		if (probe_hooks[i].user == TXP_VERIFY)
			json_object_array_add(hooks, hook_json(&probe_hooks[i], &maps));
	}
	map_set_close(&maps);
	return hooks;
}

/*
 * The probes of probes, latency and trace, with a namespace and a device named, because some
 * fallbacks need one. An error has been logged; the other tables are printed all the same.
 */
static struct json_object *probes_json(void)
{
	struct txp_trace_config settings = { .what = TXP_TRACE_COUNT };
	struct json_object *rows;
	struct session session;

	settings.filter.ifindex = if_nametoindex("lo");
	if (netns_id(&settings.filter.netns) || session_open(&session, &settings, 0))
		return json_object_new_array();
	rows = session_hooks_json(&session);
	session_close(&session);
	return rows;
}

static struct json_object *capabilities_json(void)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "btf", json_object_new_boolean(feature_btf()));
	json_object_object_add(object, "tcx", json_object_new_boolean(tc_has_tcx()));
	json_object_object_add(object, "kernel_context",
			       json_object_new_boolean(feature_kernel_context()));
	json_object_object_add(object, "fib_lookup_mark",
			       json_object_new_boolean(feature_fib_mark()));
	return object;
}

static int build(const struct options *options, struct json_object **document)
{
	struct json_object *object;
	struct utsname kernel;

	(void)options;
	/* hooks are attached for a moment; the host must not notice */
	if (unshare(CLONE_NEWNET))
		return log_errno(-errno, "features: making a network namespace for the trials");
	if (uname(&kernel))
		return log_errno(-errno, "features: reading the kernel's release");
	object = json_object_new_object();
	json_add_text(object, "kernel", kernel.release);
	json_object_object_add(object, "hooks", hooks_json());
	json_object_object_add(object, "probes", probes_json());
	json_object_object_add(object, "capabilities", capabilities_json());
	*document = object;
	return 0;
}

static int text(struct json_object *document, struct json_object *before, double seconds)
{
	static const struct column columns[] = {
		{ "hook", "PROBE", false },
		{ "target", "HOOK", false },
		{ "available", "AVAILABLE", false },
		{ "errno", "ERRNO", false },
		{ "why", "WHY", false },
		{ 0 },
	};
	static const struct column probes[] = {
		{ "probe", "PROBE", false },
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
		err = output_table(json_member(document, "probes"), probes);
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
