// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Each kind of event has two functions: one makes its JSON, the other prints a line of text from
 * that JSON. So both forms always have the same content.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_ether.h>

#include "lib/action.h"
#include "lib/array.h"
#include "trace/events.h"
#include "state/instance.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "trace/filter.h"
#include "lib/output.h"
#include "state/sum.h"
#include "lib/words.h"

/* One followed namespace. Map descriptors are negative where the map does not exist. */
struct event_source {
	struct event_source *next;
	bool json;
	struct events *events;
	int events_fd;
	int devices_fd;
	int tracing_fd;
	int ratelimit_fd;
	char netns[NAME_MAX + 1];
};

static void add_mac(struct json_object *object, const char *key, const __u8 *mac)
{
	char text[3 * ETH_ALEN];

	snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2],
		 mac[3], mac[4], mac[5]);
	json_add_text(object, key, text);
}

static struct json_object *flow_json(const struct txp_lease_key *key)
{
	struct json_object *object = json_object_new_object();

	json_add_address(object, "saddr", AF_INET, &key->saddr);
	json_add_address(object, "daddr", AF_INET, &key->daddr);
	json_add_number(object, "protocol", key->protocol);
	json_add_number(object, "sport", ntohs(key->sport));
	json_add_number(object, "dport", ntohs(key->dport));
	json_add_number(object, "dscp", key->dscp >> 2);
	json_add_number(object, "mark", key->mark);
	return object;
}

static struct json_object *lease_json(const struct txp_lease *lease)
{
	struct json_object *object = json_object_new_object();
	__be32 next_hop;

	json_add_number(object, "oif", lease->oif);
	memcpy(&next_hop, lease->next_hop + sizeof(next_hop), sizeof(next_hop));
	json_add_address(object, "next_hop", AF_INET, &next_hop);
	add_mac(object, "dmac", lease->ethernet);
	add_mac(object, "smac", lease->ethernet + ETH_ALEN);
	json_add_number(object, "mtu", lease->mtu);
	json_add_text(object, "verdict", transit_name(lease->transit));
	return object;
}

static void surprise_json(struct json_object *object, const struct txp_event *event)
{
	json_object_object_add(object, "flow", flow_json(&event->before.key));
	json_object_object_add(object, "held", lease_json(&event->before));
	json_object_object_add(object, "kernel", lease_json(&event->after));
}

static void lease_text(const char *who, struct json_object *lease)
{
	printf("%s oif %llu via %s, %s > %s, mtu %llu, %s", who, json_number(lease, "oif"),
	       json_text(lease, "next_hop"), json_text(lease, "smac"), json_text(lease, "dmac"),
	       json_number(lease, "mtu"), json_text(lease, "verdict"));
}

static void flow_text(struct json_object *flow)
{
	printf(" %s > %s", json_text(flow, "saddr"), json_text(flow, "daddr"));
	if (json_number(flow, "protocol"))
		printf(" protocol %llu port %llu > %llu", json_number(flow, "protocol"),
		       json_number(flow, "sport"), json_number(flow, "dport"));
	printf(" dscp %llu mark %llu:", json_number(flow, "dscp"), json_number(flow, "mark"));
}

static void surprise_text(struct json_object *object)
{
	flow_text(json_member(object, "flow"));
	lease_text(" held", json_member(object, "held"));
	lease_text("; the kernel", json_member(object, "kernel"));
}

static void demotion_text(struct json_object *object)
{
	(void)object;
	printf(" too many surprises: the device does not offload any more; attach it again to promote it");
}

static void decline_json(struct json_object *object, const struct txp_event *event)
{
	json_object_object_add(object, "flow", flow_json(&event->before.key));
	json_add_text(object, "verdict", transit_name(event->code));
	json_add_text(object, "meaning", transit_meaning(event->code));
}

static void decline_text(struct json_object *object)
{
	flow_text(json_member(object, "flow"));
	printf(" %s: %s", json_text(object, "verdict"), json_text(object, "meaning"));
}

static void mismatch_json(struct json_object *object, const struct txp_event *event)
{
	const struct txp_example *example = &event->example;
	char text[FIELD_VALUE_MAX];

	json_add_text(object, "field", field_name(event->code));
	field_value_text(event->code, example->expected, text);
	json_add_text(object, "expected", text);
	field_value_text(event->code, example->actual, text);
	json_add_text(object, "actual", text);
	json_add_address(object, "saddr", AF_INET, &example->saddr);
	json_add_address(object, "daddr", AF_INET, &example->daddr);
	json_add_number(object, "protocol", example->protocol);
	json_add_number(object, "total", example->total);
}

static void mismatch_text(struct json_object *object)
{
	printf(" %s > %s protocol %llu, %llu bytes: %s should be %s, but is %s",
	       json_text(object, "saddr"), json_text(object, "daddr"),
	       json_number(object, "protocol"), json_number(object, "total"),
	       json_text(object, "field"), json_text(object, "expected"),
	       json_text(object, "actual"));
}

static void rule_match_json(struct json_object *object, const struct txp_event *event)
{
	const struct txp_class_fields *fields = &event->classified.fields;
	int family = fields->family == TXP_CLASS_IPV6 ? AF_INET6 : AF_INET;
	char text[ACTION_TEXT_MAX];

	json_add_address(object, "saddr", family, fields->source);
	json_add_address(object, "daddr", family, fields->destination);
	json_add_number(object, "protocol", fields->number[TXP_DIMENSION_PROTO]);
	if (fields->has_ports) {
		json_add_number(object, "sport", fields->number[TXP_DIMENSION_SPORT]);
		json_add_number(object, "dport", fields->number[TXP_DIMENSION_DPORT]);
	}
	json_add_number(object, "dscp", fields->number[TXP_DIMENSION_DSCP]);
	json_add_number(object, "priority", fields->number[TXP_DIMENSION_PRIORITY]);
	json_add_number(object, "mark", fields->mark);
	json_add_text(object, "rule", event->classified.rule);
	json_add_text(object, "class", event->classified.class_name);
	json_add_text(object, "sets", action_text(&event->classified.class, text));
}

static void rule_match_text(struct json_object *object)
{
	printf(" %s > %s protocol %llu, dscp %llu priority %llu mark %llu: rule %s, class %s: %s",
	       json_text(object, "saddr"), json_text(object, "daddr"),
	       json_number(object, "protocol"), json_number(object, "dscp"),
	       json_number(object, "priority"), json_number(object, "mark"),
	       json_text(object, "rule"), json_text(object, "class"), json_text(object, "sets"));
}

/* How an event of a kind is shown, apart from its time and device. */
struct event_kind {
	const char *name;
	void (*json)(struct json_object *object, const struct txp_event *event); /* or NULL */
	void (*text)(struct json_object *object);
};

static const struct event_kind kinds[] = {
	[TXP_EVENT_SURPRISE] = { "surprise", surprise_json, surprise_text },
	[TXP_EVENT_DEMOTION] = { "demotion", NULL, demotion_text },
	[TXP_EVENT_DECLINE] = { "decline", decline_json, decline_text },
	[TXP_EVENT_MISMATCH] = { "mismatch", mismatch_json, mismatch_text },
	[TXP_EVENT_CLASSIFIED] = { "classified", rule_match_json, rule_match_text },
};

/* The device's name when it was attached; its index if it is not attached any more. */
static void add_device(struct json_object *object, const struct event_source *source,
		       const struct txp_device_key *key)
{
	struct txp_device row;
	char text[16];

	if (bpf_map_lookup_elem(source->devices_fd, key, &row))
		snprintf(text, sizeof(text), "%u", key->ifindex);
	else
		snprintf(text, sizeof(text), "%.15s", row.name);
	json_add_text(object, "dev", text);
	json_add_number(object, "ifindex", key->ifindex);
}

void event_head_text(struct json_object *object, const char *what)
{
	__u64 time_ns = json_number(object, "time_ns");

	printf("%llu.%09llu %s %s %s:", time_ns / 1000000000, time_ns % 1000000000,
	       json_text(object, "netns"), json_text(object, "dev"), what);
}

static void show_text(const struct event_kind *kind, struct json_object *object)
{
	event_head_text(object, kind->name);
	kind->text(object);
	putchar('\n');
}

/*
 * The frequent kinds must pass the filter. A declined packet has no output device yet, so dev= does
 * not apply to it. A mismatch does not record mark and ports, so those do not apply to it.
 */
static bool passes_filter(const struct txp_event *event, const struct txp_filter *filter)
{
	const struct txp_example *example = &event->example;

	if (filter->netns && filter->netns != event->device.netns)
		return false;
	if (event->kind == TXP_EVENT_DECLINE)
		return filter_has_flow(filter, &event->before.key);
	if (event->kind == TXP_EVENT_CLASSIFIED)
		return filter_has_fields(filter, &event->classified.fields);
	if (event->kind != TXP_EVENT_MISMATCH)
		return true;
	return (!filter->ifindex || filter->ifindex == event->device.ifindex) &&
	       filter_has_addresses(filter, example->protocol, example->saddr, example->daddr);
}

/* A program of a newer txpath may write a kind that is not known here: it is ignored. */
static int show(void *context, void *data, size_t size)
{
	const struct event_source *source = context;
	const struct txp_event *event = data;
	const struct event_kind *kind;
	struct json_object *object;

	if (size < sizeof(*event) || event->kind >= ARRAY_SIZE(kinds) ||
	    !passes_filter(event, source->events->filter))
		return 0;
	kind = &kinds[event->kind];
	object = json_object_new_object();
	json_add_number(object, "time_ns", event->time_ns);
	json_add_text(object, "kind", kind->name);
	json_add_text(object, "netns", source->netns);
	add_device(object, source, &event->device);
	if (kind->json)
		kind->json(object, event);
	if (source->json)
		output_json(object);
	else
		show_text(kind, object);
	json_object_put(object);
	source->events->shown++;
	return fflush(stdout) ? -errno : 0;
}

static int copy_map(const struct instance *instance, const char *name)
{
	int fd = map_set_fd(&instance->maps, name);

	fd = fd < 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return fd == -1 ? -errno : fd;
}

static int follow_ring(struct events *events, struct event_source *source)
{
	if (events->rings)
		return ring_buffer__add(events->rings, source->events_fd, show, source);
	events->rings = ring_buffer__new(source->events_fd, show, source, NULL);
	return events->rings ? 0 : -errno;
}

static int follow(struct instance *instance, void *context)
{
	struct events *events = context;
	struct event_source *source = calloc(1, sizeof(*source));
	int err;

	if (!source)
		return -ENOMEM;
	source->json = output_is_json();
	netns_name(instance->netns, source->netns, sizeof(source->netns));
	source->events_fd = copy_map(instance, "events");
	source->devices_fd = copy_map(instance, "devices");
	source->tracing_fd = copy_map(instance, "tracing");
	source->ratelimit_fd = copy_map(instance, "event_ratelimit");
	source->events = events;
	source->next = events->sources;
	events->sources = source;
	events->count++;
	err = source->events_fd < 0 ? source->events_fd : source->devices_fd;
	if (err >= 0)
		err = follow_ring(events, source);
	return err ? log_errno(err, "following %s/events", instance->maps_directory) : 0;
}

void events_stop(struct events *events)
{
	struct event_source *source;

	ring_buffer__free(events->rings);
	events->rings = NULL;
	events->count = 0;
	while ((source = events->sources)) {
		events->sources = source->next;
		if (source->events_fd >= 0)
			close(source->events_fd);
		if (source->devices_fd >= 0)
			close(source->devices_fd);
		if (source->tracing_fd >= 0)
			close(source->tracing_fd);
		if (source->ratelimit_fd >= 0)
			close(source->ratelimit_fd);
		free(source);
	}
}

int events_follow(struct events *events, const char *bpffs, const char *netns,
		  const struct txp_filter *filter)
{
	events->filter = filter;
	return instance_each(bpffs, netns, follow, events);
}

void events_request(const struct events *events, __u64 until_ns, __u64 event_ns)
{
	const struct txp_tracing row = { .until_ns = until_ns, .event_ns = event_ns };
	const struct event_source *source;
	__u32 zero = 0;

	for (source = events->sources; source; source = source->next) {
		if (source->tracing_fd >= 0)
			bpf_map_update_elem(source->tracing_fd, &zero, &row, BPF_ANY);
	}
}

void events_missed(const struct events *events, struct txp_event_ratelimit *sum)
{
	const struct event_source *source;
	struct txp_event_ratelimit clock;
	__u32 zero = 0;

	memset(sum, 0, sizeof(*sum));
	for (source = events->sources; source; source = source->next) {
		if (source->ratelimit_fd >= 0 &&
		    !percpu_sum(source->ratelimit_fd, &zero, &clock, sizeof(clock)))
			counters_add(sum, &clock, sizeof(clock));
	}
}
