/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet that is only spoken of: txpath explain and classify test, --src ADDRESS ... */
#ifndef TXPATH_QUESTION_H
#define TXPATH_QUESTION_H

#include <txpath/classify.h>

/* QUESTION(ID, option, value, meaning) */
#define QUESTIONS(QUESTION)                                                                        \
	QUESTION(SRC, "src", "ADDRESS", "source address")                                          \
	QUESTION(DST, "dst", "ADDRESS", "destination address")                                     \
	QUESTION(PROTO, "proto", "NAME|NUMBER", "protocol above IP")                               \
	QUESTION(SPORT, "sport", "PORT", "source port")                                            \
	QUESTION(DPORT, "dport", "PORT", "destination port")                                       \
	QUESTION(DEV, "dev", "DEVICE", "that it leaves by; explain: comes in by")                  \
	QUESTION(DIRECTION, "direction", "local|forwarded", "whence; local if not given")          \
	QUESTION(DSCP, "dscp", "NAME|NUMBER", "that it has so far")                                \
	QUESTION(PRIORITY, "priority", "NUMBER", "skb->priority so far")                           \
	QUESTION(MARK, "mark", "NUMBER", "skb->mark so far")                                       \
	QUESTION(LEN, "len", "BYTES", "from the IP header on")                                     \
	QUESTION(UID, "uid", "USER|NUMBER", "user of its socket; none if not given")               \
	QUESTION(CGROUP, "cgroup", "PATH", "cgroup of its socket")

enum question {
#define QUESTION_ENUM(id, option, value, meaning) QUESTION_##id,
	QUESTIONS(QUESTION_ENUM)
#undef QUESTION_ENUM
		QUESTION_COUNT,
};

/*
 * texts: what each option was given, or NULL. plan: of the rules that are asked. Returns an enum
 * exit_code, told.
 */
int question_parse(const char *const *texts, const struct txp_class_plan *plan,
		   struct txp_facts *facts);

#endif /* TXPATH_QUESTION_H */
