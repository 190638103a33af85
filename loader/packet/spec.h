/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet described on the command line: txpath explain and classify test, --src ADDRESS ... */
#ifndef TXPATH_PACKET_SPEC_H
#define TXPATH_PACKET_SPEC_H

#include <txpath/classify.h>

/*
 * PACKET_SPEC_FIELD(ID, option, value, range, KIND, meaning)
 *   value  as in help, and range: the error for a wrong value
 *   KIND   PACKET: classify test and explain take it. SOCKET: only classify test does, because a
 *          packet that comes in does not have it yet
 */
#define PACKET_SPEC_FIELDS(PACKET_SPEC_FIELD)                                                      \
	PACKET_SPEC_FIELD(SRC, "src", "ADDRESS", "an IPv4 or IPv6 address", PACKET,                \
			  "source address")                                                        \
	PACKET_SPEC_FIELD(DST, "dst", "ADDRESS", "an IPv4 or IPv6 address", PACKET,                \
			  "destination address")                                                   \
	PACKET_SPEC_FIELD(PROTO, "proto", "NAME|NUMBER",                                           \
			  "a protocol's name, or a number from 0 to 255", PACKET,                  \
			  "protocol above IP")                                                     \
	PACKET_SPEC_FIELD(SPORT, "sport", "PORT", "a number from 0 to 65535", PACKET,              \
			  "source port")                                                           \
	PACKET_SPEC_FIELD(DPORT, "dport", "PORT", "a number from 0 to 65535", PACKET,              \
			  "destination port")                                                      \
	PACKET_SPEC_FIELD(DEV, "dev", "DEV", "a device of this network namespace", PACKET,         \
			  "explain: input device; classify test: output device")                   \
	PACKET_SPEC_FIELD(DIRECTION, "direction", "local|forwarded", "local or forwarded", SOCKET, \
			  "origin of the packet (default: local)")                                 \
	PACKET_SPEC_FIELD(DSCP, "dscp", "NAME|NUMBER", "a DSCP's name, or a number from 0 to 63",  \
			  PACKET, "DSCP of the packet (default: 0)")                               \
	PACKET_SPEC_FIELD(PRIORITY, "priority", "NUMBER", "a number from 0 to 4294967295", SOCKET, \
			  "skb->priority before the rules (default: 0)")                           \
	PACKET_SPEC_FIELD(MARK, "mark", "NUMBER", "a number from 0 to 4294967295", PACKET,         \
			  "skb->mark (default: 0)")                                                \
	PACKET_SPEC_FIELD(LEN, "len", "BYTES", "a number from 0 to 4294967295", PACKET,            \
			  "length from the IP header on")                                          \
	PACKET_SPEC_FIELD(UID, "uid", "USER|NUMBER", "a user's name, or a number", SOCKET,         \
			  "user of the packet's socket (default: no socket)")                      \
	PACKET_SPEC_FIELD(CGROUP, "cgroup", "PATH", "a cgroup2 directory", SOCKET,                 \
			  "cgroup of the packet's socket")

enum packet_spec {
#define PACKET_SPEC_ENUM(id, option, value, range, kind, meaning) PACKET_SPEC_##id,
	PACKET_SPEC_FIELDS(PACKET_SPEC_ENUM)
#undef PACKET_SPEC_ENUM
		PACKET_SPEC_COUNT,
};

/*
 * texts: the value of each option, or NULL. plan: of the rules that the packet is matched
 * against. Returns an enum exit_code; errors have been logged.
 */
int packet_spec_parse(const char *const *texts, const struct txp_class_plan *plan,
		      struct txp_class_fields *fields);

#endif /* TXPATH_PACKET_SPEC_H */
