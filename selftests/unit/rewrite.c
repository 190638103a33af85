// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random frames through the program that classifies: what a rule gives a DSCP has that, a right
 * checksum, its ECN bits and not one other bit changed; what no rule matches is as it was.
 *
 * TXPATH_TEST_PACKETS  five times as many (4000: 20,000)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <netinet/in.h>

#include "classify/program.h"
#include "cmd/command.h"
#include "lib/netns.h"

#define LOOPBACK 1 /* the device of BPF_PROG_TEST_RUN */
#define PORT 9
#define DSCP 46
#define FRAME_MAX 512
#define EXTENSIONS 7
#define EXTENSIONS_SEEN 6
#define HEADER_MAX (ETH_HLEN + 40 + EXTENSIONS * 16)

static const char rules[] = "version: 1\n"
			    "classes: {a: {dscp: ef}, b: {}}\n"
			    "rules:\n"
			    "  - {name: x, match: {proto: udp, dport: 9}, class: a}\n"
			    "  - {name: y, match: {proto: udp, dport: 10}, class: b}\n";

struct frame {
	uint8_t bytes[FRAME_MAX];
	size_t size;
	bool matches; /* the rule with a class that sets something */
};

static uint32_t draw(uint32_t below)
{
	return random() % below;
}

static void put16(uint8_t *at, uint16_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static uint16_t header_sum(const uint8_t *bytes, size_t size)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < size; i += 2)
		sum += bytes[i] << 8 | bytes[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static void put_checksum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, ~header_sum(ip, (ip[0] & 15) * 4));
}

/* Returns whether the rule asks for it, if the port is there to be seen. */
static bool put_transport(struct frame *frame, size_t at, uint8_t protocol)
{
	uint16_t port = PORT + draw(3) - 1;

	put16(frame->bytes + at + 2, port);
	return protocol == IPPROTO_UDP && port == PORT;
}

static void make_ipv4(struct frame *frame)
{
	uint8_t *ip = frame->bytes + ETH_HLEN;
	uint8_t protocol = draw(4) ? IPPROTO_UDP : IPPROTO_TCP;
	uint16_t offset = draw(4) ? 0 : draw(100);

	put16(frame->bytes + 12, ETH_P_IP);
	ip[0] = 0x40 | (5 + draw(11));
	put16(ip + 2, frame->size - ETH_HLEN);
	put16(ip + 6, offset | (draw(2) ? 0x4000 : 0) | (draw(4) ? 0 : 0x2000));
	ip[9] = protocol;
	put_checksum(ip);
	frame->matches = put_transport(frame, ETH_HLEN + (ip[0] & 15) * 4, protocol) && !offset;
}

/* An extension header and what it says of the one behind it. Returns where that is. */
static size_t put_extension(struct frame *frame, size_t at, uint8_t kind, uint8_t next,
			    bool *is_later)
{
	uint16_t offset = draw(2) ? 0 : 8 * draw(100);

	frame->bytes[at] = next;
	if (kind != IPPROTO_FRAGMENT) {
		frame->bytes[at + 1] = draw(2);
		return at + (kind == IPPROTO_AH ? 4 * (frame->bytes[at + 1] + 2)
						: 8 * (frame->bytes[at + 1] + 1));
	}
	put16(frame->bytes + at + 2, offset | draw(2));
	*is_later |= offset;
	return at + 8;
}

static void make_ipv6(struct frame *frame)
{
	static const uint8_t kinds[] = { IPPROTO_HOPOPTS, IPPROTO_ROUTING, IPPROTO_FRAGMENT,
					 IPPROTO_DSTOPTS, IPPROTO_AH };
	uint8_t protocol = draw(4) ? IPPROTO_UDP : IPPROTO_TCP;
	uint8_t *next = frame->bytes + ETH_HLEN + 6, kind;
	size_t at = ETH_HLEN + 40;
	bool is_later = false;
	int i, count = draw(EXTENSIONS + 1);

	put16(frame->bytes + 12, ETH_P_IPV6);
	frame->bytes[ETH_HLEN] = 0x60 | draw(16);
	put16(frame->bytes + ETH_HLEN + 4, frame->size - ETH_HLEN - 40);
	for (i = 0; i < count; i++) {
		kind = kinds[draw(sizeof(kinds))];
		*next = kind;
		next = frame->bytes + at;
		at = put_extension(frame, at, kind, protocol, &is_later);
	}
	*next = protocol;
	frame->matches =
		put_transport(frame, at, protocol) && !is_later && count <= EXTENSIONS_SEEN;
}

static void make_other(struct frame *frame)
{
	put16(frame->bytes + 12, draw(2) ? ETH_P_ARP : 0x88b5);
	frame->matches = false;
}

static void make_frame(struct frame *frame)
{
	size_t i;

	memset(frame, 0, sizeof(*frame));
	frame->size = HEADER_MAX + 8 + draw(FRAME_MAX - HEADER_MAX - 8);
	for (i = 0; i < frame->size; i++)
		frame->bytes[i] = random();
	if (draw(10) == 0)
		make_other(frame);
	else if (draw(2))
		make_ipv4(frame);
	else
		make_ipv6(frame);
}

/* The plain way: the byte is written, and the checksum made anew. */
static void change_dscp(struct frame *frame)
{
	uint8_t *ip = frame->bytes + ETH_HLEN;

	if (ip[0] >> 4 == 4) {
		ip[1] = DSCP << 2 | (ip[1] & 3);
		put_checksum(ip);
		return;
	}
	ip[0] = 0x60 | DSCP >> 2;
	ip[1] = (DSCP & 3) << 6 | (ip[1] & 0x3f);
}

static void run(const struct classify_program *program, const struct frame *frame, uint8_t *out)
{
	struct __sk_buff context = { .ifindex = LOOPBACK };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame->bytes, .data_size_in = frame->size,
		    .data_out = out, .data_size_out = FRAME_MAX, .ctx_in = &context,
		    .ctx_size_in = sizeof(context));

	assert_int_equal(bpf_prog_test_run_opts(program->program_fd, &opts), 0);
	assert_int_equal((int)opts.retval, -1); /* TCX_NEXT */
	assert_int_equal(opts.data_size_out, frame->size);
}

/* In one's complement two numbers are zero. */
static void same_zero(uint8_t *bytes)
{
	if (bytes[12] == 8 && bytes[13] == 0 && bytes[24] == 0xff && bytes[25] == 0xff)
		bytes[24] = bytes[25] = 0;
}

static void compare(const struct classify_program *program, size_t *matched)
{
	uint8_t out[FRAME_MAX];
	struct frame frame;

	make_frame(&frame);
	run(program, &frame, out);
	if (frame.matches)
		change_dscp(&frame);
	same_zero(frame.bytes);
	same_zero(out);
	assert_memory_equal(out, frame.bytes, frame.size);
	*matched += frame.matches;
}

static void add_device(const struct classify_program *program, uint64_t netns)
{
	const struct txp_device_key key = { .netns = netns, .ifindex = LOOPBACK };
	const struct txp_device row = { .l2_len = ETH_HLEN };
	int devices = bpf_object__find_map_fd_by_name(program->object, "devices");

	assert_int_equal(bpf_map_update_elem(devices, &key, &row, BPF_ANY), 0);
}

static void fail_on_error(int line, const char *message, void *context)
{
	(void)context;
	fail_msg("line %d: %s", line, message);
}

static uint64_t hits(const struct classify_program *program, uint32_t rule)
{
	int map = bpf_object__find_map_fd_by_name(program->object, "class_hits");
	struct txp_tally sum = { 0 }, rows[libbpf_num_possible_cpus()];

	assert_int_equal(bpf_map_lookup_elem(map, &rule, rows), 0);
	for (int i = 0; i < libbpf_num_possible_cpus(); i++)
		sum.packets += rows[i].packets;
	return sum.packets;
}

static void only_what_a_rule_says_changes(void **context)
{
	const char *text = getenv("TXPATH_TEST_PACKETS");
	size_t i, frames = (text ? strtoul(text, NULL, 0) : 4000) * 5, matched = 0;
	const struct ruleset_host host = { 0 };
	const struct map_set none = { 0 };
	struct classify_program program;
	struct compiled compiled;
	struct ruleset ruleset;
	__u64 netns;

	(void)context;
	assert_int_equal(
		ruleset_read(rules, sizeof(rules) - 1, &host, fail_on_error, NULL, &ruleset), 0);
	assert_int_equal(compile(&ruleset, fail_on_error, NULL, &compiled), 0);
	assert_int_equal(netns_id(&netns), 0);
	compiled.plan.netns = netns;
	assert_int_equal(
		classify_program_load(&program, &compiled, &none, -1, CLASSIFY_PROGRAM, ""), 0);
	add_device(&program, netns);
	for (i = 0; i < frames; i++)
		compare(&program, &matched);
	print_message("%zu frames, %zu matched\n", frames, matched);
	assert_in_range(matched, frames / 20, frames);
	assert_int_equal(hits(&program, 0), matched);
	assert_int_equal(hits(&program, 0) + hits(&program, 1) + hits(&program, 2) +
				 hits(&program, 3),
			 frames);
	classify_program_close(&program);
	compiled_free(&compiled);
	ruleset_free(&ruleset);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_a_rule_says_changes),
	};

	srandom(1);
	/* the number of failed tests: 4 of them must not look like a skipped test */
	return cmocka_run_group_tests(tests, NULL, NULL) ? 1 : 0;
}
