// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * coherence CLIENT SERVER COUNT [MAPS] <PLAN, in the router's network namespace
 *
 * Makes COUNT changes of the plan (plan.h), each while every CPU sends packets that the change
 * is about as fast as it can. When the kernel has acknowledged a change, a packet is sent and
 * must be treated as the new state says. MAPS is the directory of txpath's pinned maps: then
 * packets must have been taken over just before the change, or it proves nothing.
 */
#include "plan.h"
#include "test_packets.h"
#include "state/sum.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <txpath/abi.h>

#define BURST 16
#define MAX_CPUS 256
/* The packets of a burst under way may be of the kind before. */
#define ENOUGH (3 * BURST)
#define GIVE_UP 2000
#define SOON 4 /* rounds, after which what is wrong ends it */

static struct plan plan;
static struct probes *probes;
static atomic_int current;
static atomic_ulong loaded[MAX_CPUS];

static int counters = -1, dev_cache = -1;
static struct txp_device_key device;
static struct txp_counters *values; /* by CPU */

static int cpus[MAX_CPUS], cpu_count;

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "sched_setaffinity");
}

static void find_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set))
		err(1, "sched_getaffinity");
	for (int cpu = 0; cpu < MAX_CPUS; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[cpu_count++] = cpu;
}

static void *load(void *cpu)
{
	pin(*(int *)cpu);
	for (;;)
		loaded[*(int *)cpu] += probes_load(probes, current, BURST);
	return NULL;
}

static void start_load(void)
{
	pthread_t thread;

	for (int i = 0; i < cpu_count; i++)
		if (pthread_create(&thread, NULL, load, &cpus[i]))
			err(1, "pthread_create");
}

static int map_open(const char *directory, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

/* txpath's row for r0, where the load comes in. directory: of the pinned maps */
static void open_counters(const char *directory)
{
	struct txp_device_key next, *previous = NULL;

	counters = map_open(directory, "counters");
	dev_cache = map_open(directory, "dev_cache");
	while (!bpf_map_get_next_key(counters, previous, &next)) {
		device = next;
		previous = &device;
		if (device.ifindex == if_nametoindex("r0"))
			break;
	}
	values = calloc(libbpf_num_possible_cpus(), sizeof(*values));
	if (!previous || device.ifindex != if_nametoindex("r0"))
		errx(1, "%s: no row for r0", directory);
}

static unsigned long taken(int cpu)
{
	if (counters < 0)
		return 0;
	if (counters_read(counters, dev_cache, &device, values, libbpf_num_possible_cpus()))
		errx(1, "the counters cannot be read");
	return values[cpu].transits.taken.packets;
}

/* Of all CPUs. */
static unsigned long surprises(void)
{
	unsigned long sum = 0;

	if (counters < 0)
		return 0;
	taken(0);
	for (long cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		sum += values[cpu].surprises;
	return sum;
}

/* Lets the others run; nothing depends on how long. */
static void breathe(void)
{
	const struct timespec moment = { .tv_nsec = 50000 };

	nanosleep(&moment, NULL);
}

/* Waits until the kind's packets come on this CPU, and, where they can be, are taken over. */
static int is_in_use(int kind, const struct state *state, int cpu)
{
	unsigned long first_loaded, first_taken;
	int want = counters >= 0 && state_delivers(state);

	current = kind;
	first_loaded = loaded[cpu];
	first_taken = taken(cpu);
	while (loaded[cpu] - first_loaded < ENOUGH ||
	       (want && taken(cpu) - first_taken < ENOUGH && loaded[cpu] - first_loaded < GIVE_UP))
		breathe();
	return want && taken(cpu) - first_taken >= ENOUGH;
}

static void complain(const struct kind *kind, const struct state *state, int outcome)
{
	static int said;

	if (said++ < 20)
		warnx("%s: after \"%s\": %s", kind->name, state->commands, outcome_name(outcome));
}

/* From one state into another, and one packet, on this CPU. */
static void change(struct kind *kind, const struct state *from, const struct state *to, int cpu)
{
	unsigned long before = surprises();
	static unsigned int number;
	int outcome;

	kind->hot += is_in_use(kind - plan.kinds, from, cpu);
	kind->could_be_hot += state_delivers(from);
	plan_apply(to);
	outcome = probes_send(probes, kind - plan.kinds, ++number);
	kind->surprises += surprises() - before;
	kind->changes++;
	if (state_allows(to, outcome))
		kind->obeyed++;
	else
		complain(kind, to, outcome);
}

/* All kinds once, with packets on this CPU. */
static unsigned long change_all(int cpu)
{
	const struct state *from;
	unsigned long changes = 0;
	struct kind *kind;

	pin(cpu);
	for (kind = plan.kinds; kind < plan.kinds + plan.count; kind++) {
		from = &kind->states[kind->state_count - 1];
		for (int i = 0; i < kind->state_count; i++) {
			change(kind, from, &kind->states[i], cpu);
			from = &kind->states[i];
			changes++;
		}
	}
	return changes;
}

static int check_round(void)
{
	const struct kind *kind;
	int bad = 0;

	for (kind = plan.kinds; kind < plan.kinds + plan.count; kind++) {
		if (kind->obeyed != kind->changes) {
			warnx("%s: not obeyed", kind->name);
			bad = 1;
		}
		if (counters >= 0 && kind->hot * 2 < kind->could_be_hot) {
			warnx("%s: packets were not taken over", kind->name);
			bad = 1;
		}
	}
	return bad;
}

/* Wakes before the load does: then few packets are sent between a change and its probe. */
static void hurry(void)
{
	const struct sched_param first = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &first))
		warn("SCHED_FIFO");
}

int main(int argc, char **argv)
{
	unsigned long count, changes = 0;

	if (argc < 4)
		errx(2, "CLIENT SERVER COUNT [MAPS]");
	count = strtoul(argv[3], NULL, 0);
	plan_read(&plan, stdin);
	probes = probes_open(&plan, argv[1], argv[2]);
	if (argc > 4)
		open_counters(argv[4]);
	find_cpus();
	start_load();
	hurry();
	plan_start();
	for (int round = 0; changes < count && !(round == SOON && check_round()); round++)
		changes += change_all(cpus[round % cpu_count]);
	plan_print(&plan);
	printf("%lu changes\n", changes);
	return check_round();
}
