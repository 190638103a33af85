// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <txpath/knobs.h>

#include "attach.h"
#include "command.h"
#include "lock.h"
#include "log.h"
#include "netns.h"
#include "output.h"
#include "privilege.h"
#include "report.h"
#include "sysctl.h"
#include "transit.h"

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
	char all[256] = "";
	size_t i, length = 0;

	for (i = 0; i < TXP_KNOB_COUNT; i++)
		length += snprintf(all + length, sizeof(all) - length, "%s%s (%s)", i ? ", " : "",
				   knob_names[i], knob_values[i]);
	return usage_error("%s: the knobs and their values are %s", text, all);
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

	if (sscanf(range, "%*d %ld..%ld", &first, &last) != 2)
		return -1;
	number = *value >= '0' && *value <= '9' ? strtol(value, &end, 10) : -1;
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

static int check_netfilter(const char *what)
{
	if (!what || !strcmp(what, "decline"))
		return EXIT_DONE;
	if (!strcmp(what, "lease") || !strcmp(what, "bypass"))
		return usage_error("--netfilter %s: not available yet; it is decline", what);
	return usage_error("--netfilter %s: there is no such mode; it is decline", what);
}

struct arguments {
	struct device *devices; /* names only, until they have been found */
	size_t count;
	enum txp_mode mode;
	struct choice choice;
};

static int parse_arguments(const struct options *options, struct arguments *arguments,
			   const char **names)
{
	int i, code = parse_mode(options->mode, &arguments->mode);

	if (!code)
		code = check_netfilter(options->netfilter);
	choose_defaults(&arguments->choice);
	for (i = 0; i < options->count && !code; i++) {
		if (strchr(options->arguments[i], '='))
			code = parse_knob(options->arguments[i], &arguments->choice);
		else
			names[arguments->count++] = options->arguments[i];
	}
	if (!code && !arguments->count)
		return usage_error("attach: which device?");
	return code;
}

static bool is_known(const struct device *devices, size_t count, int ifindex)
{
	while (count--) {
		if (devices[count].ifindex == ifindex)
			return true;
	}
	return false;
}

static int check_device(const struct device *device, enum txp_mode mode)
{
	const char *unfit = transit_unfit(device->ifindex, device->l2_len);

	if (mode != TXP_MODE_OFFLOAD || !unfit)
		return 0;
	log_error("%s: --mode offload is not possible: %s", device->name, unfit);
	return -EOPNOTSUPP;
}

/* All of them, before anything is changed. A device named twice is one device. */
static int find_devices(struct arguments *arguments, const char **names)
{
	struct device device;
	size_t i, count = 0;
	int err;

	for (i = 0; i < arguments->count; i++) {
		err = device_find(names[i], &device);
		if (!err)
			err = check_device(&device, arguments->mode);
		if (err)
			return err;
		if (!is_known(arguments->devices, count, device.ifindex))
			arguments->devices[count++] = device;
	}
	arguments->count = count;
	return 0;
}

static int enter(const struct options *options, __u64 *netns)
{
	int err = options->netns ? netns_enter(options->netns) : 0;

	if (err)
		return err;
	err = netns_id(netns);
	return err ? log_errno(err, "reading the id of the network namespace") : 0;
}

static void tell(const struct options *options, const struct instance *instance,
		 const struct arguments *arguments)
{
	int i, lower = 0, blind = 0;
	size_t j;

	for (j = 0; j < arguments->count; j++)
		log_note("%s: attached, mode %s", arguments->devices[j].name,
			 mode_name(arguments->mode));
	for (i = 0; i < TXP_STAGE_COUNT; i++) {
		if (instance->row.stage_rung[i] == TXP_HOOK_NONE)
			blind++;
		else if (instance->row.stage_errno[i])
			lower++;
	}
	if (lower || blind)
		log_note("of %d stations %d got a lower hook and %d none: txpath status shows why",
			 TXP_STAGE_COUNT, lower, blind);
	if (options->netns && instance->row.nf_program)
		log_note("the netfilter hook keeps this network namespace alive until detach");
	if (!sysctl_lo_forwarding())
		log_note("local look-ups will be declined: net.ipv4.conf.lo.forwarding is 0, "
			 "lo-forwarding=on sets it until detach");
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
	tell(options, &instance, arguments);
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

static int attach_locked(const struct options *options, const struct pins *pins, __u64 netns,
			 const struct arguments *arguments)
{
	const struct attach_request request = {
		.devices = arguments->devices,
		.count = arguments->count,
		.mode = arguments->mode,
		.hook = (enum egress_hook)arguments->choice.value[TXP_KNOB_TC_HOOK],
		.lo_forwarding = arguments->choice.value[TXP_KNOB_LO_FORWARDING],
		.given = arguments->choice.given,
		.lease_ms = arguments->choice.value[TXP_KNOB_LEASE_MS],
		.max_surprises = arguments->choice.value[TXP_KNOB_MAX_SURPRISES],
	};
	int lock, err;

	lock = lock_take(pins);
	if (lock < 0)
		return lock;
	err = attach_devices(pins, netns, &request);
	if (!err)
		err = show(options, pins, netns, arguments);
	else
		rmdir(pins->base); /* made for the lock; stays if anything is in it */
	close(lock);
	return err;
}

static int attach(const struct options *options, struct arguments *arguments, const char **names)
{
	struct pins pins;
	__u64 netns;

	if (privilege_to_change("attach") || pins_open(options->bpffs, true, &pins) ||
	    enter(options, &netns) || find_devices(arguments, names) ||
	    attach_locked(options, &pins, netns, arguments))
		return EXIT_FAILED;
	return EXIT_DONE;
}

int cmd_attach(const struct options *options)
{
	struct arguments arguments = { 0 };
	const char **names;
	int code;

	names = calloc(options->count + 1, sizeof(*names));
	arguments.devices = calloc(options->count + 1, sizeof(*arguments.devices));
	code = names && arguments.devices ? parse_arguments(options, &arguments, names)
					  : EXIT_FAILED;
	if (!code)
		code = attach(options, &arguments, names);
	free(arguments.devices);
	free(names);
	return code;
}
