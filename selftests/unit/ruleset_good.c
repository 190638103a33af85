// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a good file of rules becomes. */
#include "ruleset_tests.h"
#include "classify/ruleset/words.h"

#include <arpa/inet.h>
#include <stdio.h>

const char good_rules[] =
	"# comment\n"
	"version: 1\n"
	"prefixes:\n"
	"  office: [192.0.2.0/24, \"2001:db8:1::/48\"]\n"
	"classes:\n"
	"  voice:     {dscp: ef, priority: 6}\n"
	"  bulk:      {dscp: cs1, tc: \"1:20\", rate: 50mbit, mark: 0x10/0xff}\n"
	"  untouched: {}\n"
	"rules:\n"
	"  - name: ssh\n"
	"    match: {proto: tcp, dport: [22, 2222], src: office}\n"
	"    class: voice\n"
	"  - name: big\n"
	"    match:\n"
	"      dev: eth0\n"
	"      family: [ipv4]\n"
	"      len: 1000-65535\n"
	"      dscp: [af11, 0-7]\n"
	"      mark: 0x1/0xf\n"
	"      priority: 0\n"
	"      uid: [root, 1000-1999]\n"
	"      cgroup: /backup\n"
	"      sport: 0x400-65535\n"
	"      dst: [10.0.0.0/8, office, 198.51.100.7]\n"
	"    class: bulk\n"
	"  - {name: out, match: {direction: forwarded, proto: [icmpv6, 50-51]}, class: voice}\n"
	"  - {name: rest, class: untouched}\n";

static void assert_range(const struct rule *rule, enum txp_dimension dimension, size_t place,
			 __u32 first, __u32 last)
{
	assert_true(place < rule->ranges[dimension].count);
	assert_int_equal(rule->ranges[dimension].range[place].first, first);
	assert_int_equal(rule->ranges[dimension].range[place].last, last);
}

static void assert_prefix(const struct prefixes *prefixes, size_t place, const char *address,
			  unsigned int length)
{
	char text[INET6_ADDRSTRLEN];

	assert_true(place < prefixes->count);
	assert_string_equal(inet_ntop(prefixes->prefix[place].family,
				      prefixes->prefix[place].address, text, sizeof(text)),
			    address);
	assert_int_equal(prefixes->prefix[place].length, length);
}

static void check_classes(const struct class *class)
{
	static const struct txp_class voice = {
		.sets = TXP_CLASS_SETS_PRIORITY | TXP_CLASS_SETS_DSCP,
		.priority = 6,
		.dscp = 46,
	};
	static const struct txp_class bulk = {
		.sets = TXP_CLASS_SETS_PRIORITY | TXP_CLASS_SETS_DSCP | TXP_CLASS_SETS_MARK |
			TXP_CLASS_SETS_TIME,
		.priority = CLASSID,
		.mark = 0x10,
		.mark_mask = 0xff,
		.dscp = 8,
	};
	static const struct txp_class untouched;

	assert_string_equal(class[0].name, "voice");
	assert_int_equal(class[0].line, 6);
	assert_memory_equal(&class[0].what, &voice, sizeof(voice));
	assert_null(class[0].tc);
	assert_string_equal(class[1].tc, "1:20");
	assert_memory_equal(&class[1].what, &bulk, sizeof(bulk));
	assert_int_equal(class[1].rate, 50000000 / 8);
	assert_memory_equal(&class[2].what, &untouched, sizeof(untouched));
}

static void check_big(const struct rule *rule)
{
	assert_range(rule, TXP_DIMENSION_DEV, 0, ETH0, ETH0);
	assert_range(rule, TXP_DIMENSION_LEN, 0, 1000, 65535);
	assert_range(rule, TXP_DIMENSION_DSCP, 0, 10, 10);
	assert_range(rule, TXP_DIMENSION_DSCP, 1, 0, 7);
	assert_range(rule, TXP_DIMENSION_PRIORITY, 0, 0, 0);
	assert_range(rule, TXP_DIMENSION_UID, 0, 0, 0);
	assert_range(rule, TXP_DIMENSION_UID, 1, 1000, 1999);
	assert_range(rule, TXP_DIMENSION_SPORT, 0, 1024, 65535);
	assert_int_equal(rule->families, 1 << TXP_CLASS_IPV4);
	assert_int_equal(rule->directions, 1 << TXP_DIRECTION_LOCAL);
	assert_int_equal(rule->marks.count, 1);
	assert_int_equal(rule->marks.mark[0].value, 1);
	assert_int_equal(rule->marks.mark[0].mask, 0xf);
	assert_int_equal(rule->cgroups.count, 1);
	assert_int_equal(rule->cgroups.cgroup[0].id, CGROUP_ID);
	assert_int_equal(rule->destinations.count, 4);
	assert_prefix(&rule->destinations, 0, "10.0.0.0", 8);
	assert_prefix(&rule->destinations, 2, "2001:db8:1::", 48);
	assert_prefix(&rule->destinations, 3, "198.51.100.7", 32);
}

void good_file(void **state)
{
	struct ruleset ruleset;
	const struct rule *rule;

	(void)state;
	assert_read(good_rules, &ruleset);
	assert_int_equal(ruleset.list_count, 1);
	assert_string_equal(ruleset.lists[0].name, "office");
	assert_prefix(&ruleset.lists[0].prefixes, 1, "2001:db8:1::", 48);
	assert_int_equal(ruleset.class_count, 3);
	check_classes(ruleset.classes);
	assert_int_equal(ruleset.rule_count, 4);
	assert_int_equal(ruleset.prefix_count, 2 + 4);
	rule = ruleset.rules;
	assert_string_equal(rule[0].text, "proto=tcp dport=22,2222 src=office");
	assert_int_equal(rule[0].line, 10);
	assert_int_equal(rule[0].class, 0);
	assert_int_equal(rule[0].families, 0);
	assert_range(&rule[0], TXP_DIMENSION_PROTO, 0, 6, 6);
	assert_range(&rule[0], TXP_DIMENSION_DPORT, 1, 2222, 2222);
	check_big(&rule[1]);
	assert_int_equal(strlen(rule[1].text), TXP_CLASS_TEXT - 1);
	assert_string_equal(rule[1].text + TXP_CLASS_TEXT - 4, "...");
	assert_range(&rule[2], TXP_DIMENSION_PROTO, 0, 58, 58);
	assert_range(&rule[2], TXP_DIMENSION_PROTO, 1, 50, 51);
	assert_int_equal(rule[2].directions, 1 << TXP_DIRECTION_FORWARDED);
	assert_string_equal(rule[3].text, "");
	assert_int_equal(rule[3].class, 2);
	ruleset_free(&ruleset);
	assert_empty(&ruleset);
}

/* Editors of Windows: a byte order mark, CR LF; and the rules before what they name. */
void other_orders(void **state)
{
	struct ruleset ruleset;

	(void)state;
	assert_read("\xef\xbb\xbfrules:\r\n- {class: a, match: {src: l}, name: r}\r\n"
		    "classes: {a: {}}\r\nprefixes: {l: \"::/0\"}\r\nversion: \"1\"\r\n...\r\n",
		    &ruleset);
	assert_string_equal(ruleset.rules[0].text, "src=l");
	assert_prefix(&ruleset.rules[0].sources, 0, "::", 0);
	ruleset_free(&ruleset);
}

/* A rule's conditions are cut where there is no more room, and not before. */
void text_of_conditions(void **state)
{
	const size_t most = TXP_CLASS_TEXT - 1, key = strlen("cgroup=/");
	struct ruleset ruleset;
	char path[TXP_CLASS_TEXT + 1], *text;

	(void)state;
	for (size_t more = 0; more < 2; more++) {
		memset(path, 'x', sizeof(path));
		path[most - key + more] = '\0';
		assert_true(asprintf(&text,
				     HEAD "classes: {c: {}}\nrules: [{name: r, class: c, match: "
					  "{cgroup: /%s}}]\n",
				     path) > 0);
		assert_int_equal(ruleset_read(text, strlen(text), NULL, NULL, NULL, &ruleset), 0);
		assert_int_equal(strlen(ruleset.rules[0].text), most);
		assert_string_equal(ruleset.rules[0].text + most - 3, more ? "..." : "xxx");
		ruleset_free(&ruleset);
		free(text);
	}
}

/* Without a host nothing of it is asked. */
void no_host(void **state)
{
	static const char text[] =
		HEAD "classes: {a: {tc: 1:99, rate: 1kbit}}\n"
		     "rules: [{name: r, class: a, match: {dev: any, cgroup: /x}}]\n";
	static const struct ruleset_host nothing;
	struct ruleset ruleset;
	struct logged logged = { 0 };

	(void)state;
	assert_int_equal(ruleset_read(text, strlen(text), &nothing, take_error, &logged, &ruleset),
			 0);
	assert_int_equal(ruleset.rules[0].ranges[TXP_DIMENSION_DEV].count, 1);
	ruleset_free(&ruleset);
	assert_int_equal(ruleset_read(text, strlen(text), NULL, take_error, &logged, &ruleset), 0);
	ruleset_free(&ruleset);
}

/* Only such a priority, and only with a rate. */
void rates_with_priorities(void **state)
{
	static const char text[] = HEAD "rules: []\nclasses:\n  a: {priority: 7}\n"
					"  b: {tc: \"1:7\"}\n  c: {rate: 1mbit, priority: 6}\n"
					"  d: {rate: 1mbit, tc: \"7:8\"}\n  e: {rate: 1mbit}\n";
	struct ruleset ruleset;

	(void)state;
	assert_read(text, &ruleset);
	ruleset_free(&ruleset);
}

void rates(void **state)
{
	static const struct {
		const char *text;
		__u64 rate;
	} rows[] = {
		{ "8", 1 },
		{ "64bit", 8 },
		{ "1kbit", 125 },
		{ "1Kibit", 128 },
		{ "50mbit", 6250000 },
		{ "1.5gbit", 187500000 },
		{ "1mibit", 131072 },
		{ "2gibit", 268435456 },
		{ "1tbit", 125000000000 },
		{ "1tibit", 137438953472 },
		{ "1bps", 1 },
		{ "10kbps", 10000 },
		{ "0.001mbps", 1000 },
		{ "1MiBps", 1048576 },
		{ "1.25KBPS", 1250 },
		{ "100gbps", 100000000000 },
	};
	__u64 rate;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (word_rate(rows[i].text, &rate) || rate != rows[i].rate)
			fail_msg("%s: %llu", rows[i].text, rate);
	}
}
