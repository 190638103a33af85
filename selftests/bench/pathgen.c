// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * pathgen sink DEV PIN
 *	counts and drops what arrives on DEV; pins the counter and exits, the filter stays
 * pathgen attach DEV PROGRAM OUT DMAC
 *	attaches a program of peers.bpf.c to the ingress of DEV, where txpath attaches its own,
 *	says "ready" and keeps it there until SIGTERM; bare_rewrite sends to OUT and DMAC
 * pathgen send DEV PIN DMAC SADDR DADDR [NAME=NUMBER...]
 *	sends on DEV for ms milliseconds, from within the kernel: XDP frames that are sent by
 *	BPF_PROG_TEST_RUN and made anew in each run. Says how many it sent, how many arrived
 *	at the sink and how many that are in a second. Each CPU sends what it then also forwards
 *	and receives, in the softirq that its own frames raise.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <err.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <netinet/ether.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "pathgen.h"
#include "pathgen.skel.h"
#include "peers.skel.h"

#define PORT 9		      /* discard */
#define BATCH 64	      /* frames before a softirq: what NAPI takes at once */
#define FRAMES_MAX (1U << 31) /* of one system call: a signal ends it */
#define TCX_INGRESS 46	      /* BPF_TCX_INGRESS: newer than the headers */
#define START_SECONDS 10ULL
#define NANOSECONDS 1000000000ULL

/* WORD(name, when not given, meaning) */
#define WORDS(WORD)                                                                                \
	WORD(ms, 500, "milliseconds")                                                              \
	WORD(cpus, 1, "so many generators, each pinned to a CPU, the last ones first")             \
	WORD(flows, 1, "of each CPU, in turn; 0: addresses at random")                             \
	WORD(source_bits, 0, "flows have so many different source addresses, by power of 2")       \
	WORD(destination_shift, 0, "destinations are multiples of so many, by power of 2")

struct words {
#define WORD_MEMBER(name, otherwise, meaning) long name;
	WORDS(WORD_MEMBER)
#undef WORD_MEMBER
};

struct headers {
	struct ethhdr eth;
	struct iphdr ip;
	struct udphdr udp;
	__u8 payload[PATHGEN_HEADERS - ETH_HLEN - sizeof(struct iphdr) - sizeof(struct udphdr)];
} __attribute__((packed));

_Static_assert(sizeof(struct headers) == PATHGEN_HEADERS, "whole words");

struct generator {
	pthread_t thread;
	struct pathgen_bpf *object;
	int ifindex;
	int cpu;
};

/* What the sink had counted, and when. */
struct reading {
	__u64 time;
	__u64 delivered;
};

static __u64 now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NANOSECONDS + time.tv_nsec;
}

static long *find_word(struct words *words, const char *name, size_t length)
{
#define WORD_FIND(member, otherwise, meaning)                                                      \
	if (strlen(#member) == length && !strncmp(#member, name, length))                          \
		return &words->member;
	WORDS(WORD_FIND)
#undef WORD_FIND
	return NULL;
}

static void parse_words(struct words *words, char **argument)
{
#define WORD_DEFAULT(name, otherwise, meaning) words->name = otherwise;
	WORDS(WORD_DEFAULT)
#undef WORD_DEFAULT
	for (; *argument; argument++) {
		size_t length = strcspn(*argument, "=");
		long *value = find_word(words, *argument, length);

		if (!value || (*argument)[length] != '=')
			errx(2, "no such word: %s", *argument);
		*value = strtol(*argument + length + 1, NULL, 0);
	}
	if (words->cpus < 1 || words->cpus > PATHGEN_CPUS)
		errx(2, "cpus=%ld", words->cpus);
	if (words->flows < 0 || words->flows * words->cpus > 1L << PATHGEN_FLOW_BITS)
		errx(2, "flows=%ld", words->flows);
}

static int device_index(const char *name)
{
	int ifindex = if_nametoindex(name);

	if (!ifindex)
		err(1, "%s", name);
	return ifindex;
}

static void read_mac(const char *name, __u8 *mac)
{
	struct ifreq request = {};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &request))
		err(1, "%s", name);
	memcpy(mac, request.ifr_hwaddr.sa_data, ETH_ALEN);
	close(fd);
}

static struct pathgen_bpf *open_object(void)
{
	struct pathgen_bpf *object = pathgen_bpf__open();

	if (!object)
		err(1, "open");
	object->rodata->port = htons(PORT);
	return object;
}

static void load_object(struct pathgen_bpf *object)
{
	if (pathgen_bpf__load(object))
		err(1, "load");
}

static void attach_clsact(struct bpf_tc_hook *hook, struct bpf_tc_opts *opts)
{
	bpf_tc_hook_create(hook);
	if (bpf_tc_attach(hook, opts))
		err(1, "filter on device %d", hook->ifindex);
}

static void sink(char **argument)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = device_index(argument[0]),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);
	struct pathgen_bpf *object = open_object();

	load_object(object);
	opts.prog_fd = bpf_program__fd(object->progs.pathgen_sink);
	attach_clsact(&hook, &opts);
	if (bpf_map__pin(object->maps.delivered, argument[1]))
		err(1, "%s", argument[1]);
	pathgen_bpf__destroy(object);
}

/* PROGRAM OUT DMAC */
static int load_peer(char **argument)
{
	struct peers_bpf *object = peers_bpf__open();
	struct ethhdr ethernet = { .h_proto = htons(ETH_P_IP) };
	const struct bpf_program *program;

	if (!object || !ether_aton_r(argument[2], (void *)ethernet.h_dest))
		err(1, "%s", argument[2]);
	read_mac(argument[1], ethernet.h_source);
	memcpy((void *)object->rodata->ethernet, &ethernet, sizeof(ethernet));
	object->rodata->output = device_index(argument[1]);
	if (peers_bpf__load(object))
		err(1, "load");
	program = bpf_object__find_program_by_name(object->obj, argument[0]);
	if (!program)
		errx(2, "no such program: %s", argument[0]);
	return bpf_program__fd(program);
}

static void wait_for_sigterm(void)
{
	sigset_t signals;
	int signal;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal);
}

/* DEV PROGRAM OUT DMAC. A link goes with us, a filter does not. */
static void attach_peer(char **argument)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = device_index(argument[0]),
		    .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = 1, .priority = 1);
	int link;

	opts.prog_fd = load_peer(argument + 1);
	link = bpf_link_create(opts.prog_fd, hook.ifindex, TCX_INGRESS, NULL);
	if (link < 0)
		attach_clsact(&hook, &opts);
	wait_for_sigterm();
	opts.prog_fd = 0;
	opts.prog_id = 0;
	opts.flags = 0;
	if (link < 0 && bpf_tc_detach(&hook, &opts))
		err(1, "filter on %s", argument[0]);
}

static __u32 sum_of(const void *data, size_t bytes)
{
	const __u16 *word = data;
	__u32 sum = 0;

	for (; bytes; bytes -= sizeof(*word))
		sum += *word++;
	return sum;
}

/* DEV PIN DMAC SADDR DADDR */
static void fill_headers(struct pathgen_bpf *object, char **argument)
{
	struct headers headers = {
		.eth.h_proto = htons(ETH_P_IP),
		.ip = {
			.version = 4,
			.ihl = sizeof(headers.ip) / 4,
			.ttl = 64,
			.protocol = IPPROTO_UDP,
			.frag_off = htons(0x4000), /* DF */
			.tot_len = htons(PATHGEN_LENGTH - sizeof(headers.eth)),
		},
		.udp = {
			.source = htons(PORT),
			.dest = htons(PORT),
			.len = htons(PATHGEN_LENGTH - sizeof(headers.eth) - sizeof(headers.ip)),
		},
	};
	struct in_addr saddr, daddr;

	read_mac(argument[0], headers.eth.h_source);
	if (!ether_aton_r(argument[2], (void *)headers.eth.h_dest) ||
	    inet_pton(AF_INET, argument[3], &saddr) != 1 ||
	    inet_pton(AF_INET, argument[4], &daddr) != 1)
		errx(2, "not an address: %s, %s or %s", argument[2], argument[3], argument[4]);
	memcpy((void *)object->rodata->headers, &headers, sizeof(headers));
	object->rodata->header_sum = sum_of(&headers.ip, sizeof(headers.ip));
	object->rodata->saddr = ntohl(saddr.s_addr);
	object->rodata->daddr = ntohl(daddr.s_addr);
}

static struct reading read_sink(int delivered_fd)
{
	struct reading reading = {};
	__u64 values[PATHGEN_CPUS];
	__u32 zero = 0;

	if (bpf_map_lookup_elem(delivered_fd, &zero, values))
		err(1, "the sink's counter");
	reading.time = now();
	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		reading.delivered += values[cpu];
	return reading;
}

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		err(1, "cpu %d", cpu);
}

/*
 * No other process gets this CPU while we send: it would be in our time, and the kernel would
 * leave its softirqs to ksoftirqd. Where that is not allowed, the figures have more spread.
 */
static void keep_cpu(int priority)
{
	struct sched_param parameters = { .sched_priority = priority };

	if (sched_setscheduler(0, SCHED_FIFO, &parameters))
		warn("SCHED_FIFO");
}

/* The last of the CPUs that we may use, as a rule the ones with the fewest interrupts. */
static int last_cpu(const cpu_set_t *allowed, int below)
{
	for (int cpu = below - 1; cpu >= 0; cpu--)
		if (CPU_ISSET(cpu, allowed))
			return cpu;
	errx(4, "not so many CPUs here");
}

/*
 * One system call for all frames: each puts the program in the dispatcher of XDP and takes it out
 * again, and waits for RCU both times. It ends when the signal comes.
 */
static void *generate(void *argument)
{
	const struct generator *generator = argument;
	struct xdp_md context = { .data_end = PATHGEN_LENGTH,
				  .ingress_ifindex = generator->ifindex };
	__u8 frame[PATHGEN_LENGTH] = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = sizeof(frame),
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = FRAMES_MAX,
		    .batch_size = BATCH, .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	const struct bpf_program *program = generator->object->progs.pathgen_send;

	pin_to(generator->cpu);
	keep_cpu(1);
	if (bpf_prog_test_run_opts(bpf_program__fd(program), &opts) && errno != EINTR)
		err(errno == EINVAL ? 4 : 1, "XDP live frames");
	return NULL;
}

static void no_more(int signal)
{
	(void)signal;
}

static void start_generators(struct generator *generators, const struct generator *pattern,
			     const struct words *words)
{
	struct sigaction action = { .sa_handler = no_more };
	cpu_set_t allowed;
	int cpu = PATHGEN_CPUS;

	if (libbpf_num_possible_cpus() > PATHGEN_CPUS)
		errx(4, "more than %d CPUs", PATHGEN_CPUS);
	sigaction(SIGUSR1, &action, NULL);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (long i = 0; i < words->cpus; i++) {
		cpu = last_cpu(&allowed, cpu);
		generators[i] = *pattern;
		generators[i].cpu = cpu;
		pattern->object->bss->places[cpu].first = i * words->flows;
		if (pthread_create(&generators[i].thread, NULL, generate, &generators[i]))
			err(1, "thread");
	}
}

static void nap(__u64 nanoseconds)
{
	struct timespec time = { .tv_sec = nanoseconds / NANOSECONDS,
				 .tv_nsec = nanoseconds % NANOSECONDS };

	nanosleep(&time, NULL);
}

static __u64 sent_by(const struct generator *generator)
{
	return generator->object->bss->places[generator->cpu].sent;
}

static void await_start(const struct generator *generators, long count)
{
	__u64 give_up = now() + START_SECONDS * NANOSECONDS;

	for (long i = 0; i < count; i++)
		while (!sent_by(&generators[i])) {
			if (now() > give_up)
				errx(1, "no frame is sent on CPU %d", generators[i].cpu);
			nap(NANOSECONDS / 1000);
		}
}

/* A signal that comes before the system call is lost: again until the thread has ended. */
static void stop_generators(struct generator *generators, long count)
{
	for (long i = 0; i < count; i++)
		while (pthread_tryjoin_np(generators[i].thread, NULL)) {
			pthread_kill(generators[i].thread, SIGUSR1);
			nap(NANOSECONDS / 1000);
		}
}

static void run_generators(const struct generator *pattern, const struct words *words,
			   int delivered_fd)
{
	static struct generator generators[PATHGEN_CPUS];
	struct reading before = read_sink(delivered_fd);
	struct reading start, stop, after;
	__u64 sent = 0;

	keep_cpu(2);
	start_generators(generators, pattern, words);
	await_start(generators, words->cpus);
	start = read_sink(delivered_fd);
	nap(words->ms * (NANOSECONDS / 1000));
	stop = read_sink(delivered_fd);
	stop_generators(generators, words->cpus);
	after = read_sink(delivered_fd);
	for (long i = 0; i < words->cpus; i++)
		sent += sent_by(&generators[i]);
	printf("%llu %llu %.0f\n", sent, after.delivered - before.delivered,
	       (double)(stop.delivered - start.delivered) * NANOSECONDS / (stop.time - start.time));
}

static void send_frames(char **argument)
{
	struct generator pattern = { .ifindex = device_index(argument[0]) };
	struct words words;
	int delivered_fd;

	parse_words(&words, argument + 5);
	pattern.object = open_object();
	fill_headers(pattern.object, argument);
	pattern.object->rodata->flows = words.flows;
	pattern.object->rodata->source_mask = (1U << words.source_bits) - 1;
	pattern.object->rodata->destination_shift = words.destination_shift;
	load_object(pattern.object);
	delivered_fd = bpf_obj_get(argument[1]);
	if (delivered_fd < 0)
		err(1, "%s", argument[1]);
	run_generators(&pattern, &words, delivered_fd);
	pathgen_bpf__destroy(pattern.object);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "sink"))
		sink(argv + 2);
	else if (argc == 6 && !strcmp(argv[1], "attach"))
		attach_peer(argv + 2);
	else if (argc >= 7 && !strcmp(argv[1], "send"))
		send_frames(argv + 2);
	else
		errx(2,
		     "sink DEV PIN | attach DEV PROGRAM OUT DMAC | send DEV PIN DMAC SADDR DADDR [NAME=NUMBER...]");
	return 0;
}
