// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Loads the program that classifies. Its maps get the size of the file's rules before the load, and
 * their content after it; only then is the program published, so packets meet all rules or none.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <net/if.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "lib/array.h"
#include "classify/program.h"
#include "lib/log.h"

static int map_fd(const struct classify_program *program, const char *name)
{
	return bpf_object__find_map_fd_by_name(program->object, name);
}

static int set_sizes(struct bpf_object *object, const struct compiled *compiled)
{
	const struct {
		const char *map;
		size_t entries;
	} sizes[] = {
		{ "rule_bitmaps", compiled->rule_bitmaps.count },
		{ "rule_intervals", compiled->intervals.count },
		{ "rule_intervals6", compiled->intervals6.count },
		{ "class_values", compiled->value_count },
		{ "class_devices", compiled->device_count },
		{ "class_actions", compiled->plan.rules },
		{ "class_names", compiled->plan.rules },
		{ "class_hits", compiled->plan.rules + TXP_CLASS_REST_COUNT },
	};
	size_t i;
	int err = 0;

	/* the kernel refuses a map without entries */
	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, sizes[i].map),
					       sizes[i].entries ?: 1);
	return err;
}

static int fill_array(const struct classify_program *program, const char *name, const void *values,
		      size_t size, size_t count)
{
	int fd = map_fd(program, name);
	__u32 i;

	for (i = 0; i < count; i++) {
		if (bpf_map_update_elem(fd, &i, (const char *)values + i * size, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_intervals(const struct classify_program *program, const char *name,
			  const struct intervals *intervals)
{
	return fill_array(program, name, intervals->interval, intervals->format->size,
			  intervals->count);
}

static int fill_values(const struct classify_program *program)
{
	const struct compiled *compiled = program->compiled;
	int fd = map_fd(program, "class_values");
	size_t i;

	for (i = 0; i < compiled->value_count; i++) {
		if (bpf_map_update_elem(fd, &compiled->values[i].key, &compiled->values[i].bitmap,
					BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_about(const struct classify_program *program, const char *file)
{
	struct txp_class_about about = { 0 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	about.loaded_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	snprintf(about.file, sizeof(about.file), "%s", file);
	return fill_array(program, "class_about", &about, sizeof(about), 1);
}

static int fill_devices(const struct classify_program *program)
{
	const struct compiled *compiled = program->compiled;
	struct txp_class_device device;
	__u32 i;
	int err = 0;

	for (i = 0; i < compiled->device_count && !err; i++) {
		memset(&device, 0, sizeof(device));
		device.ifindex = compiled->devices[i];
		if_indextoname(device.ifindex, device.name);
		if (bpf_map_update_elem(map_fd(program, "class_devices"), &i, &device, BPF_ANY))
			err = -errno;
	}
	return err;
}

static int fill(const struct classify_program *program, const char *file)
{
	const struct compiled *c = program->compiled;
	int err;

	err = fill_array(program, "rule_bitmaps", c->rule_bitmaps.bitmap,
			 sizeof(*c->rule_bitmaps.bitmap), c->rule_bitmaps.count);
	if (!err)
		err = fill_intervals(program, "rule_intervals", &c->intervals);
	if (!err)
		err = fill_intervals(program, "rule_intervals6", &c->intervals6);
	if (!err)
		err = fill_array(program, "class_tables", c->tables, sizeof(*c->tables), 1);
	if (!err)
		err = fill_array(program, "class_actions", c->actions, sizeof(*c->actions),
				 c->plan.rules);
	if (!err)
		err = fill_array(program, "class_names", c->names, sizeof(*c->names),
				 c->plan.rules);
	if (!err)
		err = fill_values(program);
	if (!err)
		err = fill_devices(program);
	return err ?: fill_about(program, file);
}

/* A map that no instruction uses would be freed with our descriptors, unless it is bound. */
static int bind_map(const struct classify_program *program, const char *name)
{
	return bpf_prog_bind_map(program->program_fd, map_fd(program, name), NULL) ? -errno : 0;
}

static int share_edt_clocks(struct bpf_object *object, int fd)
{
	if (fd < 0)
		return 0;
	return bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "edt_clocks"), fd);
}

int classify_program_load(struct classify_program *program, const struct compiled *compiled,
			  const struct map_set *maps, int edt_clocks_fd, const char *name,
			  const char *file)
{
	int err;

	program->compiled = compiled;
	program->object = object_open_classify(&compiled->plan, maps, name);
	if (!program->object)
		return log_errno(-errno, "opening the BPF object");
	err = set_sizes(program->object, compiled);
	if (!err)
		err = share_edt_clocks(program->object, edt_clocks_fd);
	if (!err)
		err = bpf_object__load(program->object);
	if (err) {
		log_errno(err, "loading the program that classifies (run it with -v to see why)");
		goto close;
	}
	program->program_fd =
		bpf_program__fd(bpf_object__find_program_by_name(program->object, name));
	err = fill(program, file);
	if (!err)
		err = bind_map(program, "class_about");
	if (!err)
		err = bind_map(program, "class_devices");
	if (!err)
		return 0;
	log_errno(err, "filling the maps of the rules");
close:
	classify_program_close(program);
	return err;
}

void classify_program_close(struct classify_program *program)
{
	bpf_object__close(program->object);
	program->object = NULL;
}

int classify_program_publish(const struct classify_program *program,
			     const struct instance *instance)
{
	int calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 key = TXP_CALL_CLASSIFY;

	if (bpf_map_update_elem(calls, &key, &program->program_fd, BPF_ANY))
		return log_errno(-errno, "writing the map " EGRESS_CALLS_MAP);
	return 0;
}

int classify_program_clear(const struct instance *instance)
{
	int calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 key = TXP_CALL_CLASSIFY;

	if (!bpf_map_delete_elem(calls, &key))
		return 1;
	return errno == ENOENT ? 0 : log_errno(-errno, "writing the map " EGRESS_CALLS_MAP);
}

int classify_program_test(const struct classify_program *program,
			  const struct txp_class_fields *fields)
{
	char frame[64] = { 0 }; /* BPF_PROG_TEST_RUN needs a frame; the program reads the fields */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int err = fill_array(program, "class_packet", fields, sizeof(*fields), 1);

	if (!err && bpf_prog_test_run_opts(program->program_fd, &opts))
		err = -errno;
	return err ? log_errno(err, "running the program that classifies on a test packet")
		   : (int)opts.retval;
}
