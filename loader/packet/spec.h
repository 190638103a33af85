/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet that is only spoken of: txpath explain and classify test, --src ADDRESS ... */
#ifndef TXPATH_PACKET_SPEC_H
#define TXPATH_PACKET_SPEC_H

#include <txpath/classify.h>

/* PACKET_SPEC_FIELD(ID, option, value, meaning) */
#define PACKET_SPEC_FIELDS(PACKET_SPEC_FIELD)                                                      \
	PACKET_SPEC_FIELD(SRC, "src", "ADDRESS", "source address")                                 \
	PACKET_SPEC_FIELD(DST, "dst", "ADDRESS", "destination address")                            \
	PACKET_SPEC_FIELD(PROTO, "proto", "NAME|NUMBER", "protocol above IP")                      \
	PACKET_SPEC_FIELD(SPORT, "sport", "PORT", "source port")                                   \
	PACKET_SPEC_FIELD(DPORT, "dport", "PORT", "destination port")                              \
	PACKET_SPEC_FIELD(DEV, "dev", "DEVICE", "that it leaves by; explain: comes in by")         \
	PACKET_SPEC_FIELD(DIRECTION, "direction", "local|forwarded", "whence; local if not given") \
	PACKET_SPEC_FIELD(DSCP, "dscp", "NAME|NUMBER", "that it has so far")                       \
	PACKET_SPEC_FIELD(PRIORITY, "priority", "NUMBER", "skb->priority so far")                  \
	PACKET_SPEC_FIELD(MARK, "mark", "NUMBER", "skb->mark so far")                              \
	PACKET_SPEC_FIELD(LEN, "len", "BYTES", "from the IP header on")                            \
	PACKET_SPEC_FIELD(UID, "uid", "USER|NUMBER", "user of its socket; none if not given")      \
	PACKET_SPEC_FIELD(CGROUP, "cgroup", "PATH", "cgroup of its socket")

enum packet_spec {
#define PACKET_SPEC_ENUM(id, option, value, meaning) PACKET_SPEC_##id,
	PACKET_SPEC_FIELDS(PACKET_SPEC_ENUM)
#undef PACKET_SPEC_ENUM
		PACKET_SPEC_COUNT,
};

/*
 * texts: what each option was given, or NULL. plan: of the rules that are asked. Returns an enum
 * exit_code, told.
 */
int packet_spec_parse(const char *const *texts, const struct txp_class_plan *plan,
		      struct txp_class_fields *fields);

#endif /* TXPATH_PACKET_SPEC_H */
