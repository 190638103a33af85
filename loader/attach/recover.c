// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The order in which attach and detach write says what a killed run has left:
 *
 * - instance: the row is written, then all maps are pinned, the row's own map last.
 *   Detach removes that map first. So without it the other maps are leftovers.
 *
 * - probes: links are pinned under staged names, then the row gets their epoch.
 *   Then the links get their final names.
 *   A staged link with the epoch of the row is finished, another is undone.
 *
 * - transit: its tail calls are pinned under a staged name, then the row gets the program.
 *   Then the tail calls get their final name.
 *   They are finished if the program of the row uses them.
 *
 * - device: the row has mode off, then hooks and pins are made, then the row gets its mode.
 *   Detach writes off first and deletes the row last. So a row with off is undone.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "attach/detach.h"
#include "attach/hook.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "attach/recover.h"
#include "state/probe_state.h"
#include "attach/ingress.h"

/* The probe of a pin; TXP_PROBE_COUNT: the pin is of a device. */
static enum txp_probe probe_of(const char *pin)
{
	int i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (!strcmp(pin, probe_name(i)))
			break;
	}
	return (enum txp_probe)i;
}

static bool is_on(const struct instance *instance, const char *pin)
{
	int devices = map_set_fd(&instance->maps, "devices");
	struct txp_device_key key = { .netns = instance->netns };
	struct txp_device row;

	key.ifindex = strtoul(strchr(pin, '-') + 1, NULL, 10);
	return !bpf_map_lookup_elem(devices, &key, &row) && row.mode != TXP_MODE_OFF;
}

/* Had the run switched to the staged link before it was killed? Then the link is in use. */
static bool is_decided(const struct instance *instance, const char *pin, __u32 program_id)
{
	__u32 epoch;

	if (probe_of(pin) < TXP_PROBE_COUNT)
		return !object_epoch(program_id, &epoch) && epoch == instance->row.epoch;
	if (!is_on(instance, pin))
		return false;
	return strncmp(pin, TRANSIT_PIN, strlen(TRANSIT_PIN)) ||
	       program_id == instance->row.transit_program;
}

static int recover_link(const char *directory, const char *name, void *context)
{
	const struct instance *instance = context;
	struct bpf_prog_info info;
	char pin[NAME_MAX + 1];
	enum txp_probe probe;
	int err;

	if (!pin_is_staged(name)) {
		probe = probe_of(name);
		if (probe < TXP_PROBE_COUNT && instance->row.probe_hook[probe] == TXP_HOOK_NONE)
			return pin_remove(directory, name);
		return 0;
	}
	err = pin_program(directory, name, &info);
	if (err)
		return err;
	pin_final(name, pin);
	return is_decided(instance, pin, info.id) ? pin_commit(directory, pin)
						  : hook_detach_pin(directory, name);
}

static bool has_device_off(const struct instance *instance)
{
	int devices = map_set_fd(&instance->maps, "devices");
	struct txp_device_key key, *last = NULL;
	struct txp_device row;

	while (!bpf_map_get_next_key(devices, last, &key)) {
		last = &key;
		if (!bpf_map_lookup_elem(devices, &key, &row) && row.mode == TXP_MODE_OFF)
			return true;
	}
	return false;
}

/* Devices with a row, but with mode off: they were being attached or detached. */
static int recover_listed(const struct instance *instance, const struct attachment *list, int count)
{
	int home = netns_go(instance->netns);
	int i, err = home < 0 && home != -ENOENT ? home : 0;

	for (i = 0; i < count && !err; i++) {
		if (list[i].row.mode != TXP_MODE_OFF)
			continue;
		err = detach_device(&list[i], instance, home >= 0);
		if (!err)
			log_note("%s: removed what a killed run of txpath had left",
				 list[i].row.name);
	}
	if (home >= 0)
		netns_back(home);
	return err;
}

static int recover_devices(const struct instance *instance)
{
	struct attachment *list = NULL;
	int count, err = 0;

	if (!has_device_off(instance))
		return 0;
	count = attachments_read(instance, &list);
	if (count > 0)
		err = recover_listed(instance, list, count);
	free(list);
	return count < 0 ? count : err;
}

int recover(struct instance *instance)
{
	int err;

	if (instance->row.abi != TXP_ABI_VERSION)
		return 0; /* of another version: detach removes it as a whole */
	err = pin_each(instance->links_directory, recover_link, instance);
	if (!err || err == -ENOENT)
		err = transit_recover(instance);
	return err ? err : recover_devices(instance);
}

static int remove_map(const char *directory, const char *name, void *context)
{
	(void)context;
	return pin_remove(directory, name);
}

int recover_nothing(const struct instance *instance)
{
	int err = pin_each(instance->maps_directory, remove_map, NULL);

	return err == -ENOENT ? 0 : err;
}
