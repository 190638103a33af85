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
	{ "null document", "---\n", 2, "here is nothing, wanted is a mapping" },
	{ "a list", "- 1\n", 1, "a file of rules: here is a list, wanted is a mapping" },
	{ "a word", "rules\n", 1, "here is a word, wanted is a mapping" },
	{ "no version", "rules: []\n", 1, "a file of rules needs the key \"version\"" },
	{ "no rules", "# first\nversion: 1\n", 2, "a file of rules needs the key \"rules\"" },
	{ "other version", "version: 2\nrules: []\n", 1, "version \"2\" is not known" },
	{ "version is a list", "version: [1]\nrules: []\n", 1, "version: here is a list" },
	{ "unknown key", HEAD "rules: []\nclass: {}\n", 3,
	  "has no key \"class\"; it has version, prefixes, classes, rules" },
	{ "key twice", HEAD "rules: []\nversion: 1\n", 3,
	  "\"version\" is here for a second time, after line 1" },
	{ "key is a list", HEAD "? [rules]\n: []\nrules: []\n", 2, "here is a list, wanted" },
	{ "merge key", HEAD "rules: []\n<<: {}\n", 3, "no key \"<<\"" },
	{ "rules are a mapping", HEAD "rules: {}\n", 2,
	  "rules: here is a mapping, wanted is a list" },
	{ "rules are nothing", HEAD "rules:\n", 2, "rules: here is nothing, wanted is a list" },
	{ "classes are a list", HEAD "classes: []\nrules: []\n", 2, "classes: here is a list" },
	{ "prefixes are a list", HEAD "prefixes: []\nrules: []\n", 2, "prefixes: here is a list" },
	{ "a rule is a word", HEAD "rules:\n- all\n", 3, "a rule: here is a word" },
	{ "syntax", HEAD "rules: [\n- a\n", 3, "no YAML: " },
	{ "syntax, unclosed", HEAD "rules: [\n", 3, "while parsing a flow" },
	{ "tab", HEAD "rules:\n\t- a\n", 3,
	  "no YAML: found character that cannot start any token" },
	{ "syntax alone", "version: 7\nrules: ]\n", 2, "no YAML: " },
	{ "no UTF-8", HEAD "rules: []\n# caf\xe9 au lait\n", 3, "no YAML: invalid " },
	{ "control byte", HEAD "rules: []\n# \x01\n", 3, "control characters are not allowed" },
	{ "NUL as a word", "version: \"1\\0\"\nrules: []\n", 1, "a word with a NUL byte" },
	{ "NUL in a key", HEAD "rules: []\n\"a\\0\": 1\n", 3, "a word with a NUL byte" },
	{ "anchor", HEAD "rules: &all []\n", 2, "an anchor (&) has no place" },
	{ "alias", HEAD "rules: *all\n", 2, "an alias (*) has no place" },
	{ "tag", HEAD "rules: !!seq []\n", 2, "a tag (!) has no place" },
	{ "tag directive", "%TAG ! tag:x,2000:\n---\nversion: 1\nrules: []\n", 1, "(%TAG)" },
	{ "two documents", HEAD "rules: []\n---\nversion: 1\n", 4, "a second document" },
	{ "deep", HEAD "rules: [[[[[[[[[]]]]]]]]]\n", 2, "nested deeper than 8" },
	{ "list name", HEAD "prefixes: {a b: 10.0.0.0/8}\nrules: []\n", 2, "\"a b\" is no name" },
	{ "list name is an address", HEAD "prefixes: {10.0.0.1: 10.0.0.0/8}\nrules: []\n", 2,
	  "\"10.0.0.1\" is an address" },
	{ "list twice", HEAD "prefixes:\n  a: 10.0.0.0/8\n  a: 10.0.0.0/8\nrules: []\n", 4,
	  "\"a\" is here for a second time, after line 3" },
	{ "empty list", HEAD "prefixes: {a: []}\nrules: []\n", 2, "an empty list" },
	{ "list of a mapping", HEAD "prefixes: {a: {}}\nrules: []\n", 2, "here is a mapping" },
	{ "list of lists", HEAD "prefixes: {a: [[10.0.0.0/8]]}\nrules: []\n", 2, "here is a list" },
	{ "no prefix", HEAD "prefixes:\n  a:\n  - 10.0.0.0/8\n  - ten\nrules: []\n", 5,
	  "prefixes: \"ten\" is no address and no prefix" },
	{ "class name", HEAD "classes: {ä: {}}\nrules: []\n", 2, "\"??\" is no name" },
	{ "empty class name", HEAD "classes: {\"\": {}}\nrules: []\n", 2, "\"\" is no name" },
	{ "class name too long", HEAD "classes: {" NAME31 "x: {}}\nrules: []\n", 2,
	  "is longer than 31 characters" },
	{ "class twice", HEAD "classes:\n  a: {}\n  b: {}\n  a: {}\nrules: []\n", 5,
	  "\"a\" is here for a second time, after line 3" },
};

/* Each is CLASS: {...} */
static const struct row classes[] = {
	{ "class is nothing", "", 0, "a class: here is nothing, wanted is a mapping" },
	{ "unknown key", "{prio: 1}", 0,
	  "a class has no key \"prio\"; it has priority, tc, dscp, mark, rate" },
	{ "priority", "{priority: high}", 0, "priority: \"high\" is no number" },
	{ "priority negative", "{priority: -1}", 0, "priority: \"-1\" is no number" },
	{ "priority too large", "{priority: 4294967296}", 0, "is more than 4294967295" },
	{ "priority of tc", "{priority: \"1:20\"}", 0, "priority: \"1:20\" is no number" },
	{ "priority list", "{priority: [1]}", 0, "priority: here is a list, wanted is a word" },
	{ "tc and priority", "{tc: \"1:20\", priority: 1}", 0, "either tc or priority" },
	{ "priority and tc", "{priority: 1, tc: \"1:20\"}", 0, "either tc or priority" },
	{ "tc number", "{tc: 20}", 0, "tc: \"20\" is no class of tc" },
	{ "tc not hexadecimal", "{tc: \"1:2g\"}", 0, "\"1:2g\" is no class of tc" },
	{ "tc too large", "{tc: \"1:10000\"}", 0, "\"1:10000\" is no class of tc" },
	{ "tc of no qdisc", "{tc: \"0:1\"}", 0, "\"0:1\" is no class of tc" },
	{ "dscp name", "{dscp: af14}", 0, "dscp: \"af14\" is no number" },
	{ "dscp too large", "{dscp: 64}", 0, "dscp: \"64\" is more than 63" },
	{ "dscp range", "{dscp: 1-2}", 0, "dscp: \"1-2\" is no number" },
	{ "mark", "{mark: red}", 0, "mark: \"red\" is no mark" },
	{ "mark mask", "{mark: 1/x}", 0, "mark: \"1/x\" is no mark" },
	{ "mark too large", "{mark: 0x100000000}", 0, "\"0x100000000\" is no mark" },
	{ "mark beyond mask", "{mark: 0x11/0xf}", 0, "not of its mask; without: 0x1/0xf" },
	{ "rate word", "{rate: fast}", 0, "rate: \"fast\" is no rate" },
	{ "rate unit", "{rate: 10mbits}", 0, "rate: \"10mbits\" is no rate" },
	{ "rate prefix alone", "{rate: 10m}", 0, "rate: \"10m\" is no rate" },
	{ "rate negative", "{rate: -1mbit}", 0, "rate: \"-1mbit\" is no rate" },
	{ "rate fraction", "{rate: 1.mbit}", 0, "rate: \"1.mbit\" is no rate" },
	{ "rate zero", "{rate: 0mbit}", 0, "less than a byte" },
	{ "rate too small", "{rate: 7bit}", 0, "less than a byte" },
	{ "rate too large", "{rate: 99999999999tbit}", 0, "too large" },
	{ "rate far too large", "{rate: 99999999999999999999}", 0, "too large" },
	{ "rate at once", "{rate: 1mbit, priority: 7}", 0,
	  "priority 0x7 has 7 in its low four bits: fq sends such packets at once" },
	{ "rate at once, priority first", "{priority: 0xff17, rate: 1mbit}", 0, "0xff17 has 7" },
	{ "rate at once, of tc", "{rate: 1mbit, tc: \"1:27\"}", 0, "priority 0x10027 has 7" },
};

/* Each is a rule; the file has more around it. */
static const struct row rules[] = {
	{ "no name", "{class: plain}", 0, "a rule needs the key \"name\"" },
	{ "no class", "{name: a}", 0, "a rule needs the key \"class\"" },
	{ "unknown key", "{name: a, class: plain, dport: 1}", 0,
	  "a rule has no key \"dport\"; it has name, match, class" },
	{ "name", "{name: a/b, class: plain}", 0, "\"a/b\" is no name" },
	{ "name too long", "{name: " NAME31 "x, class: plain}", 0, "longer than 31 characters" },
	{ "unknown class", "{name: a, class: nosuch}", 0, "\"nosuch\" is no class of this file" },
	{ "class is a list", "{name: a, class: [plain]}", 0, "class: here is a list" },
	{ "match is nothing", "{name: a, class: plain, match: }", 0, "match: here is nothing" },
	{ "match is a list", "{name: a, class: plain, match: [tcp]}", 0, "match: here is a list" },
};

/* Each is what MATCH: {...} of a rule of class plain has. */
static const struct row matches[] = {
	{ "unknown key", "port: 1", 0,
	  "match has no key \"port\"; it has dev, direction, family, proto, src, dst, sport, dport, "
	  "dscp, mark, priority, len, uid, cgroup" },
	{ "key twice", "len: 1, len: 2", 0, "\"len\" is here for a second time" },
	{ "condition is a mapping", "len: {}", 0, "len: here is a mapping, wanted is a word" },
	{ "empty list", "len: []", 0, "len: an empty list" },
	{ "list in a list", "len: [[1]]", 0, "len: here is a list, wanted is a word" },
	{ "nothing", "len: ", 0, "len: \"\" is no number" },
	{ "upside down", "dport: 2000-1000", 0, "dport: \"2000-1000\" is upside down" },
	{ "port too large", "dport: [1, 65536]", 0, "dport: \"65536\" is more than 65535" },
	{ "range too large", "sport: 1-65536", 0, "sport: \"1-65536\" is more than 65535" },
	{ "huge", "len: 99999999999999999999", 0, "is more than 4294967295" },
	{ "hexadecimal", "len: 0xg", 0, "\"0xg\" is no number" },
	{ "half a range", "len: 1-", 0, "\"1-\" is no number" },
	{ "two dashes", "len: 1-2-3", 0, "\"1-2-3\" is no number" },
	{ "long word", "len: " LONG, 0, "is no number" },
	{ "long range", "len: " LONG "-1", 0, "is no number" },
	{ "long address", "src: " LONG "/8", 0, "is no address" },
	{ "long mark", "mark: " LONG "/1", 0, "is no mark" },
	{ "spaces", "len: 1 - 2", 0, "\"1 - 2\" is no number" },
	{ "dscp name", "dscp: af99", 0, "\"af99\" is no number, no range, and no name" },
	{ "dscp too large", "dscp: 60-64", 0, "\"60-64\" is more than 63" },
	{ "proto name", "proto: nosuch", 0, "\"nosuch\" is no number, no range, and no name" },
	{ "proto too large", "proto: 256", 0, "\"256\" is more than 255" },
	{ "uid name", "uid: no-such-user", 0,
	  "\"no-such-user\" is no number, no range, and no name" },
	{ "uid -1", "uid: 4294967295", 0, "is more than 4294967294" },
	{ "direction", "direction: out", 0, "direction: \"out\" is not local or forwarded" },
	{ "family", "family: inet", 0, "family: \"inet\" is not ipv4 or ipv6" },
	{ "mark", "mark: 1/2/3", 0, "mark: \"1/2/3\" is no mark" },
	{ "mark beyond mask", "mark: 3/2", 0, "without: 0x2/0x2" },
	{ "unknown list", "src: nosuch", 0, "src: \"nosuch\" is no list of prefixes" },
	{ "bad prefix", "src: 10.0.0.0/33", 0, "src: \"10.0.0.0/33\" is no address" },
	{ "bad IPv6 prefix", "dst: \"2001:db8::/129\"", 0, "is no address" },
	{ "host bits", "src: 192.0.2.1/24", 0,
	  "\"192.0.2.1/24\" has bits beyond its length; the prefix is 192.0.2.0/24" },
	{ "IPv6 host bits", "dst: \"2001:db8::1/32\"", 0, "the prefix is 2001:db8::/32" },
	{ "unknown device", "dev: eth9", 0, "there is no device \"eth9\"" },
	{ "device name too long", "dev: n234567890123456", 0, "there is no device" },
	{ "device without txpath", "dev: [eth0, eth2]", 0, "not attached to device \"eth2\"" },
	{ "unknown cgroup", "cgroup: /nosuch", 0, "cgroup: \"/nosuch\": No such file" },
	{ "no cgroups", "cgroup: /unmounted", 0, "\"/unmounted\": cgroup2 is not mounted" },
	{ "cgroups of a container", "cgroup: /contained", 0,
	  "\"/contained\": cgroup2 is mounted here from below its root" },
	{ "cgroup path", "cgroup: backup", 0, "\"backup\" is no path" },
	{ "cgroup above", "cgroup: /../etc", 0, "\"/../etc\" is no path" },
	{ "cgroup above at the end", "cgroup: /a/..", 0, "\"/a/..\" is no path" },
	{ "family and src", "family: ipv4, src: \"2001:db8::/32\"", 0,
	  "rule \"a\": never matches: family is of ipv4, src of ipv6" },
	{ "family and list", "family: ipv6, dst: four", 0, "family is of ipv6, dst of ipv4" },
	{ "src and dst", "src: four, dst: six", 0, "src is of ipv4, dst of ipv6" },
	{ "icmp in IPv6", "proto: icmp, family: ipv6", 0, "family is of ipv6, proto of ipv4" },
	{ "icmpv6 in IPv4", "proto: icmpv6, src: four", 0, "proto is of ipv6, src of ipv4" },
	{ "ports of icmp", "proto: icmp, dport: 1", 0, "rule \"a\": protocol 1 has no ports" },
	{ "ports of some", "proto: [tcp, 47], sport: 1", 0, "protocol 47 has no ports" },
	{ "ports in a range", "proto: 6-17, sport: 1", 0, "protocol 7 has no ports" },
	{ "uid forwarded", "uid: 0, direction: forwarded", 0, "forwarded packets have no uid" },
	{ "cgroup forwarded", "cgroup: /backup, direction: forwarded", 0, "no uid or cgroup" },
};

/* Each is a rule, held against the host; classes: tc has "1:20", other "1:30", paced a rate; of the
 * rest the host says what their name does. */
static const struct row hosts[] = {
	{ "tc without dev", "{name: a, class: tc}", 0,
	  "class \"tc\" has tc, a class of one device" },
	{ "tc elsewhere", "{name: a, class: tc, match: {dev: [eth0, eth1]}}", 0,
	  "rule \"a\": eth1: class 1:20 of \"tc\": there is no such class of tc" },
	{ "no such class of tc", "{name: a, class: other, match: {dev: eth0}}", 0,
	  "eth0: class 1:30 of \"other\": there is no such class" },
	{ "inner class", "{name: a, class: inner, match: {dev: eth0}}", 0,
	  "eth0: class 1:32 of \"inner\": it has classes below it: packets go to leaves" },
	{ "nested class", "{name: a, class: nested, match: {dev: eth0}}", 0,
	  "class 1:33 of \"nested\": it is not of the device's root qdisc" },
	{ "class of mq", "{name: a, class: otherwise, match: {dev: eth0}}", 0,
	  "class 1:34 of \"otherwise\": its qdisc does not go by priority" },
	{ "class not to be asked for", "{name: a, class: tc, match: {dev: eth3}}", 0,
	  "eth3: class 1:20 of \"tc\": Permission denied" },
	{ "time not to be asked for", "{name: a, class: paced, match: {dev: eth3}}", 0,
	  "eth3: its qdiscs, for the rate of \"paced\": Permission denied" },
	{ "rate", "{name: a, class: paced, match: {dev: eth1}}", 0,
	  "eth1: not all of its qdiscs keep departure times (fq does): the rate of \"paced\"" },
	{ "rate on all", "{name: a, class: paced}", 0, "eth1: not all of its qdiscs keep" },
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
		       "rule \"a\": so the one of line 4 is named");
}
