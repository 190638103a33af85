// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a file of rules: what ruleset_read promises holds, whatever they are. For libFuzzer,
 * and for driver.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "classify/ruleset/ruleset.h"
#include "fuzz.h"

#define MUST(condition) must(condition, #condition, __LINE__)

static void must(bool condition, const char *text, int line)
{
	if (condition)
		return;
	fprintf(stderr, "selftests/fuzz/ruleset.c:%d: not so: %s\n", line, text);
	abort();
}

/* A host of which each answer is given for some names. */

static int find_device(const char *name, void *context)
{
	(void)context;
	switch (strlen(name) % 4) {
	case 1:
		return -ENODEV;
	case 2:
		return -ENOENT;
	default:
		return 1 + name[0] % 3;
	}
}

static int tc_class(int ifindex, __u32 classid, void *context)
{
	__u32 answer = (ifindex + classid) % 6;

	(void)context;
	return answer > TC_CLASS_OTHERWISE ? -EIO : (int)answer;
}

static int keeps_time(int ifindex, void *context)
{
	(void)context;
	return ifindex == 3 ? -EIO : ifindex % 2;
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	(void)context;
	*cgroup = (struct cgroup){ .id = strlen(path), .level = 1 };
	return strlen(path) % 3 ? 0 : -ENOENT;
}

static const char *device_name(int ifindex, void *context)
{
	(void)context;
	return ifindex == 1 ? "eth0" : NULL;
}

static const int devices[] = { 1, 2, 3 };

static const struct ruleset_host host = {
	.device = find_device,
	.devices = devices,
	.device_count = 3,
	.tc_class = tc_class,
	.keeps_time = keeps_time,
	.cgroup = find_cgroup,
	.device_name = device_name,
};

struct logged {
	size_t count;
	int line;
	int lines; /* of the text */
};

static void take_error(int line, const char *message, void *context)
{
	struct logged *logged = context;
	size_t i;

	MUST(line >= logged->line && line <= logged->lines);
	MUST(*message);
	for (i = 0; message[i]; i++)
		MUST(message[i] >= ' ' && message[i] <= '~');
	MUST(i < 1024);
	logged->line = line;
	logged->count++;
}

/* YAML 1.1 breaks lines at CR, LF, NEL, LS and PS. */
static int count_lines(const uint8_t *data, size_t size)
{
	int lines = 2; /* what is missing at the end is after it */

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n' || data[i] == '\r' || data[i] == 0x85 || data[i] == 0xa8 ||
			 data[i] == 0xa9;
	return lines;
}

static void check_prefixes(const struct prefixes *prefixes)
{
	for (size_t i = 0; i < prefixes->count; i++)
		MUST(prefixes->prefix[i].length <=
		     (prefixes->prefix[i].family == AF_INET ? 32 : 128));
}

static void check_ranges(const struct rule *rule)
{
	static const __u32 most[] = {
#define MOST(id, name, max, meaning) max,
		TXP_DIMENSIONS(MOST)
#undef MOST
	};

	for (int i = 0; i < TXP_DIMENSION_COUNT; i++) {
		for (size_t j = 0; j < rule->ranges[i].count; j++) {
			MUST(rule->ranges[i].range[j].first <= rule->ranges[i].range[j].last);
			MUST(rule->ranges[i].range[j].last <= most[i]);
		}
	}
}

/* How much there is of what has a limit. */
struct counts {
	size_t prefixes;
	size_t ranges;
	size_t marks;
	size_t cgroups;
};

static void count_rule(const struct rule *rule, struct counts *counts)
{
	for (int i = 0; i < TXP_DIMENSION_COUNT; i++)
		counts->ranges += rule->ranges[i].count;
	counts->prefixes += rule->sources.count + rule->destinations.count;
	counts->marks += rule->marks.count;
	counts->cgroups += rule->cgroups.count;
}

static void check_counts(const struct ruleset *ruleset)
{
	struct counts counts = { 0 };

	for (size_t i = 0; i < ruleset->rule_count; i++)
		count_rule(&ruleset->rules[i], &counts);
	MUST(counts.prefixes == ruleset->prefix_count && counts.prefixes <= TXP_CLASS_PREFIXES);
	MUST(counts.ranges == ruleset->range_count && counts.ranges <= TXP_CLASS_RANGES);
	MUST(counts.marks == ruleset->mark_count && counts.marks <= TXP_CLASS_VALUES);
	MUST(counts.cgroups == ruleset->cgroup_count && counts.cgroups <= TXP_CLASS_VALUES);
}

static void check_rule(const struct ruleset *ruleset, const struct rule *rule)
{
	MUST(rule->name && strlen(rule->name) < TXP_CLASS_NAME);
	MUST(rule->text && strlen(rule->text) < TXP_CLASS_TEXT);
	MUST(rule->class < ruleset->class_count);
	check_ranges(rule);
	for (size_t i = 0; i < rule->marks.count; i++)
		MUST(!(rule->marks.mark[i].value & ~rule->marks.mark[i].mask));
	check_prefixes(&rule->sources);
	check_prefixes(&rule->destinations);
}

static void check_class(const struct class *class)
{
	MUST(class->name && strlen(class->name) < TXP_CLASS_NAME);
	MUST(class->what.dscp < 64);
	MUST(!(class->what.mark & ~class->what.mark_mask));
	MUST(!class->rate == !(class->what.sets & TXP_CLASS_SETS_TIME));
	MUST(!class->rate || !(class->what.sets & TXP_CLASS_SETS_PRIORITY) ||
	     (class->what.priority & 15) != 7);
}

static void check_ruleset(const struct ruleset *ruleset)
{
	MUST(ruleset->rule_count <= TXP_CLASS_RULES && ruleset->class_count <= TXP_CLASSES);
	for (size_t i = 0; i < ruleset->rule_count; i++)
		check_rule(ruleset, &ruleset->rules[i]);
	check_counts(ruleset);
	for (size_t i = 0; i < ruleset->class_count; i++)
		check_class(&ruleset->classes[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct logged logged = { .lines = count_lines(data, size) };
	static const struct ruleset empty;
	struct ruleset ruleset;
	int err;

	err = ruleset_read((const char *)data, size, &host, take_error, &logged, &ruleset);
	MUST(err == (logged.count ? -EINVAL : 0));
	if (err)
		MUST(!memcmp(&ruleset, &empty, sizeof(empty)));
	else
		check_ruleset(&ruleset);
	ruleset_free(&ruleset);
	return 0;
}
