// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Drawing rules and packets. */
#include "random_rules.h"

#include "lib/array.h"

#include <netinet/in.h>
#include <string.h>

#define DEVICES 5

struct drawn_rule drawn_rules[RULES_MAX];
size_t drawn_count;

static unsigned int asked_percent; /* of what a rule may ask, as numbers */

static uint64_t state;

void draw_seed(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15 | 1;
}

/* xorshift64 */
uint64_t draw(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state % below;
}

bool chance(unsigned int percent)
{
	return draw(100) < percent;
}

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

void draw_rules(size_t count, unsigned int percent)
{
	size_t i;

	drawn_count = count;
	asked_percent = percent;
	for (i = 0; i < count; i++)
		draw_rule(&drawn_rules[i]);
}

uint64_t drawn_cgroup_id(unsigned int depth, unsigned int number)
{
	return (uint64_t)depth << 32 | number;
}

/* What a rule that was drawn allows, as often as not. */
void draw_packet(struct drawn_packet *packet, const struct txp_class_plan *plan)
{
	const struct drawn_rule *rule = &drawn_rules[draw(drawn_count)];
	struct txp_class_fields *fields = &packet->fields;
	int i;

	memset(packet, 0, sizeof(*packet));
	fields->family = draw(2);
	fields->direction = draw(2);
	fields->has_ports = chance(80);
	fields->has_user = fields->direction == TXP_DIRECTION_LOCAL && chance(70);
	for (i = 0; i < TXP_DIMENSION_COUNT; i++)
		fields->number[i] = rule->ranges[i] && chance(85)
					    ? rule->range[i][draw(rule->ranges[i])].last
					    : draw_number(i);
	draw_address((uint8_t *)fields->source);
	draw_address((uint8_t *)fields->destination);
	if (rule->sources && chance(85))
		memcpy(fields->source, rule->source[0].bytes, 16);
	if (rule->destinations && chance(85))
		memcpy(fields->destination, rule->destination[0].bytes, 16);
	if (rule->sources + rule->destinations && chance(85))
		fields->family = rule->sources ? rule->source[0].ipv6 : rule->destination[0].ipv6;
	fields->mark = rule->marks && chance(85) ? rule->mark[0] : draw(4) << draw(8);
	packet->cgroup = fields->direction == TXP_DIRECTION_LOCAL ? draw(4) : 0;
	for (i = 0; i < TXP_CLASS_LEVELS && packet->cgroup; i++)
		fields->cgroup[i] = drawn_cgroup_id(plan->levels[i], packet->cgroup);
}
