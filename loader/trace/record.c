// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A member that does not apply to a packet is left out of its JSON, and so of its text. */
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include <linux/if_ether.h>

#include "lib/output.h"
#include "trace/record.h"
#include "lib/probe_table.h"

#define IPV4_DF 0x4000
#define IPV4_MF 0x2000
#define IPV4_OFFSET 0x1fff /* in units of eight bytes */

static void add_flag(struct json_object *object, const char *key, bool flag)
{
	json_object_object_add(object, key, json_object_new_boolean(flag));
}

static void add_fragment(struct json_object *object, const struct txp_pkt_info *info)
{
	json_add_number(object, "id", info->id);
	add_flag(object, "df", info->fragment & IPV4_DF);
	add_flag(object, "mf", info->fragment & IPV4_MF);
	json_add_number(object, "offset", (info->fragment & IPV4_OFFSET) * 8);
}

static void add_header(struct json_object *object, const struct txp_pkt_info *info)
{
	json_add_number(object, "ttl", info->ttl);
	json_add_number(object, "tos", info->tos);
	if (info->family == AF_INET)
		add_fragment(object, info);
}

static void add_flow(struct json_object *object, const struct txp_pkt_info *info)
{
	json_add_address(object, "saddr", info->family, info->saddr);
	json_add_address(object, "daddr", info->family, info->daddr);
	json_add_number(object, "protocol", info->protocol);
	if (info->flags & TXP_PKT_INFO_PORTS) {
		json_add_number(object, "sport", ntohs(info->sport));
		json_add_number(object, "dport", ntohs(info->dport));
	}
	if (info->flags & TXP_PKT_INFO_HEADER)
		add_header(object, info);
	if (info->flags & TXP_PKT_INFO_NEXT_HOP)
		json_add_address(object, "next_hop", info->next_hop_family, info->next_hop);
}

static void add_place(struct json_object *object, const struct txp_record *record,
		      struct device_names **devices)
{
	const struct device_names *names =
		device_names_find(devices, record->info.netns, record->info.ifindex);
	char dev[sizeof(record->dev) + 1];

	snprintf(dev, sizeof(dev), "%.*s", (int)sizeof(record->dev), record->dev);
	json_add_text(object, "netns", names ? names->netns_name : "");
	json_add_text(object, "dev", *dev ? dev : "-");
	json_add_number(object, "ifindex", record->info.ifindex);
}

static void add_end(struct json_object *object, const struct txp_record *record,
		    const struct record_words *words)
{
	char text[REASON_TEXT_MAX * 2];

	code_text(words->reasons, record->probe, record->code, text);
	if (record->probe == TXP_PROBE_NET_DEV_XMIT)
		json_add_text(object, "answer", text);
	if (record->probe != TXP_PROBE_DROP)
		return;
	json_add_text(object, "reason", text);
	json_add_text(object, "location",
		      symbols_text(words->symbols, record->location, text, sizeof(text)));
}

struct json_object *record_json(const struct txp_record *record, struct record_words *words)
{
	const struct txp_pkt_info *info = &record->info;
	struct json_object *object = json_object_new_object();
	char skb[32];

	snprintf(skb, sizeof(skb), "0x%llx", record->skb);
	json_add_number(object, "time_ns", record->time_ns);
	json_add_text(object, "kind", "packet");
	json_add_text(object, "probe", probe_name(record->probe));
	add_place(object, record, &words->devices);
	json_add_text(object, "skb", skb);
	json_add_number(object, "ethertype", record->protocol);
	if (info->family)
		add_flow(object, info);
	json_add_number(object, "len", info->len);
	json_add_number(object, "mark", info->mark);
	json_add_number(object, "priority", info->priority);
	if (info->flags & TXP_PKT_INFO_QUEUE)
		json_add_number(object, "queue", info->queue);
	add_end(object, record, words);
	return object;
}

static bool has(struct json_object *object, const char *key)
{
	return json_member(object, key);
}

static void endpoint_text(struct json_object *record, const char *address, const char *port)
{
	bool inet6 = strchr(json_text(record, address), ':');

	if (has(record, port))
		printf(inet6 ? "[%s]:%llu" : "%s:%llu", json_text(record, address),
		       json_number(record, port));
	else
		printf("%s", json_text(record, address));
}

static void protocol_text(struct json_object *record)
{
	const struct protoent *entry = getprotobynumber((int)json_number(record, "protocol"));

	if (entry)
		printf(" %s ", entry->p_name);
	else
		printf(" protocol %llu ", json_number(record, "protocol"));
}

static void flow_text(struct json_object *record)
{
	protocol_text(record);
	endpoint_text(record, "saddr", "sport");
	printf(" > ");
	endpoint_text(record, "daddr", "dport");
	if (has(record, "ttl"))
		printf(" ttl %llu tos 0x%llx", json_number(record, "ttl"),
		       json_number(record, "tos"));
	if (has(record, "id"))
		printf(" id %llu%s%s", json_number(record, "id"),
		       json_object_get_boolean(json_member(record, "df")) ? " DF" : "",
		       json_object_get_boolean(json_member(record, "mf")) ? " MF" : "");
	if (json_number(record, "offset"))
		printf(" offset %llu", json_number(record, "offset"));
}

void record_text(struct json_object *record)
{
	if (has(record, "saddr"))
		flow_text(record);
	else
		printf(" ethertype 0x%04llx", json_number(record, "ethertype"));
	printf(" len %llu mark 0x%llx priority %llu", json_number(record, "len"),
	       json_number(record, "mark"), json_number(record, "priority"));
	if (has(record, "queue"))
		printf(" queue %llu", json_number(record, "queue"));
	if (has(record, "next_hop"))
		printf(" via %s", json_text(record, "next_hop"));
	if (*json_text(record, "answer"))
		printf(" answer %s", json_text(record, "answer"));
	if (has(record, "reason"))
		printf(" reason %s in %s", json_text(record, "reason"),
		       json_text(record, "location"));
}
