// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Files of rules: what a good one becomes, what is wrong with bad ones and where, and that no
 * memory is an error like any other.
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
#include <errno.h>
#include <stdio.h>

#include "ruleset.h"
#include "ruleset_words.h"

/* The linker puts these in place of what the reader and libyaml call. */

static long allocations_left = -1; /* -1: no end of them */

static bool allocates(void)
{
	if (allocations_left <= 0)
		return allocations_left;
	allocations_left--;
	return true;
}

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
	return allocates() ? __real_malloc(size) : NULL;
}

void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size)
{
	return allocates() ? __real_realloc(memory, size) : NULL;
}

void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return allocates() ? __real_reallocarray(memory, count, size) : NULL;
}

char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
	return allocates() ? __real_strdup(text) : NULL;
}

int __real_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args);
int __wrap_vasprintf(char **text, const char *format, va_list args)
{
	return allocates() ? __real_vasprintf(text, format, args) : -1;
}

/*
 * The host: eth0 has class 1:20 and fq, eth1 neither, and eth3 cannot be asked; txpath is not
 * attached to eth2.
 */

#define ETH0 11
#define ETH1 12
#define ETH3 14
#define CLASSID 0x10020
#define CGROUP_ID 77

static int find_device(const char *name, void *context)
{
	(void)context;
	if (!strcmp(name, "eth0"))
		return ETH0;
	if (!strcmp(name, "eth1"))
		return ETH1;
	if (!strcmp(name, "eth3"))
		return ETH3;
	return strcmp(name, "eth2") ? -ENODEV : -ENOENT;
}

/* Minors from 0x30 on, on eth0: what else there is to say of a class. */
static int tc_class(int ifindex, __u32 classid, void *context)
{
	(void)context;
	if (ifindex == ETH3)
		return -EACCES;
	if (ifindex == ETH0 && classid >= CLASSID + 0x11 && classid <= CLASSID + 0x14)
		return TC_CLASS_LEAF + classid - CLASSID - 0x10;
	return ifindex == ETH0 && classid == CLASSID ? TC_CLASS_LEAF : TC_CLASS_ABSENT;
}

static int keeps_time(int ifindex, void *context)
{
	(void)context;
	return ifindex == ETH3 ? -EACCES : ifindex == ETH0;
}

static int find_cgroup(const char *path, struct cgroup *cgroup, void *context)
{
	(void)context;
	if (!strcmp(path, "/unmounted"))
		return -ENODEV;
	if (!strcmp(path, "/contained"))
		return -EXDEV;
	if (strcmp(path, "/backup"))
		return -ENOENT;
	*cgroup = (struct cgroup){ .id = CGROUP_ID, .level = 1 };
	return 0;
}

static const char *device_name(int ifindex, void *context)
{
	(void)context;
	return ifindex == ETH0 ? "eth0" : ifindex == ETH1 ? "eth1" : "eth3";
}

static const int devices[] = { ETH0, ETH1 };

static const struct ruleset_host host = {
	.device = find_device,
	.devices = devices,
	.device_count = 2,
	.tc_class = tc_class,
	.keeps_time = keeps_time,
	.cgroup = find_cgroup,
	.device_name = device_name,
};

/* What was told: all errors, and the first of them. */

#define TOLD_MAX 512

struct told {
	size_t count;
	int lines[16];
	char first[TOLD_MAX];
};

static void take_error(int line, const char *message, void *context)
{
	struct told *told = context;

	if (!told->count)
		snprintf(told->first, sizeof(told->first), "%s", message);
	if (told->count < sizeof(told->lines) / sizeof(*told->lines))
		told->lines[told->count] = line;
	told->count++;
}

static int read_bytes(const char *text, size_t size, struct ruleset *ruleset, struct told *told)
{
	*told = (struct told){ 0 };
	return ruleset_read(text, size, &host, take_error, told, ruleset);
}

static void assert_empty(const struct ruleset *ruleset)
{
	static const struct ruleset empty;

	assert_memory_equal(ruleset, &empty, sizeof(empty));
}

static void assert_read(const char *text, struct ruleset *ruleset)
{
	struct told told;
	int err = read_bytes(text, strlen(text), ruleset, &told);

	if (err || told.count)
		fail_msg("line %d: %s", told.lines[0], told.first);
}

static void assert_refused(const char *name, const char *text, size_t size, int line,
			   const char *part)
{
	struct ruleset ruleset;
	struct told told;
	int err = read_bytes(text, size, &ruleset, &told);

	if (err != -EINVAL || told.count != 1 || told.lines[0] != line ||
	    !strstr(told.first, part)) {
		ruleset_free(&ruleset);
		fail_msg("%s: %d, %zu errors, line %d (not %d): \"%s\" (not \"%s\")", name, err,
			 told.count, told.lines[0], line, told.first, part);
	}
	assert_empty(&ruleset);
}

/* One error each. */

struct row {
	const char *name;
	const char *text;
	int line; /* of the file, or for RULE and CLASS of their own lines */
	const char *part;
};

#define HEAD "version: 1\n"
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

static void bad_files(void **state)
{
	(void)state;
	CHECK_ROWS(files, "", "");
}

static void bad_classes(void **state)
{
	(void)state;
	CHECK_ROWS(classes, HEAD "rules: []\nclasses:\n  a: ", "\n");
}

static void bad_rules(void **state)
{
	(void)state;
	CHECK_ROWS(rules, HEAD "classes: {plain: {}}\nrules:\n- ", "\n");
}

static void bad_matches(void **state)
{
	(void)state;
	CHECK_ROWS(matches,
		   HEAD "prefixes: {four: 10.0.0.0/8, six: \"fd00::/8\"}\nclasses: {plain: {}}\n"
			"rules:\n- {name: a, class: plain, match: {",
		   "}}\n");
}

static void bad_for_the_host(void **state)
{
	(void)state;
	CHECK_ROWS(
		hosts,
		HEAD
		"classes: {tc: {tc: \"1:20\"}, other: {tc: \"1:30\"}, inner: {tc: \"1:32\"}, nested: {tc: \"1:33\"}, otherwise: {tc: \"1:34\"}, paced: {rate: 8bit}}\n"
		"rules:\n- ",
		"\n");
}

static void nul_in_the_text(void **state)
{
	static const char text[] = HEAD "rules: []\n# \0\n";

	(void)state;
	assert_refused("NUL", text, sizeof(text) - 1, 3, "control characters are not allowed");
}

/* What a good file becomes. */

static const char good[] =
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

static void good_file(void **state)
{
	struct ruleset ruleset;
	const struct rule *rule;

	(void)state;
	assert_read(good, &ruleset);
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
static void other_orders(void **state)
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
static void text_of_conditions(void **state)
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
static void no_host(void **state)
{
	static const char text[] =
		HEAD "classes: {a: {tc: 1:99, rate: 1kbit}}\n"
		     "rules: [{name: r, class: a, match: {dev: any, cgroup: /x}}]\n";
	static const struct ruleset_host nothing;
	struct ruleset ruleset;
	struct told told = { 0 };

	(void)state;
	assert_int_equal(ruleset_read(text, strlen(text), &nothing, take_error, &told, &ruleset),
			 0);
	assert_int_equal(ruleset.rules[0].ranges[TXP_DIMENSION_DEV].count, 1);
	ruleset_free(&ruleset);
	assert_int_equal(ruleset_read(text, strlen(text), NULL, take_error, &told, &ruleset), 0);
	ruleset_free(&ruleset);
}

static void assert_lines(const char *text, const int *lines, size_t count)
{
	struct ruleset ruleset;
	struct told told;

	assert_int_equal(read_bytes(text, strlen(text), &ruleset, &told), -EINVAL);
	assert_empty(&ruleset);
	assert_int_equal(told.count, count);
	assert_memory_equal(told.lines, lines, count * sizeof(*lines));
}

static void all_errors_in_order(void **state)
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
static void never_reached(void **state)
{
	static const int lines[] = { 5, 6 };

	(void)state;
	assert_lines(HEAD
		     "classes: {c: {}}\nrules: [{name: a, class: c, match: {len: 0-4294967295}},\n"
		     "{name: all, class: c},\n{name: b, class: c, match: {len: 1}},\n"
		     "{name: all2, class: c}]\n",
		     lines, 2);
}

static void same_name_of_rules(void **state)
{
	static const char text[] = HEAD "classes: {c: {}}\nrules:\n"
					"- {name: a, class: c, match: {len: 1}}\n"
					"- {name: a, class: c, match: {len: 2}}\n";

	(void)state;
	assert_refused("rule twice", text, strlen(text), 5,
		       "rule \"a\": so the one of line 4 is named");
}

/* repeat(before, each, count, after): each has a %zu. */
static char *repeat(const char *before, const char *each, size_t count, const char *after)
{
	char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	assert_non_null(stream);
	fputs(before, stream);
	for (size_t i = 0; i < count; i++)
		fprintf(stream, each, i); // NOLINT: both are ours
	fputs(after, stream);
	fclose(stream);
	return text;
}

struct limit {
	const char *name;
	const char *before, *each, *after;
	size_t count;
	int line; /* of one more */
	const char *part;
};

static const struct limit limits[] = {
	{ "rules", HEAD "classes: {c: {}}\nrules:\n", "- {name: r%zu, class: c, match: {len: 1}}\n",
	  "", TXP_CLASS_RULES, 4 + TXP_CLASS_RULES, "more than 1024 rules" },
	{ "classes", HEAD "rules: []\nclasses:\n", "  c%zu: {}\n", "", TXP_CLASSES, 4 + TXP_CLASSES,
	  "more than 256 classes" },
	{ "prefixes", HEAD "classes: {c: {}}\nprefixes:\n  a:\n", "  - 10.0.0.0/8 # %zu\n",
	  "rules: [{name: r, class: c, match: {src: [a, a, a, a], dst: [a, a, a, a]}}]\n",
	  TXP_CLASS_PREFIXES / 8, 5 + TXP_CLASS_PREFIXES / 8 + 1,
	  "dst: the rules have more than 131072 prefixes with \"a\"" },
	{ "numbers",
	  HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {uid: 1, len: [\n",
	  "  %zu,\n", "]}}\n", TXP_CLASS_RANGES - 1, 4 + TXP_CLASS_RANGES,
	  "len: the rules have more than 131072 numbers, ranges and devices with \"131071\"" },
	{ "devices",
	  HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {dscp: 1}}\n"
	       "- {name: s, class: c, match: {dev: [\n",
	  "  eth0, # %zu\n", "]}}\n", TXP_CLASS_RANGES - 1, 5 + TXP_CLASS_RANGES,
	  "dev: the rules have more than 131072 numbers, ranges and devices with \"eth0\"" },
	{ "marks", HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {mark: [\n",
	  "  %zu,\n", "]}}\n", TXP_CLASS_VALUES, 5 + TXP_CLASS_VALUES,
	  "mark: the rules have more than 4096 marks with \"4096\"" },
	{ "cgroups", HEAD "classes: {c: {}}\nrules:\n- {name: r, class: c, match: {cgroup: [\n",
	  "  /backup, # %zu\n", "]}}\n", TXP_CLASS_VALUES, 5 + TXP_CLASS_VALUES,
	  "cgroup: the rules have more than 4096 cgroups with \"/backup\"" },
};

/* Only such a priority, and only with a rate. */
static void rates_with_priorities(void **state)
{
	static const char text[] = HEAD "rules: []\nclasses:\n  a: {priority: 7}\n"
					"  b: {tc: \"1:7\"}\n  c: {rate: 1mbit, priority: 6}\n"
					"  d: {rate: 1mbit, tc: \"7:8\"}\n  e: {rate: 1mbit}\n";
	struct ruleset ruleset;

	(void)state;
	assert_read(text, &ruleset);
	ruleset_free(&ruleset);
}

static void limits_hold(void **state)
{
	struct ruleset ruleset;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		const struct limit *limit = &limits[i];

		text = repeat(limit->before, limit->each, limit->count, limit->after);
		assert_read(text, &ruleset);
		ruleset_free(&ruleset);
		free(text);
		text = repeat(limit->before, limit->each, limit->count + 1, limit->after);
		assert_refused(limit->name, text, strlen(text), limit->line, limit->part);
		free(text);
	}
}

static void size_limit(void **state)
{
	const size_t most = 16 << 20;
	struct ruleset ruleset;
	struct told told;
	char *text = malloc(most + 1);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', most + 1);
	memcpy(text, "version: 1\nrules: []", strlen("version: 1\nrules: []"));
	assert_int_equal(read_bytes(text, most, &ruleset, &told), 0);
	ruleset_free(&ruleset);
	assert_refused("too large", text, most + 1, 0,
		       "16777217 bytes; a file of rules has at most");
	free(text);
}

/* In the square of their number these would take minutes to hours: the suite's limit ends them. */
static void many_of_a_kind(void **state)
{
	static const char *const each[] = {
		"  a: {} # %zu\n",	"  a%zu: &x {}\n",	  "  a%zu: *x\n",
		"  a: {tc: \"%zu\"}\n", "  ? [] # %zu\n  : {}\n",
	};
	const size_t count = 100000;
	struct ruleset ruleset;
	struct told told;
	char *text;

	(void)state;
	for (size_t i = 0; i < sizeof(each) / sizeof(*each); i++) {
		text = repeat(HEAD "rules: []\nclasses:\n", each[i], count, "");
		assert_int_equal(read_bytes(text, strlen(text), &ruleset, &told), -EINVAL);
		assert_true(told.count >= count - 1);
		free(text);
	}
	text = repeat(HEAD "rules: ", "[ # %zu\n", count, "");
	assert_refused("deep", text, strlen(text), 9, "nested deeper than 8");
	free(text);
	text = repeat(HEAD "rules: ", "] # %zu\n", count, "  [[[[[[[[[");
	assert_refused("deep after brackets", text, strlen(text), 2 + count,
		       "nested deeper than 8");
	free(text);
}

static void rates(void **state)
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

/* The allocations fail one after the other, until there is none more: each time nothing is left. */
static void check_without_memory(const char *text, int end)
{
	struct ruleset ruleset;
	struct told told = { 0 };
	int err = -ENOMEM;
	long allowed;

	for (allowed = 0; err == -ENOMEM; allowed++) {
		told.count = 0;
		allocations_left = allowed;
		err = ruleset_read(text, strlen(text), &host, take_error, &told, &ruleset);
		allocations_left = -1;
		assert_true(err == -ENOMEM || err == end);
		if (err) {
			assert_empty(&ruleset);
			assert_true(!told.count == (err == -ENOMEM));
		}
		ruleset_free(&ruleset);
	}
	assert_true(allowed > 100);
}

static void no_memory(void **state)
{
	(void)state;
	check_without_memory(good, 0);
	check_without_memory("version: 2\nclasses: {a: {no: 1}, a: 2}\nrules: [{}, 1, {name: [],"
			     " class: a, match: {len: no, src: [1.2.3.4/8, ::1/128], mark: 1}}]\n",
			     -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_files),
		cmocka_unit_test(bad_classes),
		cmocka_unit_test(bad_rules),
		cmocka_unit_test(bad_matches),
		cmocka_unit_test(bad_for_the_host),
		cmocka_unit_test(nul_in_the_text),
		cmocka_unit_test(good_file),
		cmocka_unit_test(other_orders),
		cmocka_unit_test(no_host),
		cmocka_unit_test(all_errors_in_order),
		cmocka_unit_test(never_reached),
		cmocka_unit_test(same_name_of_rules),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(size_limit),
		cmocka_unit_test(rates_with_priorities),
		cmocka_unit_test(many_of_a_kind),
		cmocka_unit_test(rates),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(text_of_conditions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
