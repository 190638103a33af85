// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath attach: reads devices and knobs from the command line, attaches, and notes what the
 * operator should know. The work itself is in attach/attach.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/attach.h"
#include "attach/knobs.h"
#include "classify/loaded_rules.h"
#include "cmd/command.h"
#include "state/bpffs.h"
#include "state/lock.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "classify/qdiscs.h"
#include "state/probe_state.h"
#include "cmd/status.h"
#include "lib/sysctl.h"
#include "attach/ingress.h"
#include "lib/words.h"

static bool is_knob(const char *text)
{
	return strchr(text, '=');
}

/* The error for a bad knob has the range of that knob only. */
static int parse_knob(const char *text, struct attach_request *request)
{
	char range[KNOB_TEXT_MAX];
	enum txp_knob which;
	int err = knob_parse(text, request, &which);

	if (err == -ENOENT)
		return usage_error("%s: there is no such knob: see txpath attach --help", text);
	if (err)
		return usage_error("%s: %s", text, knob_range_text(&knobs[which], range));
	return EXIT_DONE;
}

/*
 * Transit is a program at TC ingress. In shadow it only counts, so it must be asked for; offload
 * is done by it.
 */
static int resolve_transit(const struct options *options, struct attach_request *request)
{
	bool given = request->given & (1U << TXP_KNOB_TRANSIT);

	if (request->transit && !options->mode_given)
		return usage_error("transit=on: only with --mode shadow or --mode offload");
	if (given && !request->transit && request->mode == TXP_MODE_OFFLOAD)
		return usage_error("transit=off: --mode offload needs transit");
	if (request->mode == TXP_MODE_OFFLOAD)
		request->transit = true;
	if (request->netfilter != TXP_NETFILTER_DECLINE && !request->transit)
		return usage_error("--netfilter %s: only with --mode offload or transit=on",
				   netfilter_name(request->netfilter));
	return EXIT_DONE;
}

static int parse_arguments(const struct options *options, struct attach_request *request)
{
	int i, devices = 0, code = EXIT_DONE;

	request->mode = options->mode;
	request->netfilter = options->netfilter;
	knobs_reset(request);
	for (i = 0; i < options->count && code == EXIT_DONE; i++) {
		if (is_knob(options->arguments[i]))
			code = parse_knob(options->arguments[i], request);
		else
			devices++;
	}
	if (code == EXIT_DONE)
		code = resolve_transit(options, request);
	if (code == EXIT_DONE && !devices)
		return usage_error("attach: name the devices to attach to: txpath attach DEV...");
	return code;
}

static bool is_found(const struct device *devices, size_t count, int ifindex)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (devices[i].ifindex == ifindex)
			return true;
	}
	return false;
}

/* In shadow a device without transit is compared all the same. */
static int check_device(const struct device *device, const struct attach_request *request)
{
	const char *unfit = transit_unfit(device->ifindex, device->l2_len);

	if (!request->transit || !unfit)
		return 0;
	if (request->mode == TXP_MODE_OFFLOAD) {
		log_error("%s: --mode offload is not possible: %s", device->name, unfit);
		return -EOPNOTSUPP;
	}
	log_note("%s: transit is not possible: %s", device->name, unfit);
	return 0;
}

/*
 * Finds all devices before anything is changed. A device named twice is one device. Returns their
 * number or a negative errno, which has been logged.
 */
static int find_devices(const struct options *options, const struct attach_request *request,
			struct device *devices)
{
	int i, err = 0, count = 0;
	struct device device;

	for (i = 0; i < options->count && !err; i++) {
		if (is_knob(options->arguments[i]))
			continue;
		err = device_find(options->arguments[i], &device);
		if (!err)
			err = check_device(&device, request);
		if (!err && !is_found(devices, count, device.ifindex))
			devices[count++] = device;
	}
	return err ? err : count;
}

/* What the operator gives up with --netfilter; NULL: nothing. */
static const char *netfilter_note(enum txp_netfilter netfilter)
{
	static const char *const notes[] = {
		[TXP_NETFILTER_LEASE] =
			"netfilter sees one packet of each connection for each lease, and TCP's "
			"SYN, FIN and RST; it does not see, count or log the others",
		[TXP_NETFILTER_BYPASS] =
			"netfilter sees one packet between two addresses for each lease, whatever "
			"its ports, and TCP's SYN, FIN and RST; it does not see, count or log the "
			"others",
	};

	return netfilter == TXP_NETFILTER_DECLINE ? NULL : notes[netfilter];
}

/*
 * classify load has checked the qdiscs of the devices that were attached then. Devices that are
 * attached later may have other qdiscs.
 */
static bool has_rates(const struct instance *instance)
{
	struct loaded_rules loaded;
	bool found = false;
	__u32 i;

	if (loaded_rules_read(instance, &loaded) <= 0)
		return false;
	for (i = 0; i < loaded.rules && !found; i++)
		found = loaded.actions[i].sets & TXP_CLASS_SETS_TIME;
	loaded_rules_free(&loaded);
	return found;
}

static void note_rates(const struct instance *instance, const struct attach_request *request)
{
	struct qdiscs qdiscs = { 0 };
	size_t i;

	if (!has_rates(instance))
		return;
	for (i = 0; i < request->count; i++) {
		if (!qdiscs_keep_time(&qdiscs, request->devices[i].ifindex))
			log_note("%s: rules with a rate are loaded, but a qdisc of this device "
				 "does not keep departure times: its packets are not limited",
				 request->devices[i].name);
	}
	qdiscs_free(&qdiscs);
}

/* How many probes have a fallback or no hook at all: one line, as status -v has the table. */
static void note_probes(const struct txp_instance *row)
{
	int i, fallback = 0, none = 0;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!probe_is_verified(i) || probe_is_unneeded(row, i) || probe_is_off(row, i))
			continue;
		if (row->probe_hook[i] == TXP_HOOK_NONE)
			none++;
		else if (row->probe_errno[i])
			fallback++;
	}
	if (fallback || none)
		log_note("%d of %d probes are unavailable and %d use a fallback (details: txpath "
			 "status -v)",
			 none, __builtin_popcount(TXP_VERIFY_PROBE_BITS), fallback);
	if (probe_is_off(row, TXP_PROBE_NET_DEV_QUEUE))
		log_note("probes are off (they slow every packet on the host); turn them on with "
			 "probes=on");
}

static void note_result(const struct instance *instance, const struct attach_request *request)
{
	size_t i;

	for (i = 0; i < request->count; i++)
		log_note("%s: attached, mode %s", request->devices[i].name,
			 mode_name(request->mode));
	if (netfilter_note(request->netfilter))
		log_note("--netfilter %s: %s", netfilter_name(request->netfilter),
			 netfilter_note(request->netfilter));
	note_probes(&instance->row);
	if (instance->row.nf_program && !netns_is_initial())
		log_note("the netfilter hook keeps this network namespace alive until detach");
	if (!sysctl_lo_forwarding())
		log_note("look-ups of local packets are declined, because "
			 "net.ipv4.conf.lo.forwarding is 0; lo-forwarding=on sets it until detach");
	note_rates(instance, request);
}

static int show(const struct options *options, const struct pins *pins, __u64 netns,
		const struct attach_request *request)
{
	struct json_object *document;
	struct instance instance;
	int err;

	err = instance_open(pins, netns, true, &instance);
	if (err)
		return err;
	note_result(&instance, request);
	if (options->json) {
		document = status_document();
		err = status_add(document, &instance);
		if (!err)
			output_json(document);
		json_object_put(document);
	}
	instance_close(&instance);
	return err;
}

/*
 * A netfilter link keeps its network namespace alive. Only the initial one may have it without the
 * operator's consent, because it does not go away.
 */
static void resolve_netfilter_hook(struct attach_request *request)
{
	if (request->netfilter_hook == NETFILTER_HOOK_AUTO)
		request->netfilter_hook =
			netns_is_initial() ? NETFILTER_HOOK_ON : NETFILTER_HOOK_OFF;
}

static int attach_locked(const struct options *options, const struct pins *pins, __u64 netns,
			 const struct attach_request *request)
{
	struct lock lock;
	int err;

	err = lock_take(pins, &lock);
	if (err)
		return err;
	err = attach_devices(pins, netns, request);
	if (!err)
		err = show(options, pins, netns, request);
	lock_release(pins, &lock);
	return err;
}

/* Programs of two versions on a device would compare each packet twice, and decline each other. */
static int refuse_other_version(const struct pins *pins, __u64 netns)
{
	char path[PATH_MAX];

	if (!pins_of_other_version(pins, netns, path))
		return 0;
	log_error("another version of txpath is attached (%s): detach with that version first",
		  path);
	return -EEXIST;
}

/* bpffs first: ip netns exec hides it. The namespace of --netns before its devices. */
static int attach_to(const struct options *options, struct attach_request *request,
		     struct device *devices)
{
	struct pins pins;
	__u64 netns;
	int ret;

	ret = instance_place(options->bpffs, options->netns, true, &pins, &netns);
	if (!ret)
		ret = refuse_other_version(&pins, netns);
	if (ret)
		return ret;
	resolve_netfilter_hook(request);
	ret = find_devices(options, request, devices);
	if (ret < 0)
		return ret;
	request->devices = devices;
	request->count = ret;
	return attach_locked(options, &pins, netns, request);
}

static int attach(const struct options *options, struct attach_request *request,
		  struct device *devices)
{
	bool mounted = false;
	int err;

	if (privilege_to_change("attach") || bpffs_mount(options->bpffs, &mounted))
		return EXIT_FAILED;
	err = attach_to(options, request, devices);
	if (err && mounted)
		bpffs_unmount(options->bpffs);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int cmd_attach(const struct options *options)
{
	struct attach_request request = { 0 };
	struct device *devices;
	int code;

	code = parse_arguments(options, &request);
	if (code != EXIT_DONE)
		return code;
	devices = calloc(options->count, sizeof(*devices));
	if (!devices)
		return EXIT_FAILED;
	code = attach(options, &request, devices);
	free(devices);
	return code;
}
