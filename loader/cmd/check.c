// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath check: may a device be offloaded here and now, and if not, why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach/preflight.h"
#include "cmd/command.h"
#include "lib/device.h"
#include "state/instance.h"
#include "probes/verify.h"
#include "lib/log.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "lib/features.h"
#include "attach/ingress.h"
#include "lib/words.h"

#define MEANING_MAX 256

struct answer {
	bool offload;
	const char *reason; /* of enum txp_transit, or "device", "kernel" */
	char meaning[MEANING_MAX];
};

static void answer(struct answer *answer, const char *reason, const char *meaning)
{
	answer->offload = !strcmp(reason, transit_name(TXP_TRANSIT_TAKEN));
	answer->reason = reason;
	snprintf(answer->meaning, sizeof(answer->meaning), "%s", meaning);
}

static void answer_errno(struct answer *to, const char *what, int err)
{
	char text[MEANING_MAX];

	snprintf(text, sizeof(text), "%s: %s (%s)", what, errno_words(err), errno_name(err));
	answer(to, "kernel", text);
}

static void answer_transit(struct answer *to, int transit)
{
	if (transit == TXP_TRANSIT_TAKEN)
		answer(to, transit_name(TXP_TRANSIT_TAKEN), "nothing stands in the way");
	else if (transit == TXP_TRANSIT_COUNT)
		answer(to, transit_name(TXP_TRANSIT_TAKEN),
		       "nothing that can be told from here stands in the way; this kernel shows "
		       "the rest to packets only (Linux 6.2)");
	else if (transit == TXP_TRANSIT_CONNTRACK)
		answer(to, transit_name(transit), CHECK_CONNTRACK_ADVICE);
	else
		answer(to, transit_name(transit), transit_meaning(transit));
}

/* Before 6.2: can the probes be watched that transit needs? */
static bool can_trace(struct map_set *maps, struct answer *to)
{
	char text[MEANING_MAX / 2], hook_text[HOOK_TEXT_MAX];
	const struct probe_hook *hook;
	size_t i;
	int err;

	for (i = 0; (hook = transit_needs(i)); i++) {
		err = probe_hook_try(hook, maps);
		if (!err)
			continue;
		snprintf(text, sizeof(text), "before Linux 6.2 transit needs probe %s at %s",
			 probe_name(hook->probe), probe_hook_text(hook, hook_text));
		answer_errno(to, text, err);
		return false;
	}
	return true;
}

/*
 * On maps of its own, which go with us. What is attached already is known to the guard by the
 * row of its instance, of which this one is a copy.
 */
static int ask(const struct device *device, enum txp_netfilter netfilter,
	       const struct txp_instance *row, struct answer *to)
{
	struct instance trial = { .row = *row };
	struct transit transit;
	int ret;

	ret = transit_load(&transit, &trial, TRANSIT_CHECK);
	if (ret) {
		answer_errno(to, TRANSIT_REFUSED, ret);
		ret = 0;
		goto close_maps;
	}
	if (!feature_kernel_context() && !can_trace(&trial.maps, to))
		goto close_transit;
	feature_symbols(&trial.row);
	ret = instance_write(&trial, &trial.row);
	if (ret)
		goto close_transit;
	ret = check_run(transit.packet_fd, device->ifindex, netfilter);
	if (ret < 0)
		log_errno(ret, "%s: asking what stands in the way", device->name);
	else
		answer_transit(to, ret);
close_transit:
	transit_close(&transit);
close_maps:
	map_set_close(&trial.maps);
	return ret < 0 ? ret : 0;
}

/* The row of what is attached in this namespace, else one with its id alone. */
static int read_row(const struct options *options, struct txp_instance *row)
{
	struct instance instance;
	struct pins pins;
	__u64 netns;
	int err;

	err = instance_place(options->bpffs, options->netns, false, &pins, &netns);
	if (err)
		return err;
	err = instance_open(&pins, netns, true, &instance);
	*row = instance.row;
	row->abi = TXP_ABI_VERSION;
	row->netns = netns;
	if (!err)
		instance_close(&instance);
	return err == -ENOENT ? 0 : err;
}

static int check(const struct options *options, struct answer *to)
{
	struct txp_instance row;
	struct device device;
	const char *unfit;
	int err;

	err = read_row(options, &row);
	if (!err)
		err = device_find(options->arguments[0], &device);
	if (err)
		return err;
	unfit = transit_unfit(device.ifindex, device.l2_len);
	if (!unfit)
		return ask(&device, options->netfilter, &row, to);
	answer(to, "device", unfit);
	return 0;
}

static void show(const struct options *options, const struct answer *answer)
{
	struct json_object *document = json_object_new_object();
	const char *device = options->arguments[0];

	json_add_text(document, "device", device);
	json_object_object_add(document, "offload", json_object_new_boolean(answer->offload));
	json_add_text(document, "reason", answer->reason);
	json_add_text(document, "meaning", answer->meaning);
	if (options->json)
		output_json(document);
	else if (answer->offload)
		printf("%s: may be offloaded: %s\n", device, answer->meaning);
	else
		printf("%s: may not be offloaded: %s: %s\n", device, answer->reason,
		       answer->meaning);
	json_object_put(document);
}

int cmd_check(const struct options *options)
{
	struct answer answer = { 0 };

	if (options->count != 1)
		return usage_error("check: which device?");
	if (privilege_to_change("check") || check(options, &answer))
		return EXIT_FAILED;
	show(options, &answer);
	return answer.offload ? EXIT_DONE : EXIT_FAILED;
}
