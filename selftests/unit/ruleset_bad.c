// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What is wrong with bad files of rules, and where. */
#include "ruleset_tests.h"

#include <errno.h>
#include <stdio.h>

/* One error each. */

struct row {
	const char *name;
	const char *text;
	int line; /* of the file, or for RULE and CLASS of their own lines */
	const char *part;
};

#define LONG "00000000000000000000000000000000000000000000000000000000000000000000000000000001"
#define NAME31 "n234567890123456789012345678901"

static const struct row files[] = {
	{ "empty", "", 0, "the file is empty" },
	{ "comment alone", "# nothing\n", 0, "the file is empty" },
	{ "null document", "---\n", 2, "expected a mapping, found nothing" },
	{ "a list", "- 1\n", 1, "a file of rules: expected a mapping, found a list" },
	{ "a word", "rules\n", 1, "expected a mapping, found a single value" },
	{ "no version", "rules: []\n", 1, "a file of rules needs the key \"version\"" },
	{ "no rules", "# first\nversion: 1\n", 2, "a file of rules needs the key \"rules\"" },
	{ "other version", "version: 2\nrules: []\n", 1, "version \"2\" is not supported" },
	{ "version is a list", "version: [1]\nrules: []\n", 1,
	  "version: expected a single value, found a list" },
	{ "unknown key", HEAD "rules: []\nclass: {}\n", 3,
	  "has no key \"class\"; its keys are version, prefixes, classes, rules" },
	{ "key twice", HEAD "rules: []\nversion: 1\n", 3,
	  "\"version\" appears twice; the first is on line 1" },
	{ "key is a list", HEAD "? [rules]\n: []\nrules: []\n", 2, "found a list" },
	{ "merge key", HEAD "rules: []\n<<: {}\n", 3, "no key \"<<\"" },
	{ "rules are a mapping", HEAD "rules: {}\n", 2, "rules: expected a list, found a mapping" },
	{ "rules are nothing", HEAD "rules:\n", 2, "rules: expected a list, found nothing" },
	{ "classes are a list", HEAD "classes: []\nrules: []\n", 2,
	  "classes: expected a mapping, found a list" },
	{ "prefixes are a list", HEAD "prefixes: []\nrules: []\n", 2,
	  "prefixes: expected a mapping, found a list" },
	{ "a rule is a word", HEAD "rules:\n- all\n", 3,
	  "a rule: expected a mapping, found a single value" },
	{ "syntax", HEAD "rules: [\n- a\n", 3, "invalid YAML: " },
	{ "syntax, unclosed", HEAD "rules: [\n", 3, "while parsing a flow" },
	{ "tab", HEAD "rules:\n\t- a\n", 3,
	  "invalid YAML: found character that cannot start any token" },
	{ "syntax alone", "version: 7\nrules: ]\n", 2, "invalid YAML: " },
	{ "no UTF-8", HEAD "rules: []\n# caf\xe9 au lait\n", 3, "invalid YAML: invalid " },
	{ "control byte", HEAD "rules: []\n# \x01\n", 3, "control characters are not allowed" },
	{ "NUL as a word", "version: \"1\\0\"\nrules: []\n", 1, "a value with a NUL byte" },
	{ "NUL in a key", HEAD "rules: []\n\"a\\0\": 1\n", 3, "a value with a NUL byte" },
	{ "anchor", HEAD "rules: &all []\n", 2, "an anchor (&) is not allowed" },
	{ "alias", HEAD "rules: *all\n", 2, "an alias (*) is not allowed" },
	{ "tag", HEAD "rules: !!seq []\n", 2, "a tag (!) is not allowed" },
	{ "tag directive", "%TAG ! tag:x,2000:\n---\nversion: 1\nrules: []\n", 1, "(%TAG)" },
	{ "two documents", HEAD "rules: []\n---\nversion: 1\n", 4, "a second YAML document" },
	{ "deep", HEAD "rules: [[[[[[[[[]]]]]]]]]\n", 2, "nested deeper than 8" },
	{ "list name", HEAD "prefixes: {a b: 10.0.0.0/8}\nrules: []\n", 2,
	  "\"a b\" is not a name" },
	{ "list name is an address", HEAD "prefixes: {10.0.0.1: 10.0.0.0/8}\nrules: []\n", 2,
	  "named \"10.0.0.1\": rules would read it as an address" },
	{ "list twice", HEAD "prefixes:\n  a: 10.0.0.0/8\n  a: 10.0.0.0/8\nrules: []\n", 4,
	  "\"a\" appears twice; the first is on line 3" },
	{ "empty list", HEAD "prefixes: {a: []}\nrules: []\n", 2, "the list is empty" },
	{ "list of a mapping", HEAD "prefixes: {a: {}}\nrules: []\n", 2, "found a mapping" },
	{ "list of lists", HEAD "prefixes: {a: [[10.0.0.0/8]]}\nrules: []\n", 2, "found a list" },
	{ "no prefix", HEAD "prefixes:\n  a:\n  - 10.0.0.0/8\n  - ten\nrules: []\n", 5,
	  "prefixes: \"ten\" is neither an address nor a prefix" },
	{ "class name", HEAD "classes: {ä: {}}\nrules: []\n", 2, "\"??\" is not a name" },
	{ "empty class name", HEAD "classes: {\"\": {}}\nrules: []\n", 2, "\"\" is not a name" },
	{ "class name too long", HEAD "classes: {" NAME31 "x: {}}\nrules: []\n", 2,
	  "is longer than 31 characters" },
	{ "class twice", HEAD "classes:\n  a: {}\n  b: {}\n  a: {}\nrules: []\n", 5,
	  "\"a\" appears twice; the first is on line 3" },
};

/* Each is CLASS: {...} */
static const struct row classes[] = {
	{ "class is nothing", "", 0, "a class: expected a mapping, found nothing" },
	{ "unknown key", "{prio: 1}", 0,
	  "a class has no key \"prio\"; its keys are priority, tc, dscp, mark, rate" },
	{ "priority", "{priority: high}", 0, "priority: \"high\" is not a number" },
	{ "priority negative", "{priority: -1}", 0, "priority: \"-1\" is not a number" },
	{ "priority too large", "{priority: 4294967296}", 0, "is more than 4294967295" },
	{ "priority of tc", "{priority: \"1:20\"}", 0, "priority: \"1:20\" is not a number" },
	{ "priority list", "{priority: [1]}", 0,
	  "priority: expected a single value, found a list" },
	{ "tc and priority", "{tc: \"1:20\", priority: 1}", 0, "both tc and priority" },
	{ "priority and tc", "{priority: 1, tc: \"1:20\"}", 0, "both tc and priority" },
	{ "tc number", "{tc: 20}", 0, "tc: \"20\" is not a tc class" },
	{ "tc not hexadecimal", "{tc: \"1:2g\"}", 0, "\"1:2g\" is not a tc class" },
	{ "tc too large", "{tc: \"1:10000\"}", 0, "\"1:10000\" is not a tc class" },
	{ "tc of no qdisc", "{tc: \"0:1\"}", 0, "\"0:1\" is not a tc class" },
	{ "dscp name", "{dscp: af14}", 0, "dscp: \"af14\" is not a number" },
	{ "dscp too large", "{dscp: 64}", 0, "dscp: \"64\" is more than 63" },
	{ "dscp range", "{dscp: 1-2}", 0, "dscp: \"1-2\" is not a number" },
	{ "mark", "{mark: red}", 0, "mark: \"red\" is neither a mark" },
	{ "mark mask", "{mark: 1/x}", 0, "mark: \"1/x\" is neither a mark" },
	{ "mark too large", "{mark: 0x100000000}", 0, "\"0x100000000\" is neither a mark" },
	{ "mark beyond mask", "{mark: 0x11/0xf}", 0, "outside its mask; write 0x1/0xf" },
	{ "rate word", "{rate: fast}", 0, "rate: \"fast\" is not a rate" },
	{ "rate unit", "{rate: 10mbits}", 0, "rate: \"10mbits\" is not a rate" },
	{ "rate prefix alone", "{rate: 10m}", 0, "rate: \"10m\" is not a rate" },
	{ "rate negative", "{rate: -1mbit}", 0, "rate: \"-1mbit\" is not a rate" },
	{ "rate fraction", "{rate: 1.mbit}", 0, "rate: \"1.mbit\" is not a rate" },
	{ "rate zero", "{rate: 0mbit}", 0, "less than 8 bit/s" },
	{ "rate too small", "{rate: 7bit}", 0, "less than 8 bit/s" },
	{ "rate too large", "{rate: 99999999999tbit}", 0, "too large" },
	{ "rate far too large", "{rate: 99999999999999999999}", 0, "too large" },
	{ "rate at once", "{rate: 1mbit, priority: 7}", 0,
	  "priority 0x7 has 7 in its low four bits, and fq sends such packets at once" },
	{ "rate at once, priority first", "{priority: 0xff17, rate: 1mbit}", 0, "0xff17 has 7" },
	{ "rate at once, of tc", "{rate: 1mbit, tc: \"1:27\"}", 0, "priority 0x10027 has 7" },
};

/* Each is a rule; the file has more around it. */
static const struct row rules[] = {
	{ "no name", "{class: plain}", 0, "a rule needs the key \"name\"" },
	{ "no class", "{name: a}", 0, "a rule needs the key \"class\"" },
	{ "unknown key", "{name: a, class: plain, dport: 1}", 0,
	  "a rule has no key \"dport\"; its keys are name, match, class" },
	{ "name", "{name: a/b, class: plain}", 0, "\"a/b\" is not a name" },
	{ "name too long", "{name: " NAME31 "x, class: plain}", 0, "longer than 31 characters" },
	{ "unknown class", "{name: a, class: nosuch}", 0, "this file has no class \"nosuch\"" },
	{ "class is a list", "{name: a, class: [plain]}", 0,
	  "class: expected a single value, found a list" },
	{ "match is nothing", "{name: a, class: plain, match: }", 0,
	  "match: expected a mapping, found nothing" },
	{ "match is a list", "{name: a, class: plain, match: [tcp]}", 0,
	  "match: expected a mapping, found a list" },
};

/* Each is what MATCH: {...} of a rule of class plain has. */
static const struct row matches[] = {
	{ "unknown key", "port: 1", 0,
	  "match has no key \"port\"; its keys are dev, direction, family, proto, src, dst, sport, dport, "
	  "dscp, mark, priority, len, uid, cgroup" },
	{ "key twice", "len: 1, len: 2", 0, "\"len\" appears twice" },
	{ "condition is a mapping", "len: {}", 0, "len: expected a single value, found a mapping" },
	{ "empty list", "len: []", 0, "len: the list is empty" },
	{ "list in a list", "len: [[1]]", 0, "len: expected a single value, found a list" },
	{ "nothing", "len: ", 0, "len: \"\" is not a number" },
	{ "ends before", "dport: 2000-1000", 0, "dport: \"2000-1000\" ends before it begins" },
	{ "port too large", "dport: [1, 65536]", 0, "dport: \"65536\" is more than 65535" },
	{ "range too large", "sport: 1-65536", 0, "sport: \"1-65536\" is more than 65535" },
	{ "huge", "len: 99999999999999999999", 0, "is more than 4294967295" },
	{ "hexadecimal", "len: 0xg", 0, "\"0xg\" is not a number" },
	{ "half a range", "len: 1-", 0, "\"1-\" is not a number" },
	{ "two dashes", "len: 1-2-3", 0, "\"1-2-3\" is not a number" },
	{ "long word", "len: " LONG, 0, "is not a number" },
	{ "long range", "len: " LONG "-1", 0, "is not a number" },
	{ "long address", "src: " LONG "/8", 0, "is neither an address" },
	{ "long mark", "mark: " LONG "/1", 0, "is neither a mark" },
	{ "spaces", "len: 1 - 2", 0, "\"1 - 2\" is not a number" },
	{ "dscp name", "dscp: af99", 0, "\"af99\" is not a number, a range, or a known name" },
	{ "dscp too large", "dscp: 60-64", 0, "\"60-64\" is more than 63" },
	{ "proto name", "proto: nosuch", 0,
	  "\"nosuch\" is not a number, a range, or a known name" },
	{ "proto too large", "proto: 256", 0, "\"256\" is more than 255" },
	{ "uid name", "uid: no-such-user", 0,
	  "\"no-such-user\" is not a number, a range, or a known name" },
	{ "uid -1", "uid: 4294967295", 0, "is more than 4294967294" },
	{ "direction", "direction: out", 0, "direction: \"out\" is not local or forwarded" },
	{ "family", "family: inet", 0, "family: \"inet\" is not ipv4 or ipv6" },
	{ "mark", "mark: 1/2/3", 0, "mark: \"1/2/3\" is neither a mark" },
	{ "mark beyond mask", "mark: 3/2", 0, "write 0x2/0x2" },
	{ "unknown list", "src: nosuch", 0, "src: \"nosuch\" is neither a list of prefixes" },
	{ "bad prefix", "src: 10.0.0.0/33", 0, "src: \"10.0.0.0/33\" is neither an address" },
	{ "bad IPv6 prefix", "dst: \"2001:db8::/129\"", 0, "is neither an address" },
	{ "host bits", "src: 192.0.2.1/24", 0,
	  "\"192.0.2.1/24\" has bits set beyond its length; write 192.0.2.0/24" },
	{ "IPv6 host bits", "dst: \"2001:db8::1/32\"", 0, "write 2001:db8::/32" },
	{ "unknown device", "dev: eth9", 0, "there is no device \"eth9\"" },
	{ "device name too long", "dev: n234567890123456", 0, "there is no device" },
	{ "device without txpath", "dev: [eth0, eth2]", 0, "not attached to device \"eth2\"" },
	{ "unknown cgroup", "cgroup: /nosuch", 0, "cgroup: \"/nosuch\": No such file" },
	{ "no cgroups", "cgroup: /unmounted", 0, "\"/unmounted\": cgroup2 is not mounted" },
	{ "cgroups of a container", "cgroup: /contained", 0,
	  "\"/contained\": cgroup2 is mounted from below its root" },
	{ "cgroup path", "cgroup: backup", 0, "\"backup\" is not a path" },
	{ "cgroup above", "cgroup: /../etc", 0, "\"/../etc\" is not a path" },
	{ "cgroup above at the end", "cgroup: /a/..", 0, "\"/a/..\" is not a path" },
	{ "family and src", "family: ipv4, src: \"2001:db8::/32\"", 0,
	  "rule \"a\" never matches: family needs ipv4, but src needs ipv6" },
	{ "family and list", "family: ipv6, dst: four", 0,
	  "family needs ipv6, but dst needs ipv4" },
	{ "src and dst", "src: four, dst: six", 0, "src needs ipv4, but dst needs ipv6" },
	{ "icmp in IPv6", "proto: icmp, family: ipv6", 0,
	  "family needs ipv6, but proto needs ipv4" },
	{ "icmpv6 in IPv4", "proto: icmpv6, src: four", 0, "proto needs ipv6, but src needs ipv4" },
	{ "ports of icmp", "proto: icmp, dport: 1", 0, "rule \"a\": protocol 1 has no ports" },
	{ "ports of some", "proto: [tcp, 47], sport: 1", 0, "protocol 47 has no ports" },
	{ "ports in a range", "proto: 6-17, sport: 1", 0, "protocol 7 has no ports" },
	{ "uid forwarded", "uid: 0, direction: forwarded", 0, "forwarded packets have no uid" },
	{ "cgroup forwarded", "cgroup: /backup, direction: forwarded", 0, "no uid and no cgroup" },
};

/* Each is a rule, held against the host; classes: tc has "1:20", other "1:30", paced a rate; of the
 * rest the host says what their name does. */
static const struct row hosts[] = {
	{ "tc without dev", "{name: a, class: tc}", 0,
	  "class \"tc\" has the key tc, which names a class of one device" },
	{ "tc elsewhere", "{name: a, class: tc, match: {dev: [eth0, eth1]}}", 0,
	  "rule \"a\": eth1: tc class 1:20 of class \"tc\": the device has no such class" },
	{ "no such class of tc", "{name: a, class: other, match: {dev: eth0}}", 0,
	  "eth0: tc class 1:30 of class \"other\": the device has no such class" },
	{ "inner class", "{name: a, class: inner, match: {dev: eth0}}", 0,
	  "eth0: tc class 1:32 of class \"inner\": it has classes below it, and packets can only go to a leaf" },
	{ "nested class", "{name: a, class: nested, match: {dev: eth0}}", 0,
	  "tc class 1:33 of class \"nested\": it is not a class of the root qdisc" },
	{ "class of mq", "{name: a, class: otherwise, match: {dev: eth0}}", 0,
	  "tc class 1:34 of class \"otherwise\": its qdisc does not select classes by priority" },
	{ "class not to be asked for", "{name: a, class: tc, match: {dev: eth3}}", 0,
	  "eth3: tc class 1:20 of class \"tc\": Permission denied" },
	{ "time not to be asked for", "{name: a, class: paced, match: {dev: eth3}}", 0,
	  "eth3: reading its qdiscs, for the rate of class \"paced\": Permission denied" },
	{ "rate", "{name: a, class: paced, match: {dev: eth1}}", 0,
	  "eth1: the rate of class \"paced\" would have no effect: not all qdiscs of the device keep" },
	{ "rate on all", "{name: a, class: paced}", 0,
	  "eth1: the rate of class \"paced\" would have no effect" },
};

static void check_rows(const struct row *row, size_t count, const char *before, const char *after)
{
	int line = 1;
	char *text;

	for (const char *at = before; *at; at++)
		line += *at == '\n';
	for (size_t i = 0; i < count; i++, row++) {
		assert_true(asprintf(&text, "%s%s%s", before, row->text, after) >= 0);
		assert_refused(row->name, text, strlen(text), *before ? line : row->line,
			       row->part);
		free(text);
	}
}

#define CHECK_ROWS(rows, before, after)                                                            \
	check_rows(rows, sizeof(rows) / sizeof(*(rows)), before, after)

void bad_files(void **state)
{
	(void)state;
	CHECK_ROWS(files, "", "");
}

void bad_classes(void **state)
{
	(void)state;
	CHECK_ROWS(classes, HEAD "rules: []\nclasses:\n  a: ", "\n");
}

void bad_rules(void **state)
{
	(void)state;
	CHECK_ROWS(rules, HEAD "classes: {plain: {}}\nrules:\n- ", "\n");
}

void bad_matches(void **state)
{
	(void)state;
	CHECK_ROWS(matches,
		   HEAD "prefixes: {four: 10.0.0.0/8, six: \"fd00::/8\"}\nclasses: {plain: {}}\n"
			"rules:\n- {name: a, class: plain, match: {",
		   "}}\n");
}

void bad_for_the_host(void **state)
{
	(void)state;
	CHECK_ROWS(
		hosts,
		HEAD
		"classes: {tc: {tc: \"1:20\"}, other: {tc: \"1:30\"}, inner: {tc: \"1:32\"}, nested: {tc: \"1:33\"}, otherwise: {tc: \"1:34\"}, paced: {rate: 8bit}}\n"
		"rules:\n- ",
		"\n");
}

void nul_in_the_text(void **state)
{
	static const char text[] = HEAD "rules: []\n# \0\n";

	(void)state;
	assert_refused("NUL", text, sizeof(text) - 1, 3, "control characters are not allowed");
}

/* Several errors. */

static void assert_lines(const char *text, const int *lines, size_t count)
{
	struct ruleset ruleset;
	struct logged logged;

	assert_int_equal(read_bytes(text, strlen(text), &ruleset, &logged), -EINVAL);
	assert_empty(&ruleset);
	assert_int_equal(logged.count, count);
	assert_memory_equal(logged.lines, lines, count * sizeof(*lines));
}

void all_errors_in_order(void **state)
{
	static const int lines[] = { 1, 3, 5, 7, 7, 8, 9, 9, 11, 12, 13, 13 };

	(void)state;
	assert_lines("version: 3\n"
		     "rules:\n"
		     "- {name: a, class: nosuch}\n"
		     "- {name: b, class: c, match: {sport: 1}}\n"
		     "- {name: b, class: c, match: {dport: 1}}\n"
		     "- {name: d, class: c, match: {}}\n"
		     "- {name: e, class: c, match: {proto: icmp, sport: 1}}\n"
		     "- {name: f, class: c}\n"
		     "- {name: g, match: {len: 3-2}}\n"
		     "classes:\n"
		     "  d: {mark: no}\n"
		     "  d: {}\n"
		     "  c: {no: 1, rate: no}\n",
		     lines, sizeof(lines) / sizeof(*lines));
}

/* A rule with conditions, whatever they are, lets others be reached. */
void never_reached(void **state)
{
	static const int lines[] = { 5, 6 };

	(void)state;
	assert_lines(HEAD
		     "classes: {c: {}}\nrules: [{name: a, class: c, match: {len: 0-4294967295}},\n"
		     "{name: all, class: c},\n{name: b, class: c, match: {len: 1}},\n"
		     "{name: all2, class: c}]\n",
		     lines, 2);
}

void same_name_of_rules(void **state)
{
	static const char text[] = HEAD "classes: {c: {}}\nrules:\n"
					"- {name: a, class: c, match: {len: 1}}\n"
					"- {name: a, class: c, match: {len: 2}}\n";

	(void)state;
	assert_refused("rule twice", text, strlen(text), 5,
		       "rule \"a\": the rule of line 4 has the same name");
}
