// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Random rules and packets: the program that classifies against a plain walk through the rules. The
 * rules are written as a file, read, compiled and loaded as txpath classify test does; the walk
 * knows nothing of that, only what was drawn.
 *
 * TXPATH_TEST_PACKETS  a twentieth of it: sets of rules (4000: 200). BIG_PERCENT of them may have
 * as many rules as there can be TXPATH_TEST_SEED     of the random numbers (1)
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
#include <errno.h>
#include <sys/socket.h>

#include "../../loader/array.h"
#include "../../loader/classifier.h"
#include "../../loader/command.h"

#define RULES_MAX 1024
#define BIG_PERCENT 30
#define BIG_ASKED_PERCENT 70 /* else hardly a packet gets past the first rules */
#define SMALL_RULES 20
#define SMALL_ASKED_PERCENT 25
#define SMALL_PACKETS 20
#define BIG_PACKETS 200
#define RANGES_MAX 3
#define DEVICES 5

int usage_error(const char *format, ...)
{
	(void)format;
	return EXIT_USAGE;
}

static uint64_t state;

/* xorshift64 */
static uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

static bool chance(unsigned int percent)
{
	return draw(100) < percent;
}

struct drawn_range {
	uint32_t first, last;
};

struct drawn_prefix {
	bool ipv6;
	unsigned int length;
	uint8_t bytes[16];
};

struct drawn_rule {
	size_t ranges[TXP_DIMENSION_COUNT]; /* how many */
	struct drawn_range range[TXP_DIMENSION_COUNT][RANGES_MAX];
	size_t sources, destinations, marks, cgroups;
	struct drawn_prefix source[RANGES_MAX], destination[RANGES_MAX];
	uint32_t mark[RANGES_MAX], mask;
	unsigned int cgroup[RANGES_MAX], depth; /* of cgroup /DEPTH/NUMBER */
	int family;				/* -1: any */
	int direction;				/* -1: any */
};

static struct drawn_rule rules[RULES_MAX];
static size_t rule_count;
static unsigned int asked_percent; /* of what a rule may ask, as numbers */

/* Few values, so that rules and packets meet; and both ends of what there is. */
static const struct {
	uint32_t pool[6];
	uint32_t max;
} numbers[TXP_DIMENSION_COUNT] = {
	[TXP_DIMENSION_DEV] = { { 1, 2, 3, 4, 5, 1 }, DEVICES },
	[TXP_DIMENSION_PROTO] = { { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_TCP, 47, 255, 132 }, 255 },
	[TXP_DIMENSION_SPORT] = { { 0, 53, 1024, 40000, 65534, 65535 }, 65535 },
	[TXP_DIMENSION_DPORT] = { { 0, 22, 80, 443, 8080, 65535 }, 65535 },
	[TXP_DIMENSION_DSCP] = { { 0, 8, 10, 46, 62, 63 }, 63 },
	[TXP_DIMENSION_PRIORITY] = { { 0, 1, 6, 0x10010, 0xfffffffe, 0xffffffff }, 0xffffffff },
	[TXP_DIMENSION_LEN] = { { 0, 40, 576, 1500, 65535, 0xffffffff }, 0xffffffff },
	[TXP_DIMENSION_UID] = { { 0, 1, 1000, 65534, 0xfffffffd, 0xfffffffe }, 0xfffffffe },
};

static uint32_t draw_number(enum txp_dimension dimension)
{
	uint32_t value = numbers[dimension].pool[draw(6)];
	uint32_t near = value + draw(3) - 1;

	return chance(70) || near > numbers[dimension].max ? value : near;
}

static const uint8_t addresses[][16] = {
	{ 0 },
	{ 10, 0, 0, 1 },
	{ 10, 0, 1, 255 },
	{ 192, 0, 2, 7 },
	{ 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 },
	{ 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1 },
	{ 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 1, 0x80, 0, 0, 0, 0, 0, 0, 2 },
};

static void draw_address(uint8_t *bytes)
{
	memcpy(bytes, addresses[draw(ARRAY_SIZE(addresses))], 16);
	if (chance(50))
		bytes[draw(16)] ^= 1 << draw(8);
}

static void clear_host_bits(struct drawn_prefix *prefix)
{
	unsigned int bit;

	for (bit = prefix->length; bit < 128; bit++)
		prefix->bytes[bit / 8] &= ~(0x80 >> bit % 8);
}

/* family: -1 any, 0 IPv4, 1 IPv6 */
static size_t draw_prefixes(struct drawn_prefix *prefixes, int family)
{
	size_t i, count = chance(35) ? 1 + draw(RANGES_MAX) : 0;

	for (i = 0; i < count; i++) {
		prefixes[i].ipv6 = family < 0 ? chance(50) : family;
		prefixes[i].length = draw(prefixes[i].ipv6 ? 129 : 33);
		draw_address(prefixes[i].bytes);
		clear_host_bits(&prefixes[i]);
	}
	return count;
}

static void draw_ranges(struct drawn_rule *rule, enum txp_dimension dimension)
{
	struct drawn_range *range;
	uint32_t a, b;
	size_t i;

	rule->ranges[dimension] = chance(asked_percent) ? 1 + draw(RANGES_MAX) : 0;
	for (i = 0; i < rule->ranges[dimension]; i++) {
		range = &rule->range[dimension][i];
		a = draw_number(dimension);
		b = dimension != TXP_DIMENSION_DEV && chance(40) ? draw_number(dimension) : a;
		*range = (struct drawn_range){ a < b ? a : b, a < b ? b : a };
	}
}

static const uint32_t masks[] = { 0xffffffff, 0xff, 0xf0, 0 };

static void draw_values(struct drawn_rule *rule)
{
	size_t i;

	rule->marks = chance(15) ? 1 + draw(RANGES_MAX) : 0;
	rule->mask = masks[draw(ARRAY_SIZE(masks))];
	for (i = 0; i < rule->marks; i++)
		rule->mark[i] = draw(4) << draw(8) & rule->mask;
	rule->cgroups = chance(10) ? 1 + draw(RANGES_MAX) : 0;
	rule->depth = 1 + draw(TXP_CLASS_LEVELS);
	for (i = 0; i < rule->cgroups; i++)
		rule->cgroup[i] = 1 + draw(3);
}

static bool asks_nothing(const struct drawn_rule *rule)
{
	size_t asked = rule->sources + rule->destinations + rule->marks + rule->cgroups;
	int i;

	for (i = 0; i < TXP_DIMENSION_COUNT; i++)
		asked += rule->ranges[i];
	return !asked && rule->family < 0 && rule->direction < 0;
}

/* What the reader calls a contradiction is not drawn. */
static void make_sense(struct drawn_rule *rule)
{
	if (asks_nothing(rule)) {
		rule->ranges[TXP_DIMENSION_DSCP] = 1;
		rule->range[TXP_DIMENSION_DSCP][0] = (struct drawn_range){ 0, 62 };
	}
	if (rule->ranges[TXP_DIMENSION_SPORT] || rule->ranges[TXP_DIMENSION_DPORT]) {
		rule->ranges[TXP_DIMENSION_PROTO] = 1;
		rule->range[TXP_DIMENSION_PROTO][0].first = chance(50) ? IPPROTO_TCP : IPPROTO_UDP;
		rule->range[TXP_DIMENSION_PROTO][0].last =
			rule->range[TXP_DIMENSION_PROTO][0].first;
	}
	if (rule->direction == TXP_DIRECTION_FORWARDED) {
		rule->ranges[TXP_DIMENSION_UID] = 0;
		rule->cgroups = 0;
	}
}

static void draw_rule(struct drawn_rule *rule)
{
	int families;

	memset(rule, 0, sizeof(*rule));
	for (int i = 0; i < TXP_DIMENSION_COUNT; i++)
		draw_ranges(rule, i);
	rule->family = chance(20) ? (int)draw(2) : -1;
	rule->direction = chance(20) ? (int)draw(2) : -1;
	families = rule->family >= 0 ? rule->family : chance(30) ? -1 : (int)draw(2);
	rule->sources = draw_prefixes(rule->source, families);
	/* at least one family in both */
	if (families < 0 && rule->sources)
		families = rule->source[0].ipv6;
	rule->destinations = draw_prefixes(rule->destination, families);
	draw_values(rule);
	make_sense(rule);
}

/* The file. */

static const char *const keys[] = {
#define KEY(id, name, max, meaning) name,
	TXP_DIMENSIONS(KEY)
#undef KEY
};

static void write_range(FILE *file, enum txp_dimension dimension, const struct drawn_range *range)
{
	if (dimension == TXP_DIMENSION_DEV)
		fprintf(file, "d%u, ", range->first);
	else if (range->first == range->last)
		fprintf(file, "%u, ", range->first);
	else
		fprintf(file, "%u-%u, ", range->first, range->last);
}

static void write_prefixes(FILE *file, const char *key, const struct drawn_prefix *prefixes,
			   size_t count)
{
	char text[INET6_ADDRSTRLEN];
	size_t i;

	if (!count)
		return;
	fprintf(file, "%s: [", key);
	for (i = 0; i < count; i++)
		fprintf(file, "\"%s/%u\", ",
			inet_ntop(prefixes[i].ipv6 ? AF_INET6 : AF_INET, prefixes[i].bytes, text,
				  sizeof(text)),
			prefixes[i].length);
	fprintf(file, "], ");
}

static void write_values(FILE *file, const struct drawn_rule *rule)
{
	size_t i;

	if (rule->marks)
		fprintf(file, "mark: [");
	for (i = 0; i < rule->marks; i++)
		fprintf(file, "0x%x/0x%x, ", rule->mark[i], rule->mask);
	fprintf(file, rule->marks ? "], " : "");
	if (rule->cgroups)
		fprintf(file, "cgroup: [");
	for (i = 0; i < rule->cgroups; i++)
		fprintf(file, "/%u/%u, ", rule->depth, rule->cgroup[i]);
	fprintf(file, rule->cgroups ? "], " : "");
}

static void write_rule(FILE *file, const struct drawn_rule *rule, size_t place)
{
	size_t i, j;

	fprintf(file, "  - {name: r%zu, class: c, match: {", place);
	for (i = 0; i < TXP_DIMENSION_COUNT; i++) {
		if (!rule->ranges[i])
			continue;
		fprintf(file, "%s: [", keys[i]);
		for (j = 0; j < rule->ranges[i]; j++)
			write_range(file, i, &rule->range[i][j]);
		fprintf(file, "], ");
	}
	write_prefixes(file, "src", rule->source, rule->sources);
	write_prefixes(file, "dst", rule->destination, rule->destinations);
	write_values(file, rule);
	if (rule->family >= 0)
		fprintf(file, "family: %s, ", rule->family ? "ipv6" : "ipv4");
	if (rule->direction >= 0)
		fprintf(file, "direction: %s, ", rule->direction ? "forwarded" : "local");
	fprintf(file, "}}\n");
}

static char *write_file(size_t *size)
{
	char *text;
	FILE *file = open_memstream(&text, size);
	size_t i;

	assert_non_null(file);
	fprintf(file, "version: 1\nclasses:\n  c: {}\nrules:\n");
	for (i = 0; i < rule_count; i++)
		write_rule(file, &rules[i], i);
	fclose(file);
	return text;
}

/* The walk. */

struct drawn_packet {
	struct txp_facts facts;
	unsigned int cgroup; /* /DEPTH/NUMBER for each depth alike; 0: none */
};

static bool prefix_has(const struct drawn_prefix *prefix, const struct drawn_packet *packet,
		       const __be32 *words)
{
	const uint8_t *bytes = (const uint8_t *)words;
	unsigned int bit;

	if (prefix->ipv6 != (packet->facts.family == TXP_CLASS_IPV6))
		return false;
	for (bit = 0; bit < prefix->length; bit++) {
		if ((bytes[bit / 8] ^ prefix->bytes[bit / 8]) & (0x80 >> bit % 8))
			return false;
	}
	return true;
}

static bool one_prefix_has(const struct drawn_prefix *prefixes, size_t count,
			   const struct drawn_packet *packet, const __be32 *words)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (prefix_has(&prefixes[i], packet, words))
			return true;
	}
	return !count;
}

static bool is_visible(enum txp_dimension dimension, const struct txp_facts *facts)
{
	if (dimension == TXP_DIMENSION_UID)
		return facts->has_user;
	if (dimension == TXP_DIMENSION_SPORT || dimension == TXP_DIMENSION_DPORT)
		return facts->has_ports;
	return true;
}

static bool number_allowed(const struct drawn_rule *rule, enum txp_dimension dimension,
			   const struct txp_facts *facts)
{
	uint32_t value = facts->number[dimension];
	size_t i;

	if (!rule->ranges[dimension])
		return true;
	for (i = 0; i < rule->ranges[dimension]; i++) {
		const struct drawn_range *range = &rule->range[dimension][i];

		if (is_visible(dimension, facts) && value >= range->first && value <= range->last)
			return true;
	}
	return false;
}

static bool values_allowed(const struct drawn_rule *rule, const struct drawn_packet *packet)
{
	bool mark = !rule->marks, cgroup = !rule->cgroups;
	size_t i;

	for (i = 0; i < rule->marks; i++)
		mark |= (packet->facts.mark & rule->mask) == rule->mark[i];
	for (i = 0; i < rule->cgroups; i++)
		cgroup |= packet->cgroup == rule->cgroup[i];
	return mark && cgroup;
}

static bool is_matched(const struct drawn_rule *rule, const struct drawn_packet *packet)
{
	const struct txp_facts *facts = &packet->facts;
	int i;

	for (i = 0; i < TXP_DIMENSION_COUNT; i++) {
		if (!number_allowed(rule, i, facts))
			return false;
	}
	/* without a socket of this host there is no user and no cgroup */
	if ((rule->ranges[TXP_DIMENSION_UID] || rule->cgroups) &&
	    facts->direction != TXP_DIRECTION_LOCAL)
		return false;
	return (rule->family < 0 || rule->family == facts->family) &&
	       (rule->direction < 0 || rule->direction == facts->direction) &&
	       values_allowed(rule, packet) &&
	       one_prefix_has(rule->source, rule->sources, packet, facts->source) &&
	       one_prefix_has(rule->destination, rule->destinations, packet, facts->destination);
}

static size_t walk(const struct drawn_packet *packet)
{
	size_t i;

	for (i = 0; i < rule_count && !is_matched(&rules[i], packet); i++)
		;
	return i;
}

/* The id of cgroup /DEPTH/NUMBER. */
static uint64_t cgroup_id(unsigned int depth, unsigned int number)
{
	return (uint64_t)depth << 32 | number;
}

/* What a rule that was drawn allows, as often as not. */
static void draw_packet(struct drawn_packet *packet, const struct txp_class_plan *plan)
{
	const struct drawn_rule *rule = &rules[draw(rule_count)];
	struct txp_facts *facts = &packet->facts;
	int i;

	memset(packet, 0, sizeof(*packet));
	facts->family = draw(2);
	facts->direction = draw(2);
	facts->has_ports = chance(80);
	facts->has_user = facts->direction == TXP_DIRECTION_LOCAL && chance(70);
	for (i = 0; i < TXP_DIMENSION_COUNT; i++)
		facts->number[i] = rule->ranges[i] && chance(85)
					   ? rule->range[i][draw(rule->ranges[i])].last
					   : draw_number(i);
	draw_address((uint8_t *)facts->source);
	draw_address((uint8_t *)facts->destination);
	if (rule->sources && chance(85))
		memcpy(facts->source, rule->source[0].bytes, 16);
	if (rule->destinations && chance(85))
		memcpy(facts->destination, rule->destination[0].bytes, 16);
	if (rule->sources + rule->destinations && chance(85))
		facts->family = rule->sources ? rule->source[0].ipv6 : rule->destination[0].ipv6;
	facts->mark = rule->marks && chance(85) ? rule->mark[0] : draw(4) << draw(8);
	packet->cgroup = facts->direction == TXP_DIRECTION_LOCAL ? draw(4) : 0;
	for (i = 0; i < TXP_CLASS_LEVELS && packet->cgroup; i++)
		facts->cgroup[i] = cgroup_id(plan->levels[i], packet->cgroup);
}

/* The host that these rules are of. */

static int find_device(const char *name, void *context)
{
	(void)context;
	return atoi(name + 1);
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	unsigned int number;

	(void)context;
	assert_int_equal(sscanf(path, "/%u/%u", &cgroup->level, &number), 2);
	cgroup->id = cgroup_id(cgroup->level, number);
	return 0;
}

static void fail_on_error(int line, const char *message, void *context)
{
	fail_msg("line %d: %s, of\n%s", line, message, (char *)context);
}

/* What was drawn, and what came of it. */
struct drawn {
	size_t sets, big, packets, matched;
	size_t late; /* matched a rule that is not in a row's first word */
};

static void compare(const struct classifier *classifier, const struct compiled *compiled,
		    const char *text, size_t packets, struct drawn *drawn)
{
	struct drawn_packet packet;
	size_t i, expected;
	int got;

	for (i = 0; i < packets; i++) {
		draw_packet(&packet, &compiled->plan);
		expected = walk(&packet);
		got = classifier_ask(classifier, &packet.facts);
		if (got != (int)expected)
			fail_msg("packet %zu: rule %zu matches, and the program says %d, of\n%s", i,
				 expected, got, text);
		drawn->matched += expected < rule_count;
		drawn->late += expected < rule_count && expected >= 64;
	}
	drawn->packets += packets;
}

/* Draws the rules of a set; returns with how many packets it is asked. */
static size_t draw_set(struct drawn *drawn)
{
	bool big = chance(BIG_PERCENT);
	size_t i;

	rule_count = 1 + draw(big ? RULES_MAX : SMALL_RULES);
	asked_percent = big ? BIG_ASKED_PERCENT : SMALL_ASKED_PERCENT;
	for (i = 0; i < rule_count; i++)
		draw_rule(&rules[i]);
	drawn->sets++;
	drawn->big += big;
	return big ? BIG_PACKETS : SMALL_PACKETS;
}

static void one_set(struct drawn *drawn)
{
	const struct ruleset_host host = { .device = find_device, .cgroup = find_cgroup };
	const struct map_set none = { 0 };
	size_t size, packets = draw_set(drawn);
	struct classifier classifier;
	struct compiled compiled;
	struct ruleset ruleset;
	char *text = write_file(&size);

	assert_int_equal(ruleset_read(text, size, &host, fail_on_error, text, &ruleset), 0);
	assert_int_equal(compile(&ruleset, fail_on_error, text, &compiled), 0);
	assert_int_equal(
		classifier_load(&classifier, &compiled, &none, -1, CLASSIFY_ASK_PROGRAM, ""), 0);
	compare(&classifier, &compiled, text, packets, drawn);
	classifier_close(&classifier);
	compiled_free(&compiled);
	ruleset_free(&ruleset);
	free(text);
}

static size_t setting(const char *name, size_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

static void the_program_and_a_walk_agree(void **context)
{
	size_t i, sets = setting("TXPATH_TEST_PACKETS", 4000) / 8;
	struct drawn drawn = { 0 };

	(void)context;
	state = setting("TXPATH_TEST_SEED", 1) * 0x9e3779b97f4a7c15 | 1;
	for (i = 0; i < sets; i++)
		one_set(&drawn);
	print_message("%zu sets, %zu of them of up to %d rules; %zu packets, %zu matched a rule, "
		      "%zu of them one behind the first 64\n",
		      drawn.sets, drawn.big, RULES_MAX, drawn.packets, drawn.matched, drawn.late);
	/* else nothing was shown */
	assert_in_range(drawn.late, drawn.big * BIG_PACKETS / 20, drawn.packets);
	assert_in_range(drawn.matched, drawn.packets / 4, drawn.packets);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_program_and_a_walk_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
