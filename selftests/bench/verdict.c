// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "verdict.h"
#include "state/sum.h"

#include <bpf/bpf.h>
#include <err.h>
#include <string.h>
#include <unistd.h>

#include <txpath/abi.h>

#define MAPS_MAX 64
#define AT_EGRESS "egress."

static const char *const transits[] = {
#define NAME(id, name, meaning) #name,
	TXP_TRANSITS(NAME)
};

static const char *const reasons[] = { TXP_REASONS(NAME) };
#undef NAME

static int find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return i;
	}
	errx(2, "no such verdict: %s", name);
}

struct verdict verdict_find(const char *name)
{
	size_t length = strlen(AT_EGRESS);

	if (!strncmp(name, AT_EGRESS, length))
		return (struct verdict){ false, find(reasons, TXP_REASON_COUNT, name + length) };
	return (struct verdict){ true, find(transits, TXP_TRANSIT_COUNT, name) };
}

static bool has_name(int map, const char *name)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);

	return !bpf_obj_get_info_by_fd(map, &info, &length) && !strcmp(info.name, name);
}

/* Descriptors of the maps that a program uses. Returns their number. */
static int maps_of_program(int program, int *maps)
{
	__u32 ids[MAPS_MAX];
	struct bpf_prog_info info = { .nr_map_ids = MAPS_MAX, .map_ids = (__u64)(long)ids };
	__u32 length = sizeof(info);
	int count = 0;

	if (bpf_obj_get_info_by_fd(program, &info, &length))
		err(1, "program's maps");
	for (__u32 i = 0; i < info.nr_map_ids && i < MAPS_MAX; i++) {
		maps[count] = bpf_map_get_fd_by_id(ids[i]);
		count += maps[count] >= 0;
	}
	return count;
}

/* The first program of an array of them, -1: it is not one, or empty. */
static int program_of_array(int map)
{
	struct bpf_map_info info = {};
	__u32 id, first = 0, length = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &length) || info.type != BPF_MAP_TYPE_PROG_ARRAY ||
	    bpf_map_lookup_elem(map, &first, &id))
		return -1;
	return bpf_prog_get_fd_by_id(id);
}

int map_of_program(int program, const char *name)
{
	int maps[MAPS_MAX], found = -1, count = maps_of_program(program, maps);

	for (int i = 0; i < count; i++) {
		int called = found < 0 ? program_of_array(maps[i]) : -1;

		if (found < 0 && has_name(maps[i], name))
			found = maps[i];
		else
			close(maps[i]);
		if (called < 0)
			continue;
		found = map_of_program(called, name);
		close(called);
	}
	return found;
}

static void add_row(struct verdict_count *count, const struct txp_counters *row,
		    const struct verdict *verdict)
{
	const struct txp_tally *tallies =
		verdict->transit ? (const void *)&row->transits : (const void *)&row->reasons;
	int n = verdict->transit ? (int)TXP_TRANSIT_COUNT : (int)TXP_REASON_COUNT;

	for (int i = 0; i < n; i++)
		count->all += tallies[i].packets;
	count->of_it += tallies[verdict->index].packets;
}

struct verdict_count verdict_count(const struct counted *maps, __u32 ifindex,
				   const struct verdict *verdict)
{
	struct txp_device_key key, *last = NULL;
	struct verdict_count count = {};
	struct txp_counters sum;

	for (; !bpf_map_get_next_key(maps->counters, last, &key); last = &key) {
		if (key.ifindex == ifindex &&
		    !counters_sum(maps->counters, maps->dev_cache, &key, &sum))
			add_row(&count, &sum, verdict);
	}
	return count;
}
