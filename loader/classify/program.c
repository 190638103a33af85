// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading, publishing and asking the program that classifies. */
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

static int map_fd(const struct classifier *classifier, const char *name)
{
	return bpf_object__find_map_fd_by_name(classifier->object, name);
}

struct map_size {
	const char *map;
	size_t entries;
};

/* Also an empty map has one. */
static int set_sizes(struct bpf_object *object, const struct compiled *compiled)
{
	const struct map_size sizes[] = {
		{ "rule_bitmaps", compiled->rows.count },
		{ "rule_intervals", compiled->steps.count },
		{ "rule_intervals6", compiled->steps6.count },
		{ "class_values", compiled->value_count },
		{ "class_devices", compiled->device_count },
		{ "class_actions", compiled->plan.rules },
		{ "class_names", compiled->plan.rules },
		{ "class_hits", compiled->plan.rules + TXP_CLASS_REST_COUNT },
	};
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++)
		err = bpf_map__set_max_entries(bpf_object__find_map_by_name(object, sizes[i].map),
					       sizes[i].entries ?: 1);
	return err;
}

static int fill_array(const struct classifier *classifier, const char *name, const void *values,
		      size_t size, size_t count)
{
	int fd = map_fd(classifier, name);
	__u32 i;

	for (i = 0; i < count; i++) {
		if (bpf_map_update_elem(fd, &i, (const char *)values + i * size, BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_steps(const struct classifier *classifier, const char *name,
		      const struct steps *steps)
{
	return fill_array(classifier, name, steps->step, steps->form->size, steps->count);
}

static int fill_values(const struct classifier *classifier)
{
	const struct compiled *compiled = classifier->compiled;
	int fd = map_fd(classifier, "class_values");
	size_t i;

	for (i = 0; i < compiled->value_count; i++) {
		if (bpf_map_update_elem(fd, &compiled->values[i].key, &compiled->values[i].row,
					BPF_ANY))
			return -errno;
	}
	return 0;
}

static int fill_about(const struct classifier *classifier, const char *file)
{
	struct txp_class_about about = { 0 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	about.loaded_ns = now.tv_sec * 1000000000ULL + now.tv_nsec;
	snprintf(about.file, sizeof(about.file), "%s", file);
	return fill_array(classifier, "class_about", &about, sizeof(about), 1);
}

static int fill_devices(const struct classifier *classifier)
{
	const struct compiled *compiled = classifier->compiled;
	struct txp_class_device device;
	__u32 i;
	int err = 0;

	for (i = 0; i < compiled->device_count && !err; i++) {
		memset(&device, 0, sizeof(device));
		device.ifindex = compiled->devices[i];
		if_indextoname(device.ifindex, device.name);
		if (bpf_map_update_elem(map_fd(classifier, "class_devices"), &i, &device, BPF_ANY))
			err = -errno;
	}
	return err;
}

static int fill(const struct classifier *classifier, const char *file)
{
	const struct compiled *c = classifier->compiled;
	int err;

	err = fill_array(classifier, "rule_bitmaps", c->rows.row, sizeof(*c->rows.row),
			 c->rows.count);
	if (!err)
		err = fill_steps(classifier, "rule_intervals", &c->steps);
	if (!err)
		err = fill_steps(classifier, "rule_intervals6", &c->steps6);
	if (!err)
		err = fill_array(classifier, "class_tables", c->tables, sizeof(*c->tables), 1);
	if (!err)
		err = fill_array(classifier, "class_actions", c->actions, sizeof(*c->actions),
				 c->plan.rules);
	if (!err)
		err = fill_array(classifier, "class_names", c->names, sizeof(*c->names),
				 c->plan.rules);
	if (!err)
		err = fill_values(classifier);
	if (!err)
		err = fill_devices(classifier);
	return err ?: fill_about(classifier, file);
}

/* What no instruction of the program names would go with our descriptors. */
static int bind_map(const struct classifier *classifier, const char *name)
{
	return bpf_prog_bind_map(classifier->program_fd, map_fd(classifier, name), NULL) ? -errno
											 : 0;
}

static int share_edt_clocks(struct bpf_object *object, int fd)
{
	if (fd < 0)
		return 0;
	return bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "edt_clocks"), fd);
}

int classifier_load(struct classifier *classifier, const struct compiled *compiled,
		    const struct map_set *maps, int edt_clocks_fd, const char *program,
		    const char *file)
{
	int err;

	classifier->compiled = compiled;
	classifier->object = object_open_classify(&compiled->plan, maps, program);
	if (!classifier->object)
		return log_errno(-errno, "opening the BPF object");
	err = set_sizes(classifier->object, compiled);
	if (!err)
		err = share_edt_clocks(classifier->object, edt_clocks_fd);
	if (!err)
		err = bpf_object__load(classifier->object);
	if (err) {
		log_errno(err, "loading the program that classifies (-v: why)");
		goto close;
	}
	classifier->program_fd =
		bpf_program__fd(bpf_object__find_program_by_name(classifier->object, program));
	err = fill(classifier, file);
	if (!err)
		err = bind_map(classifier, "class_about");
	if (!err)
		err = bind_map(classifier, "class_devices");
	if (!err)
		return 0;
	log_errno(err, "writing the maps of the rules");
close:
	classifier_close(classifier);
	return err;
}

void classifier_close(struct classifier *classifier)
{
	bpf_object__close(classifier->object);
	classifier->object = NULL;
}

int classifier_publish(const struct classifier *classifier, const struct instance *instance)
{
	int calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 key = TXP_CALL_CLASSIFY;

	if (bpf_map_update_elem(calls, &key, &classifier->program_fd, BPF_ANY))
		return log_errno(-errno, "writing the map " EGRESS_CALLS_MAP);
	return 0;
}

int classifier_clear(const struct instance *instance)
{
	int calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 key = TXP_CALL_CLASSIFY;

	if (!bpf_map_delete_elem(calls, &key))
		return 1;
	return errno == ENOENT ? 0 : log_errno(-errno, "writing the map " EGRESS_CALLS_MAP);
}

int classifier_ask(const struct classifier *classifier, const struct txp_class_fields *fields)
{
	char frame[64] = { 0 }; /* BPF_PROG_TEST_RUN wants one */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int err = fill_array(classifier, "class_packet", fields, sizeof(*fields), 1);

	if (!err && bpf_prog_test_run_opts(classifier->program_fd, &opts))
		err = -errno;
	return err ? log_errno(err, "running the program that classifies") : (int)opts.retval;
}
