// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* txpath attach: devices and knobs from the command line, and what the operator is told. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <txpath/knobs.h>

#include "attach/attach.h"
#include "classify/program.h"
#include "cmd/command.h"
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

static const char *const knob_names[] = {
#define KNOB_NAME(id, name, values, meaning) name,
	TXP_KNOBS(KNOB_NAME)
#undef KNOB_NAME
};

static const char *const knob_values[] = {
#define KNOB_VALUES(id, name, values, meaning) values,
	TXP_KNOBS(KNOB_VALUES)
#undef KNOB_VALUES
};

static int usage_knob(const char *text)
{
#define KNOB_LINE(id, name, values, meaning) "\n  " name " (" values ")"
	return usage_error("%s: the knobs and their values are" TXP_KNOBS(KNOB_LINE), text);
#undef KNOB_LINE
}

/* The place of value in a list separated by spaces, -1: not in it. */
static int value_index(const char *values, const char *value)
{
	size_t length = strlen(value);
	int i;

	for (i = 0; *values; i++) {
		if (length && !strncmp(values, value, length) &&
		    (values[length] == ' ' || values[length] == '\0'))
			return i;
		values += strcspn(values, " ");
		values += *values == ' ';
	}
	return -1;
}

/* A number is -1 if it is not one, or not in FIRST..LAST. */
static int value_number(const char *range, const char *value)
{
	long first, last, number;
	char *end;

	if (sscanf(range, "%*d %ld..%ld", &first, &last) != 2 || *value < '0' || *value > '9')
		return -1;
	number = strtol(value, &end, 10);
	return number < first || number > last || *end ? -1 : (int)number;
}

static bool is_number(int knob)
{
	return strstr(knob_values[knob], "..");
}

struct choice {
	int value[TXP_KNOB_COUNT]; /* the number, or the place of the word; 0 is the default */
	__u32 given;		   /* bit per enum txp_knob */
};

static void choose_defaults(struct choice *choice)
{
	int i;

	for (i = 0; i < TXP_KNOB_COUNT; i++)
		choice->value[i] = is_number(i) ? atoi(knob_values[i]) : 0;
}

static int parse_knob(const char *text, struct choice *choice)
{
	size_t length = strcspn(text, "=");
	int i, value;

	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		if (strlen(knob_names[i]) != length || strncmp(knob_names[i], text, length))
			continue;
		value = is_number(i) ? value_number(knob_values[i], text + length + 1)
				     : value_index(knob_values[i], text + length + 1);
		if (value < 0)
			break;
		choice->value[i] = value;
		choice->given |= 1U << i;
		return EXIT_DONE;
	}
	return usage_knob(text);
}

static int parse_mode(const char *mode, enum txp_mode *parsed)
{
	*parsed = TXP_MODE_SHADOW;
	if (!mode || !strcmp(mode, "shadow"))
		return EXIT_DONE;
	if (strcmp(mode, "offload"))
		return usage_error("--mode %s: there is no such mode; it is shadow or offload",
				   mode);
	*parsed = TXP_MODE_OFFLOAD;
	return EXIT_DONE;
}

struct arguments {
	struct device *devices; /* found by find_devices() */
	size_t count;
	enum txp_mode mode;
	enum txp_netfilter netfilter;
	struct choice choice;
};

static bool is_knob(const char *text)
{
	return strchr(text, '=');
}

static bool wants_transit(const struct arguments *arguments)
{
	return arguments->mode == TXP_MODE_OFFLOAD || arguments->choice.value[TXP_KNOB_TRANSIT];
}

/* Shadow has it only where both were asked for; offload cannot go without. */
static int check_transit(const char *mode, const struct arguments *arguments)
{
	bool given = arguments->choice.given & (1U << TXP_KNOB_TRANSIT);
	bool on = arguments->choice.value[TXP_KNOB_TRANSIT];

	if (on && !mode)
		return usage_error("transit=on: only with --mode shadow or --mode offload");
	if (given && !on && arguments->mode == TXP_MODE_OFFLOAD)
		return usage_error("transit=off: --mode offload is not possible without transit");
	if (arguments->netfilter != TXP_NETFILTER_DECLINE && !wants_transit(arguments))
		return usage_error("--netfilter %s: only with --mode offload or transit=on",
				   netfilter_name(arguments->netfilter));
	return EXIT_DONE;
}

static int parse_arguments(const struct options *options, struct arguments *arguments)
{
	int i, devices = 0, code = parse_mode(options->mode, &arguments->mode);

	if (!code)
		code = netfilter_parse(options->netfilter, &arguments->netfilter);
	choose_defaults(&arguments->choice);
	for (i = 0; i < options->count && !code; i++) {
		if (is_knob(options->arguments[i]))
			code = parse_knob(options->arguments[i], &arguments->choice);
		else
			devices++;
	}
	if (!code)
		code = check_transit(options->mode, arguments);
	if (!code && !devices)
		return usage_error("attach: which device?");
	return code;
}

static bool is_found(const struct arguments *arguments, int ifindex)
{
	size_t i;

	for (i = 0; i < arguments->count; i++) {
		if (arguments->devices[i].ifindex == ifindex)
			return true;
	}
	return false;
}

static int check_device(const struct device *device, const struct arguments *arguments)
{
	const char *unfit = transit_unfit(device->ifindex, device->l2_len);

	if (!wants_transit(arguments) || !unfit)
		return 0;
	if (arguments->mode == TXP_MODE_OFFLOAD) {
		log_error("%s: --mode offload is not possible: %s", device->name, unfit);
		return -EOPNOTSUPP;
	}
	log_note("%s: transit is not possible: %s", device->name, unfit);
	return 0;
}

/* All of them, before anything is changed. A device named twice is one device. */
static int find_devices(const struct options *options, struct arguments *arguments)
{
	struct device device;
	int i, err = 0;

	for (i = 0; i < options->count && !err; i++) {
		if (is_knob(options->arguments[i]))
			continue;
		err = device_find(options->arguments[i], &device);
		if (!err)
			err = check_device(&device, arguments);
		if (!err && !is_found(arguments, device.ifindex))
			arguments->devices[arguments->count++] = device;
	}
	return err;
}

/* What --netfilter means, in a line; NULL: what is to be expected. */
static const char *netfilter_note(enum txp_netfilter netfilter)
{
	static const char *const notes[] = {
		[TXP_NETFILTER_LEASE] =
			"netfilter judges a packet of each connection for each lease, and TCP's "
			"SYN, FIN and RST; it does not see, count or log the others",
		[TXP_NETFILTER_BYPASS] =
			"netfilter judges one packet between two addresses for each lease, whatever "
			"its ports, and TCP's SYN, FIN and RST; it does not see the others",
	};

	return netfilter == TXP_NETFILTER_DECLINE ? NULL : notes[netfilter];
}

/* Rules that were loaded before were held against the devices that there were. */
static bool has_rates(const struct instance *instance)
{
	struct loaded loaded;
	bool found = false;
	__u32 i;

	if (loaded_rules_read(instance, &loaded) <= 0)
		return false;
	for (i = 0; i < loaded.rules && !found; i++)
		found = loaded.actions[i].sets & TXP_CLASS_SETS_TIME;
	loaded_rules_free(&loaded);
	return found;
}

static void tell_rates(const struct instance *instance, const struct arguments *arguments)
{
	struct qdiscs qdiscs = { 0 };
	size_t i;

	if (!has_rates(instance))
		return;
	for (i = 0; i < arguments->count; i++) {
		if (!qdiscs_keep_time(&qdiscs, arguments->devices[i].ifindex))
			log_note("%s: rules with a rate are loaded, and not all of its qdiscs keep "
				 "departure times: what leaves by it has no rate",
				 arguments->devices[i].name);
	}
	qdiscs_free(&qdiscs);
}

static void tell(const struct instance *instance, const struct arguments *arguments)
{
	int i, lower = 0, blind = 0;
	size_t j;

	for (j = 0; j < arguments->count; j++)
		log_note("%s: attached, mode %s", arguments->devices[j].name,
			 mode_name(arguments->mode));
	if (netfilter_note(arguments->netfilter))
		log_note("--netfilter %s: %s", netfilter_name(arguments->netfilter),
			 netfilter_note(arguments->netfilter));
	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!probe_is_verified(i) || probe_is_unneeded(&instance->row, i) ||
		    probe_is_off(&instance->row, i))
			continue;
		if (instance->row.probe_hook[i] == TXP_HOOK_NONE)
			blind++;
		else if (instance->row.probe_errno[i])
			lower++;
	}
	if (lower || blind)
		log_note("%d of %d probes are unavailable and %d use a fallback (details: txpath "
			 "status -v)",
			 blind, __builtin_popcount(TXP_VERIFY_PROBE_BITS), lower);
	if (probe_is_off(&instance->row, TXP_PROBE_NET_DEV_QUEUE))
		log_note(
			"probes are off (they slow every packet on the host); turn them on with probes=on");
	if (instance->row.nf_program && !netns_is_initial())
		log_note("the netfilter hook keeps this network namespace alive until detach");
	if (!sysctl_lo_forwarding())
		log_note("local look-ups will be declined: net.ipv4.conf.lo.forwarding is 0, "
			 "lo-forwarding=on sets it until detach");
	tell_rates(instance, arguments);
}

static int show(const struct options *options, const struct pins *pins, __u64 netns,
		const struct arguments *arguments)
{
	struct json_object *document;
	struct instance instance;
	int err;

	err = instance_open(pins, netns, true, &instance);
	if (err)
		return err;
	tell(&instance, arguments);
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

/* In the order of the knob's values. */
enum netfilter_hook {
	NETFILTER_AUTO,
	NETFILTER_ON,
};

/* Where a netfilter link would keep it alive, a namespace is not to be used without consent. */
static bool may_use_netfilter(int choice)
{
	return choice == NETFILTER_ON || (choice == NETFILTER_AUTO && netns_is_initial());
}

static int attach_locked(const struct options *options, const struct pins *pins, __u64 netns,
			 const struct arguments *arguments)
{
	const int *value = arguments->choice.value;
	const struct attach_request request = {
		.devices = arguments->devices,
		.count = arguments->count,
		.mode = arguments->mode,
		.hook = (enum hook_kind)value[TXP_KNOB_TC_HOOK],
		.lo_forwarding = value[TXP_KNOB_LO_FORWARDING],
		.netfilter = arguments->netfilter,
		.netfilter_hook = may_use_netfilter(value[TXP_KNOB_NETFILTER_HOOK]),
		.probes = (enum probes)value[TXP_KNOB_PROBES],
		.transit = wants_transit(arguments),
		.given = arguments->choice.given,
		.lease_ms = value[TXP_KNOB_LEASE_MS],
		.max_surprises = value[TXP_KNOB_MAX_SURPRISES],
		.promote_after = value[TXP_KNOB_PROMOTE_AFTER],
		.compare_rate = value[TXP_KNOB_COMPARE_RATE],
		.settle_ms = value[TXP_KNOB_SETTLE_MS],
	};
	struct lock lock;
	int err;

	err = lock_take(pins, &lock);
	if (err)
		return err;
	err = attach_devices(pins, netns, &request);
	if (!err)
		err = show(options, pins, netns, arguments);
	lock_release(pins, &lock);
	return err;
}

static int attach(const struct options *options, struct arguments *arguments)
{
	struct pins pins;
	__u64 netns;

	if (privilege_to_change("attach") ||
	    instance_place(options->bpffs, options->netns, true, &pins, &netns) ||
	    find_devices(options, arguments) || attach_locked(options, &pins, netns, arguments))
		return EXIT_FAILED;
	return EXIT_DONE;
}

int cmd_attach(const struct options *options)
{
	struct arguments arguments = { 0 };
	int code;

	code = parse_arguments(options, &arguments);
	if (code)
		return code;
	arguments.devices = calloc(options->count, sizeof(*arguments.devices));
	if (!arguments.devices)
		return EXIT_FAILED;
	code = attach(options, &arguments);
	free(arguments.devices);
	return code;
}
