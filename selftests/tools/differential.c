// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * differential PACKETS COUNTERS IFINDEX NETNS...: sends packets of every row through two routers
 * that are alike but for txpath, and compares what arrives at the server and what comes back to
 * the client: once through the kernel, once cold through txpath, and again when the flow's lease
 * is learned. Prints a line for each row; exit code 1 if anything was not as it must be.
 *
 *   COUNTERS, IFINDEX  txpath's pinned map, and the device that the packets come in on
 *   NETNS...           router, client and server: without txpath, then with it
 */
#include "rows.h"
#include "state/sum.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <arpa/inet.h>
#include <err.h>
#include <linux/icmp.h>
#include <linux/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <txpath/abi.h>

#define SEED 20000
#define EXAMPLES 3 /* of what went wrong in a row */

/* A router with a client and a server: all that the client's packets lead to. */
struct topology {
	const char *router;
	const char *attach;
	struct wire client;
	struct wire server;
};

struct arrivals {
	struct wire_frames client;
	struct wire_frames server;
};

/* A packet is sent. */
struct attempt {
	const struct row *row;
	const struct packet *packet;
	const char *when;
	bool again; /* the flow has had a packet before */
};

struct result {
	unsigned int packets;
	unsigned int different; /* frames that are not what the kernel sent */
	unsigned int wrong;	/* verdicts that the row does not expect */
	verdicts miss;
	verdicts warm;
	unsigned int at_server; /* frames, by the kernel */
	unsigned int at_client;
	unsigned int examples;
};

static struct topology topologies[2];
static struct topology *const kernel = &topologies[0];
static struct topology *const offload = &topologies[1];

static int counters_fd, dev_cache_fd;
static struct txp_device_key device;

/* Verdicts */

static const char *const verdict_names[] = {
#define VERDICT_NAME(id, name, meaning) [TXP_TRANSIT_##id] = #name,
	TXP_TRANSITS(VERDICT_NAME)
#undef VERDICT_NAME
};

static void print_verdicts(FILE *to, verdicts set)
{
	const char *comma = "";

	if (!set)
		fputs("none", to);
	if (set == ANY_VERDICT) {
		fputs("any", to);
		return;
	}
	for (int v = 0; v < TXP_TRANSIT_COUNT; v++) {
		if (!(set & 1ULL << v))
			continue;
		fprintf(to, "%s%s", comma, verdict_names[v]);
		comma = ",";
	}
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

/* directory: of the pinned maps */
static void counters_open(const char *directory, __u32 ifindex)
{
	struct txp_device_key *key = NULL;

	counters_fd = map_open(directory, "counters");
	dev_cache_fd = map_open(directory, "dev_cache");
	while (!bpf_map_get_next_key(counters_fd, key, &device)) {
		key = &device;
		if (device.ifindex == ifindex)
			return;
	}
	errx(1, "%s: no row for device %u", directory, ifindex);
}

/* Packets under each verdict so far; what is returned are surprises. */
static __u64 packets_read(__u64 *packets)
{
	const struct txp_tally *tally;
	struct txp_counters sum;
	int error = counters_sum(counters_fd, dev_cache_fd, &device, &sum);

	if (error)
		errx(1, "reading the counters: %s", strerror(-error));
	tally = (const struct txp_tally *)&sum.transits;
	for (int v = 0; v < TXP_TRANSIT_COUNT; v++)
		packets[v] = tally[v].packets;
	return sum.surprises;
}

/* What was said since the last time, of a packet and the marker behind it. */
static verdicts counters_since(void)
{
	static __u64 before[TXP_TRANSIT_COUNT];
	__u64 now[TXP_TRANSIT_COUNT];
	verdicts set = 0;

	packets_read(now);
	before[TXP_TRANSIT_NOT_IPV4]++;
	for (int v = 0; v < TXP_TRANSIT_COUNT; v++)
		if (now[v] != before[v])
			set |= 1ULL << v;
	memcpy(before, now, sizeof(before));
	return set;
}

/* Frames */

static bool is_own_icmp(const unsigned char *bytes, size_t length)
{
	const struct ethhdr *eth = (const struct ethhdr *)bytes;
	const struct iphdr *ip = (const struct iphdr *)(eth + 1);

	return length >= ETH_HLEN + IP_MINIMUM && eth->h_proto == htons(ETH_P_IP) &&
	       ip->protocol == IPPROTO_ICMP &&
	       (ip->saddr == htonl(ROUTER_IN) || ip->saddr == htonl(ROUTER_OUT));
}

/*
 * The ID of an ICMP message that the router itself makes comes from a generator that is seeded
 * for each destination and advances with the time of day. Without it, the checksum is the same.
 */
static void mask_own_id(unsigned char *bytes, size_t length)
{
	struct iphdr *ip = (struct iphdr *)(bytes + ETH_HLEN);
	__u32 sum;

	if (!is_own_icmp(bytes, length))
		return;
	sum = (__u16)~ip->check;
	sum += (__u16)~ip->id;
	ip->check = ~((sum & 0xffff) + (sum >> 16));
	ip->id = 0;
}

static void mask(struct wire_frames *frames)
{
	struct wire_frame *frame;

	for (size_t at = 0; at < frames->used; at += sizeof(*frame) + frame->length) {
		frame = (struct wire_frame *)(frames->bytes + at);
		/* virtio_net_hdr_from_skb: how much of the packet is in its first part */
		frame->meta.hdr_len = 0;
		mask_own_id((unsigned char *)(frame + 1), frame->length);
	}
}

static bool frames_equal(const struct wire_frames *a, const struct wire_frames *b)
{
	return a->used == b->used && !memcmp(a->bytes, b->bytes, a->used);
}

static bool is_redirect(const struct wire_frame *frame)
{
	const unsigned char *bytes = (const unsigned char *)(frame + 1);

	return frame->length > ETH_HLEN + IP_MINIMUM && is_own_icmp(bytes, frame->length) &&
	       bytes[ETH_HLEN + IP_MINIMUM] == ICMP_REDIRECT;
}

/* The next frame from *at that is no ICMP redirect; NULL: there is none. */
static const struct wire_frame *next_but_redirects(const struct wire_frames *frames, size_t *at)
{
	const struct wire_frame *frame;

	while (*at < frames->used) {
		frame = (const struct wire_frame *)(frames->bytes + *at);
		*at += sizeof(*frame) + frame->length;
		if (!is_redirect(frame))
			return frame;
	}
	return NULL;
}

static bool equal_but_redirects(const struct wire_frames *want, const struct wire_frames *got)
{
	size_t at_want = 0, at_got = 0;
	const struct wire_frame *a = next_but_redirects(want, &at_want);
	const struct wire_frame *b = next_but_redirects(got, &at_got);

	while (a && b && a->length == b->length && !memcmp(a, b, sizeof(*a) + a->length)) {
		a = next_but_redirects(want, &at_want);
		b = next_but_redirects(got, &at_got);
	}
	return !a && !b;
}

static void print_bytes(const void *bytes, size_t length)
{
	for (size_t i = 0; i < length && i < 96; i++)
		fprintf(stderr, "%s%02x", i % 4 == 2 ? " " : "", ((const __u8 *)bytes)[i]);
	fputc('\n', stderr);
}

static void print_frames(const char *what, const struct wire_frames *frames)
{
	const struct wire_frame *frame;

	for (size_t at = 0; at < frames->used; at += sizeof(*frame) + frame->length) {
		frame = (const struct wire_frame *)(frames->bytes + at);
		fprintf(stderr, "    %s, %u bytes, gso %u %u, sum %u %u+%u, tag %x:", what,
			frame->length, frame->meta.gso_type, frame->meta.gso_size,
			frame->meta.flags, frame->meta.csum_start, frame->meta.csum_offset,
			frame->vlan_tag);
		print_bytes(frame + 1, frame->length);
	}
}

/* Sending */

static void command(const struct topology *topology, const char *command)
{
	if (!command)
		return;
	setenv("ROUTER", topology->router, 1);
	setenv("ATTACH", topology->attach, 1);
	if (system(command))
		errx(1, "%s: %s", topology->router, command);
}

static void forget(struct arrivals *arrivals)
{
	arrivals->client.used = arrivals->server.used = 0;
	arrivals->client.count = arrivals->server.count = 0;
}

/* Sends one packet through a topology and collects all packets that follow from it. */
static void send_packet(struct topology *topology, const struct packet *packet,
			struct arrivals *arrivals)
{
	forget(arrivals);
	if (!wire_send(&topology->client, &packet->meta, packet->frame, packet->length))
		errx(1, "the kernel does not send a frame of %zu bytes", packet->length);
	wire_collect(&topology->client, &arrivals->client);
	wire_collect(&topology->server, &arrivals->server);
	mask(&arrivals->client);
	mask(&arrivals->server);
}

/* true: one of the first that are shown. */
static bool complain(struct result *result, const struct attempt *attempt, const char *what)
{
	if (result->examples++ >= EXAMPLES)
		return false;
	fprintf(stderr, "%s, packet %u, %s: %s\n", attempt->row->name, result->packets,
		attempt->when, what);
	fprintf(stderr, "    sent, %zu bytes:", attempt->packet->length);
	print_bytes(attempt->packet->frame, attempt->packet->length);
	return true;
}

static void check_result(struct result *result, const struct attempt *attempt, verdicts said,
			 verdicts expected)
{
	if (said && !(said & ~expected))
		return;
	result->wrong++;
	if (!complain(result, attempt, "a verdict that is not expected"))
		return;
	fputs("    said ", stderr);
	print_verdicts(stderr, said);
	fputc('\n', stderr);
}

/* ip_rt_send_redirect counts and times what a source was sent: only the first is sure. */
static bool answers_equal(const struct attempt *attempt, const struct wire_frames *want,
			  const struct wire_frames *got)
{
	return frames_equal(want, got) || (attempt->again && equal_but_redirects(want, got));
}

static void compare(struct result *result, const struct attempt *attempt,
		    const struct arrivals *want, const struct arrivals *got)
{
	if (frames_equal(&want->server, &got->server) &&
	    answers_equal(attempt, &want->client, &got->client))
		return;
	result->different++;
	if (!complain(result, attempt, "not what the kernel sends"))
		return;
	print_frames("kernel, server", &want->server);
	print_frames("txpath, server", &got->server);
	print_frames("kernel, client", &want->client);
	print_frames("txpath, client", &got->client);
}

/* By the lease's own clock, and two ticks: before 5.11 that clock is finer. */
static void outlive_lease(void)
{
	struct timespec begin, now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &begin);
	do
		clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	while ((now.tv_sec - begin.tv_sec) * 1000000000LL + now.tv_nsec - begin.tv_nsec <
	       (OUTLIVE_MS + 20) * 1000000LL);
}

/* The packet that counts, between the row's commands. */
static verdicts send_changed(const struct row *row, struct topology *topology,
			     const struct packet *packet, struct arrivals *arrivals)
{
	verdicts said = 0;

	command(topology, row->change);
	send_packet(topology, packet, arrivals);
	if (topology == offload)
		said = counters_since();
	command(topology, row->undo);
	return said;
}

/* Through txpath, what the kernel did with it is known. */
static verdicts test_changed(struct result *result, const struct attempt *attempt,
			     const struct arrivals *want, verdicts expected)
{
	static struct arrivals got;
	verdicts said;

	if (attempt->row->outlive && attempt->again)
		outlive_lease();
	said = send_changed(attempt->row, offload, attempt->packet, &got);

	check_result(result, attempt, said, expected);
	compare(result, attempt, want, &got);
	return said;
}

static void test_good(struct result *result, const struct row *row, const struct packet *good,
		      const char *when, verdicts expected)
{
	const struct attempt attempt = { row, good, when, true };
	static struct arrivals want, got;

	send_packet(kernel, good, &want);
	send_packet(offload, good, &got);
	check_result(result, &attempt, counters_since(), expected);
	compare(result, &attempt, &want, &got);
}

/* There is a lease: either the row's own packet has made it, or the first of these. */
static void good_before(struct result *result, const struct row *row, const struct packet *good)
{
	const bool made = row->warm == VERDICT(TAKEN);

	if (row->kind == ROW_NEVER)
		return;
	test_good(result, row, good, "good before it", made ? VERDICT(TAKEN) : ANY_VERDICT);
	if (row->ends)
		test_good(result, row, good, "good again before it", VERDICT(TAKEN));
}

/* There is still one; or there is none, so that no packet overtakes what the kernel forwards. */
static void good_behind(struct result *result, const struct row *row, const struct packet *good)
{
	if (row->ends)
		test_good(result, row, good, "good behind it", VERDICT(MISS));
	else if (row->kind == ROW_BYTES)
		test_good(result, row, good, "good behind it", VERDICT(TAKEN));
}

/* Through the kernel, cold through txpath, and with the flow's lease. */
static void test_packet(struct result *result, const struct row *row, const struct packet *packet)
{
	struct attempt attempt = { row, packet, "miss", false };
	static struct arrivals want;
	static struct packet good;

	send_changed(row, kernel, packet, &want);
	result->at_server += want.server.count;
	result->at_client += want.client.count;
	result->miss |= test_changed(result, &attempt, &want, row->miss);
	row_good(&good, packet);
	good_before(result, row, &good);
	attempt = (struct attempt){ row, packet, "warm", true };
	result->warm |= test_changed(result, &attempt, &want, row->warm);
	good_behind(result, row, &good);
	result->packets++;
}

static bool can_send(const struct packet *packet)
{
	static struct arrivals arrivals;

	if (!wire_send(&kernel->client, &packet->meta, packet->frame, packet->length))
		return false;
	wire_collect(&kernel->client, &arrivals.client);
	wire_collect(&kernel->server, &arrivals.server);
	forget(&arrivals);
	return true;
}

static void test_row(struct result *result, const struct row *row, unsigned int packets)
{
	static struct packet packet;

	for (int i = 0; i < 2; i++)
		command(&topologies[i], row->before);
	for (unsigned int n = 0; n < packets; n++) {
		row_packet(row, &packet, n);
		if (row->newer && !can_send(&packet))
			break;
		test_packet(result, row, &packet);
	}
	for (int i = 0; i < 2; i++)
		command(&topologies[i], row->after);
}

/* The whole run */

static unsigned int row_packets(const struct row *row, unsigned int packets)
{
	unsigned int shares = 0, few = packets / 2000;
	const struct row *other;

	if (!row->share)
		return few > 3 ? few : 3;
	for (unsigned int i = 0; (other = row_at(i)); i++)
		shares += other->share;
	return packets * row->share / shares + 1;
}

/* What a row is there for: with room in the table it cannot be anything else. */
static verdicts row_demand(const struct row *row)
{
	if (row->warm == ANY_VERDICT)
		return VERDICT(TAKEN);
	return row->warm & VERDICT(MISS) ? 0 : row->warm & ~VERDICT(COLLISION);
}

static void print_expected_and_said(verdicts expected, verdicts said)
{
	print_verdicts(stdout, expected);
	if (said != expected) {
		fputs(" said ", stdout);
		print_verdicts(stdout, said);
	}
}

static bool print_result(const struct row *row, const struct result *result)
{
	bool unsaid = result->packets && row_demand(row) & ~result->warm && row->kind != ROW_BYTES;
	bool bad = result->different || result->wrong || unsaid;

	printf("%-23s %7u %7u %7u  ", row->name, result->packets, result->at_server,
	       result->at_client);
	print_expected_and_said(row->miss, result->miss);
	fputs(" -> ", stdout);
	print_expected_and_said(row->warm, result->warm);
	if (!result->packets)
		printf("   not sent: this kernel's packet sockets refuse it");
	if (bad)
		printf("   FAILED: %u different, %u wrong%s", result->different, result->wrong,
		       unsaid ? ", never said" : "");
	putchar('\n');
	return !bad;
}

static bool demand(verdicts said)
{
	verdicts missing = rows_demand & ~said;

	if (!missing)
		return true;
	printf("never said: ");
	print_verdicts(stdout, missing);
	putchar('\n');
	return false;
}

/* No lease may have been wrong: whatever changed here has its own reason. */
static bool no_surprises(void)
{
	__u64 packets[TXP_TRANSIT_COUNT];
	__u64 surprises = packets_read(packets);

	if (surprises)
		printf("%llu surprises\n", (unsigned long long)surprises);
	return !surprises;
}

static bool test_all(unsigned int packets)
{
	const struct row *row;
	unsigned int total = 0;
	bool good = true;
	verdicts said = 0;

	printf("%-23s %7s %7s %7s  %s\n", "ROW", "PACKETS", "ARRIVED", "ANSWERS",
	       "MISS -> WARM: EXPECTED, WHAT ELSE WAS SAID");

	for (unsigned int i = 0; (row = row_at(i)); i++) {
		struct result result = {};

		test_row(&result, row, row_packets(row, packets));
		good &= print_result(row, &result);
		total += result.packets;
		said |= result.miss | result.warm;
	}
	printf("%u packets\n", total);
	return demand(said) & no_surprises() & good;
}

static void topology_open(struct topology *topology, char **netns, const char *attach)
{
	topology->router = netns[0];
	topology->attach = attach;
	wire_open(&topology->client, netns[1], "c0", "10.7.1.1");
	wire_open(&topology->server, netns[2], "s0", "10.7.3.1");
}

/* Leases are a CPU's own, and frames stay on the CPU that sends them. */
static void stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof(set), &set))
		err(1, "staying on CPU %d", cpu);
}

int main(int argc, char **argv)
{
	const char *attach = getenv("ATTACH");

	if (argc != 10 || !attach)
		errx(2, "PACKETS COUNTERS IFINDEX NETNS...; ATTACH");
	setvbuf(stdout, NULL, _IOLBF, 0);
	attach = strdup(attach);
	stay_on_this_cpu();
	chance_seed(SEED);
	counters_open(argv[2], strtoul(argv[3], NULL, 0));
	topology_open(kernel, argv + 4, "true");
	topology_open(offload, argv + 7, attach);
	counters_since();
	return test_all(strtoul(argv[1], NULL, 0)) ? 0 : 1;
}
