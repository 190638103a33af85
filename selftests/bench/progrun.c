// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * progrun load OBJECT PROGRAM PIN [OUTPUT DESTINATION SOURCE]: loads one program of peers.bpf.o and
 * pins it; OUTPUT is an ifindex, the others the addresses that bare_rewrite writes.
 *
 * progrun part OBJECT PROGRAM PIN NETNS DEV: the same of parts.bpf.o, which shares the maps of the
 * programs that are the last on TCX of DEV.
 *
 * progrun run [rounds=N] [repeat=N] [cpu=N] <PLAN: BPF_PROG_TEST_RUN of each row of PLAN, in
 * rounds, all rows in each; prints "sample program NAME ns VALUE" for each run. A row:
 *
 *   NAME NETNS DEV PROGRAM [flows=N] [tcp=1] [from=NETNS:DEV] [iif=DEV] [expect=VERDICT]
 *        [returns=VALUE]
 *
 * The program is run in NETNS (as in /run/netns) on packets that came in on DEV, of so many flows
 * (flow.h). PROGRAM: a pin, an id, or ingress or egress: the last on TCX there.
 *   from     where packets of these flows are sent from for real, so that txpath learns them
 *   iif      at egress: the device where they came in
 *   expect   what txpath counts every one of them as (verdict.h); with "~" in front some, and
 *            "fact NAME_VERDICT SHARE" says how many
 *   returns  what the program returns for the last one: 7, TC_ACT_REDIRECT, if not given; "any"
 * Time is that of the thread, so that what others take of the CPU is not in it.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "carrier.skel.h"
#include "flow.h"
#include "frame.h"
#include "verdict.h"

#define TCX_INGRESS 46 /* BPF_TCX_INGRESS, newer than the headers */
#define TCX_EGRESS 47
#define ROWS_MAX 256
#define WORD 128
#define PROGRAMS_MAX 64
#define WARM_FLOWS 65536 /* many times the slots of the table: more flows cannot have a lease */
#define WARM_PASSES 2
#define WARM_BURST 256 /* fits into a device's backlog */
#define WARM_FOR 25    /* seconds, less than the leases hold */
#define PATIENCE 60
#define ATTEMPTS 3
#define WARM_UP 50	     /* the warm-up is this fraction of the repetitions */
#define SAMPLE_NS 60000000LL /* a sample takes at most about this: slow programs repeat less */
#define NS 1000000000LL

struct row {
	char name[WORD], netns[WORD], dev[WORD], program[WORD];
	char from[WORD], iif[WORD], expect[WORD], returns[WORD];
	long flows, tcp;
	int netns_fd, program_fd, sender;
	struct counted counted;
	__u32 ifindex, iif_index;
	bool shares; /* "~" in front of expect */
	struct verdict verdict;
	struct frame frame;
	time_t warmed;
	struct verdict_count seen; /* sum of all rounds */
};

struct run {
	long rounds, repeat, cpu;
	struct row rows[ROWS_MAX];
	size_t count;
	struct carrier_bpf *carrier;
};

/* Namespaces. */

static int netns_open(const char *name)
{
	char path[2 * WORD];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		err(1, "%s", path);
	return fd;
}

static void netns_enter(int fd)
{
	if (setns(fd, CLONE_NEWNET))
		err(1, "setns");
}

static __u32 device_index(const char *dev)
{
	__u32 ifindex = if_nametoindex(dev);

	if (!ifindex)
		err(1, "%s", dev);
	return ifindex;
}

/* The plan. */

static void copy_word(char *to, const char *word)
{
	if (snprintf(to, WORD, "%s", word) >= WORD)
		errx(2, "too long: %s", word);
}

static bool take_number(const char *word, const char *name, long *value)
{
	size_t length = strlen(name);
	char *end;

	if (strncmp(word, name, length) || word[length] != '=')
		return false;
	*value = strtol(word + length + 1, &end, 0);
	if (*end || *value < 0)
		errx(2, "not a number: %s", word);
	return true;
}

static bool take_text(const char *word, const char *name, char *value)
{
	size_t length = strlen(name);

	if (strncmp(word, name, length) || word[length] != '=')
		return false;
	copy_word(value, word + length + 1);
	return true;
}

static void parse_setting(struct row *row, const char *word)
{
	if (!take_number(word, "flows", &row->flows) && !take_number(word, "tcp", &row->tcp) &&
	    !take_text(word, "from", row->from) && !take_text(word, "iif", row->iif) &&
	    !take_text(word, "expect", row->expect) && !take_text(word, "returns", row->returns))
		errx(2, "no such setting: %s", word);
}

static void parse_row(struct row *row, char *line)
{
	char *const places[] = { row->name, row->netns, row->dev, row->program };
	char *word = strtok(line, " \t\n");
	size_t i = 0;

	memset(row, 0, sizeof(*row));
	row->flows = 1;
	snprintf(row->returns, WORD, "%d", TC_ACT_REDIRECT);
	for (; word; word = strtok(NULL, " \t\n"), i++) {
		if (i < sizeof(places) / sizeof(*places))
			copy_word(places[i], word);
		else
			parse_setting(row, word);
	}
	if (i < sizeof(places) / sizeof(*places) || !row->flows || row->flows > FLOWS_MAX)
		errx(2, "%s: NAME NETNS DEV PROGRAM, and 1 to %u flows", row->name, FLOWS_MAX);
}

static void read_plan(struct run *run)
{
	char *line = NULL;
	size_t room = 0;

	while (getline(&line, &room, stdin) > 0) {
		if (*line == '#' || *line == '\n')
			continue;
		if (run->count == ROWS_MAX)
			errx(2, "more than %d rows", ROWS_MAX);
		parse_row(&run->rows[run->count++], line);
	}
	free(line);
}

/* Opening what a row names. */

/* Our program is the last one: tcx_run() goes from the first to the last. */
static int program_at_tcx(__u32 ifindex, enum bpf_attach_type hook)
{
	__u32 ids[PROGRAMS_MAX];
	LIBBPF_OPTS(bpf_prog_query_opts, query, .prog_ids = ids, .prog_cnt = PROGRAMS_MAX);

	if (bpf_prog_query_opts(ifindex, hook, &query) || !query.prog_cnt)
		return -1;
	return bpf_prog_get_fd_by_id(ids[query.prog_cnt - 1]);
}

static int program_open(const struct row *row)
{
	int fd;

	if (*row->program == '/')
		fd = bpf_obj_get(row->program);
	else if (!strcmp(row->program, "ingress"))
		fd = program_at_tcx(row->ifindex, TCX_INGRESS);
	else if (!strcmp(row->program, "egress"))
		fd = program_at_tcx(row->ifindex, TCX_EGRESS);
	else
		fd = bpf_prog_get_fd_by_id(strtoul(row->program, NULL, 0));
	if (fd < 0)
		err(1, "%s: no program %s", row->name, row->program);
	return fd;
}

static void open_sender(struct row *row, __u8 *mac)
{
	char *dev = strchr(row->from, ':');
	int netns;

	if (!dev)
		errx(2, "%s: from=NETNS:DEV", row->name);
	*dev++ = 0;
	netns = netns_open(row->from);
	netns_enter(netns);
	device_mac(dev, mac);
	row->sender = sender_open(dev);
	close(netns);
}

/* Opens a map that a program at the device's TCX hooks uses. -1: no program uses it. */
static int map_of_device(__u32 ifindex, const char *name)
{
	static const enum bpf_attach_type hooks[] = { TCX_INGRESS, TCX_EGRESS };
	int map = -1;

	for (size_t i = 0; i < sizeof(hooks) / sizeof(*hooks) && map < 0; i++) {
		int program = program_at_tcx(ifindex, hooks[i]);

		if (program < 0)
			continue;
		map = map_of_program(program, name);
		close(program);
	}
	return map;
}

/* If txpath is attached to the device it counts packets, whichever program is measured. */
static struct counted open_counters(__u32 ifindex)
{
	return (struct counted){ map_of_device(ifindex, "counters"),
				 map_of_device(ifindex, "dev_cache") };
}

static void open_expect(struct row *row)
{
	row->shares = *row->expect == '~';
	row->verdict = verdict_find(row->expect + row->shares);
	if (row->counted.counters < 0)
		errx(1, "%s: expect= is given, but txpath counts nothing on this device",
		     row->name);
}

static void open_row(struct row *row)
{
	__u8 destination[ETH_ALEN], source[ETH_ALEN] = {};

	row->sender = -1;
	row->verdict = verdict_find("taken");
	if (*row->from)
		open_sender(row, source);
	row->netns_fd = netns_open(row->netns);
	netns_enter(row->netns_fd);
	row->ifindex = device_index(row->dev);
	row->iif_index = *row->iif ? device_index(row->iif) : row->ifindex;
	device_mac(row->dev, destination);
	row->program_fd = program_open(row);
	row->counted = open_counters(row->ifindex);
	if (row->sender >= 0 && row->counted.counters < 0)
		errx(1, "%s: from= is given, but txpath is not attached to learn", row->name);
	if (*row->expect)
		open_expect(row);
	frame_make(&row->frame, row->tcp ? IPPROTO_TCP : IPPROTO_UDP, destination, source);
}

/* Learning: real packets through the namespaces, on this CPU. */

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		err(1, "%s", path);
	close(fd);
}

static bool row_is_warm(const struct row *row, time_t now)
{
	return row->sender < 0 || (row->warmed && now - row->warmed < WARM_FOR);
}

/* This CPU receives the packets, in a softirq or its thread; so yield the CPU to it. */
static void await_received(const struct row *row, __u64 all)
{
	time_t give_up = time(NULL) + PATIENCE;

	while (verdict_count(&row->counted, row->ifindex, &row->verdict).all < all) {
		if (time(NULL) > give_up)
			errx(1, "%s: the packets that were sent did not arrive", row->name);
		sched_yield();
	}
}

static void send_burst(struct row *row, __u32 first, __u32 count)
{
	__u64 before = verdict_count(&row->counted, row->ifindex, &row->verdict).all;

	for (__u32 i = first; i < first + count; i++) {
		frame_address(&row->frame, i);
		if (write(row->sender, row->frame.bytes, FRAME_LEN) != FRAME_LEN)
			err(1, "%s: sending", row->name);
	}
	await_received(row, before + count);
}

/*
 * A valid lease is not renewed by packets that it takes over. Flushing the route cache changes
 * rt_genid and so ends all leases of the namespace. The kernel forwards the first pass, and txpath
 * learns new leases from it. The second pass checks them in full; after that, packets are simple
 * hits.
 */
static void warm(struct run *run, struct row *row)
{
	__u32 count = row->flows < WARM_FLOWS ? row->flows : WARM_FLOWS;

	write_file("/proc/sys/net/ipv4/route/flush", "1");
	for (int pass = 0; pass < WARM_PASSES; pass++) {
		for (__u32 i = 0; i < count; i += WARM_BURST)
			send_burst(row, i, count - i < WARM_BURST ? count - i : WARM_BURST);
	}
	for (size_t i = 0; i < run->count; i++) {
		if (!strcmp(run->rows[i].netns, row->netns))
			run->rows[i].warmed = 0; /* its flows may have lost their places */
	}
	row->warmed = time(NULL);
}

/* Measuring. */

static void prepare_carrier(struct run *run, const struct row *row)
{
	int measured = bpf_map__fd(run->carrier->maps.measured);
	__u32 zero = 0;

	run->carrier->bss->next_flow = 0;
	run->carrier->data->flows = row->flows;
	run->carrier->bss->base_sum = row->frame.base_sum;
	memcpy(run->carrier->bss->header, row->frame.bytes, sizeof(run->carrier->bss->header));
	if (bpf_map_update_elem(measured, &zero, &row->program_fd, BPF_ANY))
		err(1, "%s: prog array", row->name);
}

static long long thread_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * NS + now.tv_nsec;
}

/* Returns the time it took. -1: the program returned something unexpected for the last packet. */
static long long test_run(struct run *run, const struct row *row, long repeat)
{
	struct __sk_buff context = { .ifindex = row->ifindex, .ingress_ifindex = row->iif_index };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = row->frame.bytes, .data_size_in = FRAME_LEN,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = repeat);
	long long before = thread_ns();

	if (bpf_prog_test_run_opts(bpf_program__fd(run->carrier->progs.carrier), &opts))
		err(1, "%s: BPF_PROG_TEST_RUN", row->name);
	before = thread_ns() - before;
	if (!strcmp(row->returns, "any") || (int)opts.retval == atoi(row->returns))
		return before;
	warnx("%s: the program returned %d", row->name, (int)opts.retval);
	return -1;
}

/* More packets than ours may be counted, because ARP may arrive meanwhile; but no more IPv4. */
static bool verdicts_are_right(struct row *row, const struct verdict_count *before, long repeat)
{
	struct verdict_count now = verdict_count(&row->counted, row->ifindex, &row->verdict);
	__u64 all = now.all - before->all, of_it = now.of_it - before->of_it;

	if (all < (__u64)repeat || (!row->shares && of_it != (__u64)repeat)) {
		warnx("%s: of %ld packets %llu were counted, %llu as %s", row->name, repeat, all,
		      of_it, row->expect);
		return false;
	}
	row->seen.of_it += of_it;
	row->seen.all += all;
	return true;
}

/* Warms up, and returns how often to repeat the program; -1: as test_run(). */
static long fitting_repeat(struct run *run, const struct row *row)
{
	long few = run->repeat / WARM_UP + 1;
	long long ns = test_run(run, row, few);

	if (ns < 0)
		return -1;
	return SAMPLE_NS * few / (ns + 1) < run->repeat ? SAMPLE_NS * few / (ns + 1) + 1
							: run->repeat;
}

/* Takes one sample. Returns false if not all packets got the expected verdict. */
static bool take_sample(struct run *run, struct row *row)
{
	struct verdict_count before = {};
	long repeat = fitting_repeat(run, row);
	long long ns;

	if (repeat < 0)
		return false;
	if (*row->expect)
		before = verdict_count(&row->counted, row->ifindex, &row->verdict);
	ns = test_run(run, row, repeat);
	if (ns < 0 || (*row->expect && !verdicts_are_right(row, &before, repeat)))
		return false;
	printf("sample program %s ns %.2f\n", row->name, (double)ns / repeat);
	fflush(stdout);
	return true;
}

/*
 * The kernel may change something meanwhile, for example forget a neighbour, and that rightly ends
 * leases. Then they are learned again and the sample is repeated, so that no sample contains
 * packets with another verdict.
 */
static void measure(struct run *run, struct row *row)
{
	netns_enter(row->netns_fd);
	for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
		if (!row_is_warm(row, time(NULL)))
			warm(run, row);
		prepare_carrier(run, row);
		if (take_sample(run, row))
			return;
		row->warmed = 0;
	}
	errx(1, "%s: packets got other verdicts than expected, in %d attempts", row->name,
	     ATTEMPTS);
}

static void print_shares(const struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct row *row = &run->rows[i];

		if (row->shares)
			printf("fact %s_%s %.4f\n", row->name, row->expect + 1,
			       (double)row->seen.of_it / row->seen.all);
	}
}

static void stay_on_cpu(long cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus))
		err(1, "CPU %ld", cpu);
}

/* Alternates the direction, so that a drift of the machine affects all rows alike. */
static void run_rounds(struct run *run)
{
	for (long round = 0; round < run->rounds; round++) {
		for (size_t i = 0; i < run->count; i++)
			measure(run, &run->rows[round % 2 ? run->count - 1 - i : i]);
	}
}

static int run_plan(char **words)
{
	static struct run run = { .rounds = 15, .repeat = 500000 };

	for (; *words; words++) {
		if (!take_number(*words, "rounds", &run.rounds) &&
		    !take_number(*words, "repeat", &run.repeat) &&
		    !take_number(*words, "cpu", &run.cpu))
			errx(2, "no such setting: %s", *words);
	}
	if (!run.repeat)
		errx(2, "repeat=0");
	read_plan(&run);
	stay_on_cpu(run.cpu);
	run.carrier = carrier_bpf__open_and_load();
	if (!run.carrier)
		err(1, "carrier");
	for (size_t i = 0; i < run.count; i++)
		open_row(&run.rows[i]);
	run_rounds(&run);
	print_shares(&run);
	carrier_bpf__destroy(run.carrier);
	return 0;
}

/* Loading a peer. */

static void set_constants(struct bpf_object *object, char **words)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata");
	struct {
		__u32 output;
		__u8 ethernet[ETH_HLEN];
		__u8 reserved[2];
	} constants = { .output = strtoul(words[0], NULL, 0) };

	for (int i = 0; i < 2; i++) {
		const struct ether_addr *mac = ether_aton(words[1 + i]);

		if (!mac)
			errx(2, "no link-layer address: %s", words[1 + i]);
		memcpy(constants.ethernet + i * ETH_ALEN, mac, ETH_ALEN);
	}
	constants.ethernet[2 * ETH_ALEN] = ETH_P_IP >> 8;
	constants.ethernet[2 * ETH_ALEN + 1] = ETH_P_IP & 0xff;
	if (!map || bpf_map__set_initial_value(map, &constants, bpf_map__value_size(map)))
		err(1, "constants");
}

/* Of the programs to measure only this one; what has another name belongs to it. */
static struct bpf_program *choose_program(struct bpf_object *object, const char *name,
					  bool (*is_other)(const char *name))
{
	struct bpf_program *each, *program = NULL;

	bpf_object__for_each_program(each, object)
	{
		const char *its = bpf_program__name(each);

		bpf_program__set_autoload(each, !strcmp(its, name) || !is_other(its));
		if (!strcmp(its, name))
			program = each;
	}
	if (!program)
		errx(2, "no program %s", name);
	return program;
}

static struct bpf_object *object_open(const char *path)
{
	struct bpf_object *object = bpf_object__open(path);

	if (!object)
		err(1, "%s", path);
	return object;
}

static int pin_and_close(struct bpf_object *object, struct bpf_program *program, const char *pin)
{
	if (bpf_program__pin(program, pin))
		err(1, "%s", bpf_program__name(program));
	bpf_object__close(object);
	return 0;
}

static bool is_peer(const char *name)
{
	return *name;
}

static int load(int argc, char **words)
{
	struct bpf_object *object = object_open(words[0]);
	struct bpf_program *program = choose_program(object, words[1], is_peer);

	if (argc == 6)
		set_constants(object, words + 3);
	if (bpf_object__load(object))
		err(1, "%s", words[1]);
	return pin_and_close(object, program, words[2]);
}

static bool is_part(const char *name)
{
	return !strncmp(name, "part_", 5) || !strcmp(name, "txpath_transit") ||
	       !strcmp(name, "txpath_check");
}

/* What the program keeps from packet to packet, or the loader tells it. */
static void share_maps(struct bpf_object *object, __u32 ifindex)
{
	static const char *const shared[] = { "leases", "dev_cache", "mode_epoch", "counters",
					      "instance" };

	for (size_t i = 0; i < sizeof(shared) / sizeof(*shared); i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(object, shared[i]);
		int fd = map_of_device(ifindex, shared[i]);

		if (!map || fd < 0 || bpf_map__reuse_fd(map, fd))
			errx(1, "map %s cannot be shared", shared[i]);
		close(fd);
	}
}

/* The kernel empties a map of programs that nobody in userspace holds. */
static void pin_programs(struct bpf_object *object, const char *pin)
{
	struct bpf_map *map = bpf_object__find_map_by_name(object, "after_programs");
	char path[2 * WORD];

	snprintf(path, sizeof(path), "%s-after", pin);
	if (!map || bpf_map__pin(map, path))
		err(1, "%s", path);
}

static int load_part(char **words)
{
	struct bpf_object *object = object_open(words[0]);
	struct bpf_program *program = choose_program(object, words[1], is_part);

	netns_enter(netns_open(words[3]));
	share_maps(object, device_index(words[4]));
	libbpf_set_print(NULL); /* warns of what this kernel's structures make dead code */
	if (bpf_object__load(object))
		err(1, "%s", words[1]);
	pin_programs(object, words[2]);
	return pin_and_close(object, program, words[2]);
}

int main(int argc, char **argv)
{
	if (argc >= 2 && !strcmp(argv[1], "run"))
		return run_plan(argv + 2);
	if ((argc == 5 || argc == 8) && !strcmp(argv[1], "load"))
		return load(argc - 2, argv + 2);
	if (argc == 7 && !strcmp(argv[1], "part"))
		return load_part(argv + 2);
	errx(2, "usage: progrun load OBJECT PROGRAM PIN [OUTPUT DESTINATION SOURCE]\n"
		"       progrun part OBJECT PROGRAM PIN NETNS DEV\n"
		"       progrun run [rounds=N] [repeat=N] [cpu=N] <PLAN");
}
