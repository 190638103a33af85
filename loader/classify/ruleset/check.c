// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Finds rules that would load and then never do what they say: because no packet can match them, or
 * because the host's devices and qdiscs cannot provide what their class needs.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <txpath/transport.h>

#include "lib/array.h"
#include "classify/ruleset/reader.h"

#define IPV4 (1 << TXP_CLASS_IPV4)
#define IPV6 (1 << TXP_CLASS_IPV6)
#define DEVICE_NAME 32 /* bytes of a device's name, or of its number in words */

static void check_reached(struct reader *reader, const struct rule *rule)
{
	if (reader->all_rule)
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED " is never reached: rule " QUOTED
			   " (line %d) matches every packet",
			   rule->name, reader->all_rule, reader->all_line);
	else if (!*rule->text) {
		reader->all_rule = rule->name;
		reader->all_line = rule->line;
	}
}

static __u8 families_of_prefixes(const struct prefixes *prefixes)
{
	__u8 families = 0;
	size_t i;

	for (i = 0; i < prefixes->count; i++)
		families |= prefixes->prefix[i].family == AF_INET ? IPV4 : IPV6;
	return families;
}

static __u8 families_of_protocols(const struct ranges *protocols)
{
	__u8 families = 0;
	size_t i;

	for (i = 0; i < protocols->count; i++) {
		const struct range *range = &protocols->range[i];

		if (range->last != IPPROTO_ICMP || range->first != range->last)
			families |= IPV6;
		if (range->last != IPPROTO_ICMPV6 || range->first != range->last)
			families |= IPV4;
	}
	return families;
}

static const char *family_name(__u8 families)
{
	return families == IPV4 ? "ipv4" : "ipv6";
}

/*
 * Conditions can imply an address family. Two conditions that imply different families exclude each
 * other. With only two families it is enough to compare each pair of conditions.
 */
static void check_families(struct reader *reader, const struct rule *rule)
{
	const struct {
		const char *key;
		__u8 families; /* 0: implies none */
	} conditions[] = {
		{ "family", rule->families },
		{ "proto", families_of_protocols(&rule->ranges[TXP_DIMENSION_PROTO]) },
		{ "src", families_of_prefixes(&rule->sources) },
		{ "dst", families_of_prefixes(&rule->destinations) },
	};
	size_t i, j;

	for (i = 0; i < ARRAY_SIZE(conditions); i++) {
		for (j = i + 1; j < ARRAY_SIZE(conditions); j++) {
			if (!conditions[i].families || !conditions[j].families ||
			    conditions[i].families & conditions[j].families)
				continue;
			errors_add(&reader->errors, rule->line,
				   "rule " QUOTED " never matches: %s needs %s, but %s needs %s",
				   rule->name, conditions[i].key,
				   family_name(conditions[i].families), conditions[j].key,
				   family_name(conditions[j].families));
		}
	}
}

/* A rule with ports and without proto: is fine: it means every protocol that has ports. */
static void check_ports(struct reader *reader, const struct rule *rule)
{
	const struct ranges *protocols = &rule->ranges[TXP_DIMENSION_PROTO];
	__u32 protocol;
	size_t i;

	if (!rule->ranges[TXP_DIMENSION_SPORT].count && !rule->ranges[TXP_DIMENSION_DPORT].count)
		return;
	for (i = 0; i < protocols->count; i++) {
		protocol = protocols->range[i].first;
		while (protocol <= protocols->range[i].last && transport_len(protocol))
			protocol++;
		if (protocol > protocols->range[i].last)
			continue;
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED
			   ": protocol %u has no ports; tcp, udp, udplite, sctp and dccp have",
			   rule->name, protocol);
		return;
	}
}

/* room: DEVICE_NAME bytes, for a device without a name. */
static const char *device_name(const struct ruleset_host *host, int ifindex, char *room)
{
	const char *name = host->device_name ? host->device_name(ifindex, host->context) : NULL;

	if (name)
		return name;
	snprintf(room, DEVICE_NAME, "device %d", ifindex);
	return room;
}

static const char *const class_errors[] = {
	[TC_CLASS_ABSENT] = "the device has no such class",
	[TC_CLASS_INNER] = "it has classes below it, and packets can only go to a leaf class",
	[TC_CLASS_NESTED] = "it is not a class of the root qdisc, so no priority selects it",
	[TC_CLASS_OTHERWISE] =
		"its qdisc does not select classes by priority, as htb, hfsc, drr and prio do",
};

static void check_class(struct reader *reader, const struct rule *rule, int ifindex)
{
	const struct class *class = &reader->ruleset->classes[rule->class];
	const struct ruleset_host *host = reader->host;
	char room[DEVICE_NAME];
	int answer;

	answer = host->tc_class(ifindex, class->what.priority, host->context);
	if (answer != TC_CLASS_LEAF)
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED ": %s: tc class %s of class " QUOTED ": %s", rule->name,
			   device_name(host, ifindex, room), class->tc, class->name,
			   answer < 0 ? strerror(-answer) : class_errors[answer]);
}

static void check_time(struct reader *reader, const struct rule *rule, int ifindex)
{
	const struct class *class = &reader->ruleset->classes[rule->class];
	const struct ruleset_host *host = reader->host;
	int answer = host->keeps_time(ifindex, host->context);
	char room[DEVICE_NAME];

	if (answer < 0)
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED ": %s: reading its qdiscs, for the rate of class " QUOTED
			   ": %s",
			   rule->name, device_name(host, ifindex, room), class->name,
			   strerror(-answer));
	else if (!answer)
		errors_add(&reader->errors, rule->line,
			   "rule " QUOTED ": %s: the rate of class " QUOTED
			   " would have no effect: not all qdiscs of "
			   "the device keep departure times, as fq does",
			   rule->name, device_name(host, ifindex, room), class->name);
}

/* Checks what the rule's class needs of a device by which packets of the rule leave. */
static void check_device(struct reader *reader, const struct rule *rule, int ifindex)
{
	const struct class *class = &reader->ruleset->classes[rule->class];

	if (class->tc && reader->host->tc_class)
		check_class(reader, rule, ifindex);
	if (class->rate && reader->host->keeps_time)
		check_time(reader, rule, ifindex);
}

/* A tc class belongs to one device, so a rule that uses one must name its devices. */
static void check_devices(struct reader *reader, const struct rule *rule)
{
	const struct ranges *named = &rule->ranges[TXP_DIMENSION_DEV];
	const struct class *class = &reader->ruleset->classes[rule->class];
	const struct ruleset_host *host = reader->host;
	size_t i;

	if (class->tc && !named->count) {
		errors_add(
			&reader->errors, rule->line,
			"rule " QUOTED ": class " QUOTED
			" has the key tc, which names a class of one device: add dev to the match",
			rule->name, class->name);
		return;
	}
	for (i = 0; host && i < named->count; i++)
		check_device(reader, rule, named->range[i].first);
	for (i = 0; host && !named->count && i < host->device_count; i++)
		check_device(reader, rule, host->devices[i]);
}

void check_rule(struct reader *reader, const struct rule *rule)
{
	check_reached(reader, rule);
	check_families(reader, rule);
	check_ports(reader, rule);
	check_devices(reader, rule);
}
