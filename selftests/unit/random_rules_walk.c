// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A plain walk through the rules that were drawn, by nothing but what each asks of a packet. */
#include "random_rules.h"

static bool prefix_has(const struct drawn_prefix *prefix, const struct drawn_packet *packet,
		       const __be32 *words)
{
	const uint8_t *bytes = (const uint8_t *)words;
	unsigned int bit;

	if (prefix->ipv6 != (packet->fields.family == TXP_CLASS_IPV6))
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

static bool is_visible(enum txp_dimension dimension, const struct txp_class_fields *fields)
{
	if (dimension == TXP_DIMENSION_UID)
		return fields->has_user;
	if (dimension == TXP_DIMENSION_SPORT || dimension == TXP_DIMENSION_DPORT)
		return fields->has_ports;
	return true;
}

static bool number_allowed(const struct drawn_rule *rule, enum txp_dimension dimension,
			   const struct txp_class_fields *fields)
{
	uint32_t value = fields->number[dimension];
	size_t i;

	if (!rule->ranges[dimension])
		return true;
	for (i = 0; i < rule->ranges[dimension]; i++) {
		const struct drawn_range *range = &rule->range[dimension][i];

		if (is_visible(dimension, fields) && value >= range->first && value <= range->last)
			return true;
	}
	return false;
}

static bool values_allowed(const struct drawn_rule *rule, const struct drawn_packet *packet)
{
	bool mark = !rule->marks, cgroup = !rule->cgroups;
	size_t i;

	for (i = 0; i < rule->marks; i++)
		mark |= (packet->fields.mark & rule->mask) == rule->mark[i];
	for (i = 0; i < rule->cgroups; i++)
		cgroup |= packet->cgroup == rule->cgroup[i];
	return mark && cgroup;
}

static bool is_matched(const struct drawn_rule *rule, const struct drawn_packet *packet)
{
	const struct txp_class_fields *fields = &packet->fields;
	int i;

	for (i = 0; i < TXP_DIMENSION_COUNT; i++) {
		if (!number_allowed(rule, i, fields))
			return false;
	}
	/* without a socket of this host there is no user and no cgroup */
	if ((rule->ranges[TXP_DIMENSION_UID] || rule->cgroups) &&
	    fields->direction != TXP_DIRECTION_LOCAL)
		return false;
	return (rule->family < 0 || rule->family == fields->family) &&
	       (rule->direction < 0 || rule->direction == fields->direction) &&
	       values_allowed(rule, packet) &&
	       one_prefix_has(rule->source, rule->sources, packet, fields->source) &&
	       one_prefix_has(rule->destination, rule->destinations, packet, fields->destination);
}

size_t drawn_walk(const struct drawn_packet *packet)
{
	size_t i;

	for (i = 0; i < drawn_count && !is_matched(&drawn_rules[i], packet); i++)
		;
	return i;
}
