// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * txpath explain: what happens to a packet that comes in on a device. A trial run of transit gives
 * the verdict on each CPU, because each CPU has its own leases. Beside it stands the kernel's own
 * look-up.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "lib/array.h"
#include "cmd/command.h"
#include "lib/device.h"
#include "packet/explain.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "lib/output.h"
#include "lib/privilege.h"
#include "state/attachments.h"
#include "packet/route.h"
#include "lib/words.h"

struct explained {
	struct device device;
	struct attachment attachment;
	struct frame frame;
	__u32 mark;
	struct explanation *each; /* by CPU */
	int count;
	struct route route;
	int route_errno; /* of the look-up; 0: route is its answer */
};

static int check_options(const char *const *texts)
{
	if (texts[PACKET_SPEC_DEV] && texts[PACKET_SPEC_SRC] && texts[PACKET_SPEC_DST])
		return EXIT_DONE;
	return usage_error("explain: --dev, --src and --dst are needed");
}

/* Without --proto: a ping, or a datagram if it has ports. */
static __u8 default_protocol(const struct txp_class_fields *fields)
{
	return fields->has_ports ? IPPROTO_UDP : IPPROTO_ICMP;
}

static int fill_frame(const char *const *texts, const struct txp_class_fields *fields,
		      struct frame *frame)
{
	__u32 total = fields->number[TXP_DIMENSION_LEN];
	__u32 least;

	frame->saddr = fields->source[0];
	frame->daddr = fields->destination[0];
	frame->protocol = texts[PACKET_SPEC_PROTO] ? fields->number[TXP_DIMENSION_PROTO]
						   : default_protocol(fields);
	frame->tos = fields->number[TXP_DIMENSION_DSCP] << 2;
	frame->sport = fields->number[TXP_DIMENSION_SPORT];
	frame->dport = fields->number[TXP_DIMENSION_DPORT];
	least = frame_least(frame->protocol);
	if (fields->has_ports && frame->protocol != IPPROTO_TCP && frame->protocol != IPPROTO_UDP)
		return usage_error("explain: only tcp and udp have --sport, --dport");
	if (texts[PACKET_SPEC_LEN] && (total < least || total > FRAME_MAX - ETH_HLEN))
		return usage_error("--len %s: a number from %u to %zu", texts[PACKET_SPEC_LEN],
				   least, (size_t)FRAME_MAX - ETH_HLEN);
	frame->total = texts[PACKET_SPEC_LEN] ? total : FRAME_TOTAL;
	return EXIT_DONE;
}

static int parse_packet(const char *const *texts, struct explained *explained)
{
	const struct txp_class_plan plan = { 0 };
	struct txp_class_fields fields;
	int code = packet_spec_parse(texts, &plan, &fields);

	if (code != EXIT_DONE)
		return code;
	if (fields.family != TXP_CLASS_IPV4)
		return usage_error("explain: transit forwards IPv4 only");
	explained->mark = fields.mark;
	return fill_frame(texts, &fields, &explained->frame);
}

static int find_attachment(const struct instance *instance, struct explained *explained)
{
	struct attachment *list;
	int i, count = attachments_read(instance, &list), err = -ENOENT;

	if (count < 0)
		return count;
	for (i = 0; i < count && err; i++) {
		if ((int)list[i].key.ifindex != explained->device.ifindex)
			continue;
		explained->attachment = list[i];
		err = 0;
	}
	free(list);
	if (err)
		log_error("%s: not attached (txpath status lists attached devices)",
			  explained->device.name);
	else if (!explained->attachment.transit)
		err = log_errno(-EOPNOTSUPP,
				"%s: it has no transit; attach it with --mode offload, or with "
				"--mode shadow transit=on",
				explained->device.name);
	return err;
}

/* A packet that is taken over must leave by the device that the kernel's look-up gives. */
static bool agrees(const struct explained *explained, const struct explanation *explanation)
{
	return explanation->verdict != TXP_TRANSIT_TAKEN ||
	       (!explained->route_errno && explained->route.type == RTN_UNICAST &&
		explained->route.oif == explanation->oif);
}

static bool all_agree(const struct explained *explained)
{
	int i;

	for (i = 0; i < explained->count; i++) {
		if (!agrees(explained, &explained->each[i]))
			return false;
	}
	return true;
}

/* Transit, then the kernel. Returns an enum exit_code; errors have been logged. */
static int ask_both(const struct instance *instance, const struct explaining *explaining,
		    struct explained *explained)
{
	explained->count = explain_each(instance, explaining, &explained->each);
	explained->route_errno = route_get(&explained->frame, explaining->ifindex, explaining->mark,
					   &explained->route);
	return explained->count < 0 ? EXIT_FAILED : EXIT_DONE;
}

/*
 * Called inside the namespace, because device names belong to it. Returns an enum exit_code; errors
 * have been logged.
 */
static int ask(const struct options *options, const struct instance *instance,
	       struct explained *explained)
{
	struct explaining explaining = { .frame = &explained->frame };
	int code;

	if (device_find(options->packet_spec[PACKET_SPEC_DEV], &explained->device))
		return EXIT_FAILED;
	memcpy(explained->frame.dmac, explained->device.mac, ETH_ALEN);
	code = parse_packet(options->packet_spec, explained);
	if (code != EXIT_DONE)
		return code;
	if (find_attachment(instance, explained))
		return EXIT_FAILED;
	explaining.ifindex = explained->device.ifindex;
	explaining.mark = explained->mark;
	explaining.netfilter = explained->attachment.row.netfilter;
	code = ask_both(instance, &explaining, explained);
	/* a route may have changed between the two */
	if (code == EXIT_DONE && !all_agree(explained)) {
		free(explained->each);
		code = ask_both(instance, &explaining, explained);
	}
	return code;
}

static int explain(const struct options *options, struct explained *explained)
{
	struct instance instance;
	struct pins pins;
	__u64 netns;
	int code, err;

	err = instance_place(options->bpffs, options->netns, false, &pins, &netns);
	if (err)
		return EXIT_FAILED;
	err = instance_open(&pins, netns, true, &instance);
	if (err == -ENOENT)
		log_error("nothing is attached in this network namespace: txpath attach DEV");
	if (err)
		return EXIT_FAILED;
	code = ask(options, &instance, explained);
	instance_close(&instance);
	return code;
}

static const char *device_text(__u32 ifindex, char *name)
{
	int fd = device_socket();

	if (fd < 0 || !device_name(fd, ifindex, name))
		snprintf(name, IFNAMSIZ, "%u", ifindex);
	fd_close(fd);
	return name;
}

static void add_mac(struct json_object *object, enum txp_field field, const __u8 *mac)
{
	char text[FIELD_VALUE_MAX];
	__u64 value = 0;

	memcpy(&value, mac, ETH_ALEN);
	field_value_text(field, value, text);
	json_add_text(object, field_name(field), text);
}

static struct json_object *explanation_json(const struct explanation *explanation, bool offloads)
{
	struct json_object *object = json_object_new_object();
	int verdict = explanation->verdict;
	char name[IFNAMSIZ];

	if (verdict == TXP_TRANSIT_TAKEN && !offloads)
		verdict = TXP_TRANSIT_WOULD_TAKE;
	json_add_number(object, "cpu", explanation->cpu);
	json_add_text(object, "verdict", transit_name(verdict));
	json_add_text(object, "meaning", transit_meaning(verdict));
	if (explanation->verdict != TXP_TRANSIT_TAKEN)
		return object;
	json_add_text(object, "output", device_text(explanation->oif, name));
	add_mac(object, TXP_FIELD_DMAC, explanation->dmac);
	add_mac(object, TXP_FIELD_SMAC, explanation->smac);
	json_add_number(object, "priority", explanation->priority);
	return object;
}

static struct json_object *packet_json(const struct explained *explained)
{
	struct json_object *object = json_object_new_object();
	const struct frame *frame = &explained->frame;

	json_add_address(object, "saddr", AF_INET, &frame->saddr);
	json_add_address(object, "daddr", AF_INET, &frame->daddr);
	json_add_number(object, "protocol", frame->protocol);
	json_add_number(object, "sport", frame->sport);
	json_add_number(object, "dport", frame->dport);
	json_add_number(object, "dscp", frame->tos >> 2);
	json_add_number(object, "mark", explained->mark);
	json_add_number(object, "total", frame->total);
	return object;
}

static const char *route_type(__u8 type)
{
	static const char *const names[] = {
		[RTN_UNICAST] = "unicast",     [RTN_LOCAL] = "local",
		[RTN_BROADCAST] = "broadcast", [RTN_MULTICAST] = "multicast",
		[RTN_BLACKHOLE] = "blackhole", [RTN_UNREACHABLE] = "unreachable",
		[RTN_PROHIBIT] = "prohibit",
	};

	return type < ARRAY_SIZE(names) && names[type] ? names[type] : "unknown";
}

static struct json_object *route_json(const struct explained *explained)
{
	struct json_object *object = json_object_new_object();
	const struct route *route = &explained->route;
	char name[IFNAMSIZ];

	json_add_errno(object, explained->route_errno);
	if (explained->route_errno)
		return object;
	json_add_text(object, "type", route_type(route->type));
	json_add_text(object, "output", route->oif ? device_text(route->oif, name) : "");
	json_add_address(object, "gateway", route->family, route->gateway);
	return object;
}

static struct json_object *explained_json(const struct explained *explained)
{
	struct json_object *document = json_object_new_object();
	struct json_object *each = json_object_new_array();
	bool offloads = attachment_offloads(&explained->attachment);
	char netns[NAME_MAX + 1];
	int i;

	netns_name(explained->attachment.key.netns, netns, sizeof(netns));
	for (i = 0; i < explained->count; i++)
		json_object_array_add(each, explanation_json(&explained->each[i], offloads));
	json_object_object_add(document, "device", attachment_json(&explained->attachment, netns));
	json_object_object_add(document, "packet", packet_json(explained));
	json_object_object_add(document, "cpus", each);
	json_object_object_add(document, "kernel", route_json(explained));
	json_object_object_add(document, "agree", json_object_new_boolean(all_agree(explained)));
	return document;
}

static void print_packet(struct json_object *device, struct json_object *packet)
{
	const char *why = json_text(device, "why");

	printf("%s in %s: %s, netfilter %s%s%s\n", json_text(device, "dev"),
	       json_text(device, "netns"), json_text(device, "mode"),
	       json_text(device, "netfilter"), *why ? ", " : "", why);
	printf("%s to %s, protocol %llu", json_text(packet, "saddr"), json_text(packet, "daddr"),
	       json_number(packet, "protocol"));
	if (json_number(packet, "sport") || json_number(packet, "dport"))
		printf(" port %llu > %llu", json_number(packet, "sport"),
		       json_number(packet, "dport"));
	printf(", DSCP %llu, mark %llu, %llu bytes\n\n", json_number(packet, "dscp"),
	       json_number(packet, "mark"), json_number(packet, "total"));
}

static void print_route(struct json_object *kernel)
{
	const char *gateway = json_text(kernel, "gateway");

	if (*json_text(kernel, "errno"))
		printf("\nkernel's look-up: %s (%s)\n", json_text(kernel, "why"),
		       json_text(kernel, "errno"));
	else
		printf("\nkernel's look-up: %s%s%s dev %s\n", json_text(kernel, "type"),
		       *gateway ? " via " : "", gateway, json_text(kernel, "output"));
}

static void print(struct json_object *document)
{
	static const struct column columns[] = {
		{ "cpu", "CPU", true },	       { "verdict", "VERDICT", false },
		{ "output", "OUTPUT", false }, { "dmac", "DMAC", false },
		{ "smac", "SMAC", false },     { "priority", "PRIORITY", true },
		{ "meaning", "", false },      { 0 },
	};

	print_packet(json_member(document, "device"), json_member(document, "packet"));
	output_table(json_member(document, "cpus"), columns);
	print_route(json_member(document, "kernel"));
	if (!json_object_get_boolean(json_member(document, "agree")))
		printf("the lease and the kernel's look-up do not agree\n");
}

int cmd_explain(const struct options *options)
{
	struct explained explained = { 0 };
	struct json_object *document;
	int code = check_options(options->packet_spec);

	if (code == EXIT_DONE)
		code = privilege_to_change("explain") ? EXIT_FAILED : explain(options, &explained);
	if (code != EXIT_DONE)
		return code;
	document = explained_json(&explained);
	if (options->json)
		output_json(document);
	else
		print(document);
	json_object_put(document);
	code = all_agree(&explained) ? EXIT_DONE : EXIT_SURPRISE;
	free(explained.each);
	return code;
}
