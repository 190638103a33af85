// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Loading, publishing, asking and reading the program that classifies. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "array.h"
#include "classifier.h"
#include "log.h"
#include "sum.h"

#define PROGRAM_MAPS_MAX 64

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
		{ "class_rows", compiled->rows.count },
		{ "class_steps", compiled->step_count },
		{ "class_steps6", compiled->step6_count },
		{ "class_values", compiled->value_count },
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

static int fill(const struct classifier *classifier, const char *file)
{
	const struct compiled *c = classifier->compiled;
	int err;

	err = fill_array(classifier, "class_rows", c->rows.row, sizeof(*c->rows.row),
			 c->rows.count);
	if (!err)
		err = fill_array(classifier, "class_steps", c->steps, sizeof(*c->steps),
				 c->step_count);
	if (!err)
		err = fill_array(classifier, "class_steps6", c->steps6, sizeof(*c->steps6),
				 c->step6_count);
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
	return err ?: fill_about(classifier, file);
}

/* What no instruction of the program names would go with our descriptors. */
static int bind_about(const struct classifier *classifier)
{
	return bpf_prog_bind_map(classifier->program_fd, map_fd(classifier, "class_about"), NULL)
		       ? -errno
		       : 0;
}

static int share_paces(struct bpf_object *object, int fd)
{
	if (fd < 0)
		return 0;
	return bpf_map__reuse_fd(bpf_object__find_map_by_name(object, "class_paces"), fd);
}

int classifier_load(struct classifier *classifier, const struct compiled *compiled,
		    const struct map_set *maps, int paces_fd, const char *program, const char *file)
{
	int err;

	classifier->compiled = compiled;
	classifier->object = object_open_classify(&compiled->plan, maps, program);
	if (!classifier->object)
		return log_errno(-errno, "opening the BPF object");
	err = set_sizes(classifier->object, compiled);
	if (!err)
		err = share_paces(classifier->object, paces_fd);
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
		err = bind_about(classifier);
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

int classifier_ask(const struct classifier *classifier, const struct txp_facts *facts)
{
	char frame[64] = { 0 }; /* BPF_PROG_TEST_RUN wants one */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame));
	int err = fill_array(classifier, "class_question", facts, sizeof(*facts), 1);

	if (!err && bpf_prog_test_run_opts(classifier->program_fd, &opts))
		err = -errno;
	return err ? log_errno(err, "running the program that classifies") : (int)opts.retval;
}

/* The descriptors of a program's maps that we read. */
struct class_maps {
	int about;
	int names;
	int actions;
	int hits;
	int paces; /* may be missing: of another version, or no class has a rate */
	__u32 rules;
};

static void maps_close(struct class_maps *maps)
{
	const int fds[] = { maps->about, maps->names, maps->actions, maps->hits, maps->paces };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fds); i++) {
		if (fds[i] >= 0)
			close(fds[i]);
	}
}

/* Takes fd over. */
static void maps_take(struct class_maps *maps, int fd)
{
	struct bpf_map_info info = { 0 };
	__u32 size = sizeof(info);
	int *place = NULL;

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		goto close;
	if (!strcmp(info.name, "class_about"))
		place = &maps->about;
	else if (!strcmp(info.name, "class_names"))
		place = &maps->names;
	else if (!strcmp(info.name, "class_actions"))
		place = &maps->actions;
	else if (!strcmp(info.name, "class_hits"))
		place = &maps->hits;
	else if (!strcmp(info.name, "class_paces") && info.value_size == TXP_CLASS_PACE_SIZE &&
		 info.max_entries == TXP_CLASS_PACES)
		place = &maps->paces;
	if (!place)
		goto close;
	if (place == &maps->hits)
		maps->rules = info.max_entries - TXP_CLASS_REST_COUNT;
	*place = fd;
	return;
close:
	close(fd);
}

static int maps_of(int program_fd, struct class_maps *maps)
{
	__u32 i, ids[PROGRAM_MAPS_MAX], size = sizeof(struct bpf_prog_info);
	struct bpf_prog_info info = { .nr_map_ids = PROGRAM_MAPS_MAX,
				      .map_ids = (__u64)(unsigned long)ids };
	int fd;

	*maps = (struct class_maps){ -1, -1, -1, -1, -1, 0 };
	if (bpf_obj_get_info_by_fd(program_fd, &info, &size))
		return -errno;
	for (i = 0; i < info.nr_map_ids && i < PROGRAM_MAPS_MAX; i++) {
		fd = bpf_map_get_fd_by_id(ids[i]);
		if (fd >= 0)
			maps_take(maps, fd);
	}
	if (maps->about >= 0 && maps->names >= 0 && maps->actions >= 0 && maps->hits >= 0)
		return 0;
	maps_close(maps);
	return -ENOENT;
}

static int read_array(int fd, void *values, size_t size, __u32 count)
{
	__u32 i;

	for (i = 0; i < count; i++) {
		if (bpf_map_lookup_elem(fd, &i, (char *)values + i * size))
			return -errno;
	}
	return 0;
}

static int read_maps(const struct class_maps *maps, struct classified *classified)
{
	__u32 i, rows = maps->rules + TXP_CLASS_REST_COUNT;
	int err;

	classified->rules = maps->rules;
	classified->names = calloc(rows, sizeof(*classified->names));
	classified->actions = calloc(rows, sizeof(*classified->actions));
	classified->hits = calloc(rows, sizeof(*classified->hits));
	if (!classified->names || !classified->actions || !classified->hits)
		return -ENOMEM;
	err = read_array(maps->about, &classified->about, sizeof(classified->about), 1);
	if (!err)
		err = read_array(maps->names, classified->names, sizeof(*classified->names),
				 maps->rules);
	if (!err)
		err = read_array(maps->actions, classified->actions, sizeof(*classified->actions),
				 maps->rules);
	for (i = 0; i < rows && !err; i++)
		err = percpu_sum(maps->hits, &i, &classified->hits[i], sizeof(struct txp_tally));
	return err;
}

int classified_read(const struct instance *instance, struct classified *classified)
{
	int fd, err, calls = map_set_fd(&instance->maps, EGRESS_CALLS_MAP);
	__u32 id, key = TXP_CALL_CLASSIFY;
	struct class_maps maps;

	memset(classified, 0, sizeof(*classified));
	classified->paces_fd = -1;
	if (bpf_map_lookup_elem(calls, &key, &id))
		return errno == ENOENT ? 0 : log_errno(-errno, "reading the map " EGRESS_CALLS_MAP);
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return log_errno(-errno, "opening the program that classifies");
	err = maps_of(fd, &maps);
	close(fd);
	if (err)
		return log_errno(err, "opening the maps of the rules");
	err = read_maps(&maps, classified);
	classified->paces_fd = maps.paces;
	maps.paces = -1;
	maps_close(&maps);
	if (!err)
		return 1;
	classified_free(classified);
	return log_errno(err, "reading the maps of the rules");
}

void classified_free(struct classified *classified)
{
	free(classified->names);
	free(classified->actions);
	free(classified->hits);
	if (classified->paces_fd >= 0)
		close(classified->paces_fd);
	memset(classified, 0, sizeof(*classified));
	classified->paces_fd = -1;
}
