// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath_egress on made packets: rows of packet and reason. Whatever comes, the packet's bytes
 * stay, the next program runs (-1), and exactly one reason counts it. A packet made by
 * BPF_PROG_TEST_RUN has no route; where the program cannot see that (before Linux 6.2) it
 * checks the header, and broken ones must show.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <sched.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "state/sum.h"
#include <txpath/abi.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define LOOPBACK 1
#define HEADER 20 /* IPv4 without options */
#define ROOM 256
#define NEXT 0xffffffffU /* TC_ACT_UNSPEC, TCX_NEXT */
#define FUZZED 5000
#define SHORT (ETH_HLEN + 40) /* an IPv6 header's end */

/* Stands for the reason of a sound packet: the first row finds it out. */
#define SOUND TXP_REASON_COUNT

struct packet {
	size_t length;
	uint8_t bytes[ROOM];
};

struct bench {
	struct bpf_object *object;
	int program;
	int devices, counters, dev_cache, instance;
	int cpus;
	struct txp_device_key key;
	enum txp_reason sound;
};

static struct bench bench;

/* The rows: a sound UDP packet, and what is done to it. */

struct row {
	const char *name;
	uint16_t ethertype;
	uint8_t version_ihl;
	uint8_t options;   /* bytes of no-operation after the fixed header */
	uint16_t cut;	   /* bytes to leave, 0: all */
	uint16_t fragment; /* frag_off */
	uint16_t sum_flip; /* bits of the checksum to flip */
	int16_t longer;	   /* what tot_len says too much */
	enum txp_reason reason;
};

static const struct row rows[] = {
	{ "sound", ETH_P_IP, 0x45, 0, 0, 0, 0, 0, SOUND },
	{ "options", ETH_P_IP, 0x46, 4, 0, 0, 0, 0, SOUND },
	{ "all options", ETH_P_IP, 0x4f, 40, 0, 0, 0, 0, SOUND },
	{ "first fragment", ETH_P_IP, 0x45, 0, 0, 0x2000, 0, 0, SOUND },
	{ "last fragment", ETH_P_IP, 0x45, 0, 0, 0x0010, 0, 0, SOUND },
	{ "header alone", ETH_P_IP, 0x45, 0, ETH_HLEN + HEADER, 0, 0, 0, SOUND },
	{ "bad checksum", ETH_P_IP, 0x45, 0, 0, 0, 0x0100, 0, SOUND },
	{ "bad checksum, options", ETH_P_IP, 0x47, 8, 0, 0, 0x8000, 0, SOUND },
	{ "tot_len too long", ETH_P_IP, 0x45, 0, 0, 0, 0, 4, SOUND },
	{ "tot_len too short", ETH_P_IP, 0x45, 0, 0, 0, 0, -4, SOUND },
	{ "ARP", ETH_P_ARP, 0x45, 0, 0, 0, 0, 0, TXP_REASON_NOT_IPV4 },
	{ "IPv6", ETH_P_IPV6, 0x60, 0, 0, 0, 0, 0, TXP_REASON_NOT_IPV4 },
	{ "MPLS", ETH_P_MPLS_UC, 0x45, 0, 0, 0, 0, 0, TXP_REASON_NOT_IPV4 },
	{ "version 6", ETH_P_IP, 0x65, 0, 0, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "version 0", ETH_P_IP, 0x05, 0, 0, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "ihl 4", ETH_P_IP, 0x44, 0, 0, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "ihl 0", ETH_P_IP, 0x40, 0, 0, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "ihl past the end", ETH_P_IP, 0x4f, 0, ETH_HLEN + 24, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "half a header", ETH_P_IP, 0x45, 0, ETH_HLEN + 10, 0, 0, 0, TXP_REASON_BAD_HEADER },
	{ "one byte short", ETH_P_IP, 0x45, 0, ETH_HLEN + 19, 0, 0, 0, TXP_REASON_BAD_HEADER },
};

#define ROW_COUNT (sizeof(rows) / sizeof(*rows))

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static uint16_t header_sum(const uint8_t *header, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i += 2)
		sum += header[i] << 8 | header[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void make_header(uint8_t *ip, const struct row *row, size_t total)
{
	static const uint8_t addresses[] = { 10, 0, 0, 1, 10, 0, 0, 2 };

	ip[0] = row->version_ihl;
	put16(ip + 2, total + row->longer);
	put16(ip + 6, row->fragment);
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	memcpy(ip + 12, addresses, sizeof(addresses));
	memset(ip + HEADER, 1, row->options);
	put16(ip + 10, header_sum(ip, HEADER + row->options) ^ row->sum_flip);
}

static struct packet make_packet(const struct row *row)
{
	size_t total = HEADER + row->options + 8 + 32; /* UDP header and payload */
	struct packet packet = { .length = ETH_HLEN + total };

	if (row->cut) {
		packet.length = row->cut;
		total = row->cut - ETH_HLEN;
	}
	put16(packet.bytes + 2 * ETH_ALEN, row->ethertype);
	make_header(packet.bytes + ETH_HLEN, row, total);
	return packet;
}

/* Counters, summed over the CPUs. */

static struct txp_counters read_counters(void)
{
	struct txp_counters sum;

	assert_int_equal(counters_sum(bench.counters, bench.dev_cache, &bench.key, &sum), 0);
	return sum;
}

static void clear_dev_cache(void)
{
	void *each = calloc(bench.cpus, sizeof(struct txp_dev_cache));
	__u32 place = bench.key.ifindex % TXP_DEV_CACHE_SLOTS;

	assert_non_null(each);
	assert_int_equal(bpf_map_update_elem(bench.dev_cache, &place, each, BPF_ANY), 0);
	free(each);
}

static void clear_counters(void)
{
	void *each = calloc(bench.cpus, sizeof(struct txp_counters));

	assert_non_null(each);
	assert_int_equal(bpf_map_update_elem(bench.counters, &bench.key, each, BPF_ANY), 0);
	free(each);
	clear_dev_cache();
}

static const struct txp_tally *tallies(const struct txp_counters *counters)
{
	return (const struct txp_tally *)&counters->reasons;
}

static struct txp_tally total(const struct txp_counters *counters)
{
	struct txp_tally sum = {};

	for (size_t i = 0; i < TXP_REASON_COUNT; i++) {
		sum.packets += tallies(counters)[i].packets;
		sum.bytes += tallies(counters)[i].bytes;
	}
	return sum;
}

/*
 * Runs the program once; the packet must come back as it was, for the next program. false: newer
 * kernels do not run a packet that is shorter than its protocol's header.
 */
static bool run(const struct packet *packet)
{
	struct packet out = {};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = packet->bytes,
		    .data_size_in = packet->length, .data_out = out.bytes,
		    .data_size_out = sizeof(out.bytes), .repeat = 1);
	int err;

	err = bpf_prog_test_run_opts(bench.program, &opts);
	if (err == -EINVAL && packet->length < SHORT)
		return false;
	assert_int_equal(err, 0);
	assert_int_equal(opts.retval, NEXT);
	assert_int_equal(opts.data_size_out, packet->length);
	assert_memory_equal(out.bytes, packet->bytes, packet->length);
	return true;
}

static void check_reason(const struct row *row, const struct txp_counters *counters, size_t length)
{
	enum txp_reason reason = row->reason == SOUND ? bench.sound : row->reason;

	if (tallies(counters)[reason].packets != 1)
		fail_msg("%s: not counted as expected (%d)", row->name, reason);
	if (total(counters).packets != 1 || total(counters).bytes != length)
		fail_msg("%s: counted as %llu packets, %llu bytes", row->name,
			 total(counters).packets, total(counters).bytes);
}

/* Only a header that is checked can mismatch; then exactly the broken ones do. */
static void check_header(const struct row *row, const struct txp_counters *counters)
{
	int checked = row->reason == SOUND && bench.sound == TXP_REASON_HEADER_ONLY;
	const struct txp_field_counts *fields = &counters->fields;

	if (fields->checksum.match != (uint64_t)(checked && !row->sum_flip) ||
	    fields->checksum.mismatch != (uint64_t)(checked && row->sum_flip))
		fail_msg("%s: checksum", row->name);
	if (fields->tot_len.match != (uint64_t)(checked && !row->longer) ||
	    fields->tot_len.mismatch != (uint64_t)(checked && row->longer))
		fail_msg("%s: tot_len", row->name);
}

static void rows_have_their_reason(void **state)
{
	struct txp_counters counters;
	struct packet packet;

	(void)state;
	for (size_t i = 0; i < ROW_COUNT; i++) {
		packet = make_packet(&rows[i]);
		clear_counters();
		if (!run(&packet))
			continue;
		counters = read_counters();
		check_reason(&rows[i], &counters, packet.length);
		check_header(&rows[i], &counters);
	}
}

/* Any bytes at all. */
static void reasons_add_up(void **state)
{
	struct txp_counters counters;
	struct packet packet;
	uint64_t packets = 0, bytes = 0;

	(void)state;
	clear_counters();
	srandom(1);
	for (size_t i = 0; i < FUZZED; i++) {
		packet = make_packet(&rows[i % ROW_COUNT]);
		for (int flips = random() % 4; flips; flips--)
			packet.bytes[random() % packet.length] = random();
		if (!run(&packet))
			continue;
		packets++;
		bytes += packet.length;
	}
	counters = read_counters();
	assert_true(packets > FUZZED / 2);
	assert_int_equal(total(&counters).packets, packets);
	assert_int_equal(total(&counters).bytes, bytes);
	assert_int_equal(counters.probes.egress.packets, packets);
}

static void a_device_without_a_row_is_let_be(void **state)
{
	struct packet packet = make_packet(&rows[0]);
	struct txp_counters counters;
	struct txp_device device;

	(void)state;
	clear_counters();
	assert_int_equal(bpf_map_lookup_elem(bench.devices, &bench.key, &device), 0);
	assert_int_equal(bpf_map_delete_elem(bench.devices, &bench.key), 0);
	assert_true(run(&packet));
	counters = read_counters();
	assert_int_equal(bpf_map_update_elem(bench.devices, &bench.key, &device, BPF_ANY), 0);
	assert_int_equal(total(&counters).packets, 0);
}

static void another_namespaces_device_is_let_be(void **state)
{
	struct packet packet = make_packet(&rows[0]);
	struct txp_instance instance, other;
	struct txp_counters counters;
	uint32_t zero = 0;

	(void)state;
	clear_counters();
	assert_int_equal(bpf_map_lookup_elem(bench.instance, &zero, &instance), 0);
	other = instance;
	other.netns++;
	assert_int_equal(bpf_map_update_elem(bench.instance, &zero, &other, BPF_ANY), 0);
	assert_true(run(&packet));
	counters = read_counters();
	assert_int_equal(bpf_map_update_elem(bench.instance, &zero, &instance, BPF_ANY), 0);
	assert_int_equal(total(&counters).packets, 0);
}

/* As loader/lib/netns.c: the cookie, or the inode number where there is none. */
static uint64_t own_netns(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	socklen_t size = sizeof(uint64_t);
	struct stat status;
	uint64_t id = 0;

	if (!getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &id, &size))
		return id;
	return stat("/proc/self/ns/net", &status) ? 0 : status.st_ino;
}

static int find_map(const char *name)
{
	return bpf_object__find_map_fd_by_name(bench.object, name);
}

static int fill_maps(void)
{
	struct txp_device device = { .mode = TXP_MODE_SHADOW, .l2_len = ETH_HLEN, .name = "lo" };
	struct txp_instance instance = { .abi = TXP_ABI_VERSION, .lo_forwarding = -1 };
	void *each = calloc(bench.cpus, sizeof(struct txp_counters));
	uint32_t zero = 0;
	int err;

	bench.key.netns = instance.netns = own_netns();
	bench.key.ifindex = LOOPBACK;
	err = bpf_map_update_elem(bench.instance, &zero, &instance, BPF_ANY) ?:
	      bpf_map_update_elem(bench.counters, &bench.key, each, BPF_ANY) ?:
	      bpf_map_update_elem(bench.devices, &bench.key, &device, BPF_ANY);
	free(each);
	return err;
}

/* As loader/attach/egress.c. */
static int fill_calls(void)
{
	struct bpf_program *compare =
		bpf_object__find_program_by_name(bench.object, "txpath_compare");
	uint32_t call = TXP_CALL_COMPARE;
	int fd = bpf_program__fd(compare);

	return bpf_map_update_elem(find_map("egress_calls"), &call, &fd, BPF_ANY);
}

/* Is a packet without a route known as such here, or checked by its header? */
static void find_sound(void)
{
	struct packet packet = make_packet(&rows[0]);
	struct txp_counters counters;

	run(&packet);
	counters = read_counters();
	bench.sound =
		counters.reasons.header_only.packets ? TXP_REASON_HEADER_ONLY : TXP_REASON_NO_DST;
	printf("# a sound packet is %s here\n",
	       bench.sound == TXP_REASON_NO_DST ? "no_dst" : "header_only");
}

static int set_up(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNET))
		return -errno;
	bench.cpus = libbpf_num_possible_cpus();
	bench.object = bpf_object__open_file(EGRESS_OBJECT, NULL);
	if (!bench.object || bpf_object__load(bench.object))
		return -1;
	bench.program =
		bpf_program__fd(bpf_object__find_program_by_name(bench.object, "txpath_egress"));
	bench.devices = find_map("devices");
	bench.counters = find_map("counters");
	bench.dev_cache = find_map("dev_cache");
	bench.instance = find_map("instance");
	if (fill_maps() || fill_calls())
		return -1;
	find_sound();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	bpf_object__close(bench.object);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_have_their_reason),
		cmocka_unit_test(reasons_add_up),
		cmocka_unit_test(a_device_without_a_row_is_let_be),
		cmocka_unit_test(another_namespaces_device_is_let_be),
	};

	/* the number of failed tests: 4 of them must not look like a skipped test */
	return cmocka_run_group_tests_name("egress", tests, set_up, tear_down) ? 1 : 0;
}
