// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Pins of an attach: directories, maps, links of probes. Pins keep all of it alive without a
 * process, and their order is what a killed run leaves: see recover.c.
 */
#include <string.h>

#include "attach/pins.h"

int attach_pin_directories(const struct pins *pins, const struct instance *instance)
{
	int err;

	err = pin_directory(pins->version);
	if (!err)
		err = pin_directory(instance->directory);
	if (!err)
		err = pin_directory(instance->maps_directory);
	if (!err)
		err = pin_directory(instance->links_directory);
	return err;
}

void attach_unpin_maps(const struct instance *instance)
{
	const struct map_set *maps = &instance->maps;
	int i;

	pin_remove(instance->maps_directory, INSTANCE_MAP);
	for (i = 0; i < maps->count; i++)
		pin_remove(instance->maps_directory, maps->map[i].name);
}

/* The map with the row last: an instance whose row is pinned is complete. */
int attach_pin_maps(const struct instance *instance)
{
	const struct map_set *maps = &instance->maps;
	const char *directory = instance->maps_directory;
	int i, err;

	err = instance_write(instance, &instance->row);
	for (i = 0; i < maps->count && !err; i++) {
		if (strcmp(maps->map[i].name, INSTANCE_MAP))
			err = pin_make(maps->map[i].fd, directory, maps->map[i].name);
	}
	if (!err)
		err = pin_make(map_set_fd(maps, INSTANCE_MAP), directory, INSTANCE_MAP);
	if (err)
		attach_unpin_maps(instance);
	return err;
}

void attach_abort_links(const struct hook_set *hooks, const struct instance *instance)
{
	size_t i;

	for (i = 0; i < TXP_PROBE_COUNT; i++) {
		if (hooks_link(hooks, i) >= 0)
			pin_abort(instance->links_directory, probe_name(i));
	}
}

int attach_probe_links(const struct hook_set *hooks, const struct instance *instance)
{
	int err = 0;
	size_t i;

	for (i = 0; i < TXP_PROBE_COUNT && !err; i++) {
		if (hooks_link(hooks, i) >= 0)
			err = pin_prepare(hooks_link(hooks, i), instance->links_directory,
					  probe_name(i));
	}
	if (err)
		attach_abort_links(hooks, instance);
	return err;
}

int attach_commit_links(const struct hook_set *hooks, const struct instance *instance)
{
	const char *directory = instance->links_directory;
	int err = 0;
	size_t i;

	for (i = 0; i < TXP_PROBE_COUNT && !err; i++) {
		if (hooks_link(hooks, i) >= 0)
			err = pin_commit(directory, probe_name(i));
		else
			err = pin_remove(directory, probe_name(i));
	}
	return err;
}
