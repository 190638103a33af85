/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every key of a file of rules. docs/CLASSIFY.md has a row for each; make check compares them.
 *
 * KEY(ID, name, required, read, word): the members of struct key (reader.h).
 */
#ifndef TXPATH_CLASSIFY_RULESET_KEYS_H
#define TXPATH_CLASSIFY_RULESET_KEYS_H

#define RULESET_FILE_KEYS(KEY)                                                                     \
	KEY(VERSION, "version", true, read_word, read_version)                                     \
	KEY(PREFIXES, "prefixes", false, keep_section, NULL)                                       \
	KEY(CLASSES, "classes", false, keep_section, NULL)                                         \
	KEY(RULES, "rules", true, keep_section, NULL)

#define RULESET_CLASS_KEYS(KEY)                                                                    \
	KEY(PRIORITY, "priority", false, read_word, read_class_priority)                           \
	KEY(TC, "tc", false, read_word, read_class_tc)                                             \
	KEY(DSCP, "dscp", false, read_word, read_class_dscp)                                       \
	KEY(MARK, "mark", false, read_word, read_class_mark)                                       \
	KEY(RATE, "rate", false, read_word, read_class_rate)

#define RULESET_RULE_KEYS(KEY)                                                                     \
	KEY(NAME, "name", true, read_word, read_rule_name)                                         \
	KEY(MATCH, "match", false, read_match, NULL)                                               \
	KEY(CLASS, "class", true, read_word, read_rule_class)

/* The conditions of a rule. Those that are numbers have the names of TXP_DIMENSIONS. */
#define RULESET_MATCH_KEYS(KEY)                                                                    \
	KEY(DEV, "dev", false, read_condition, read_device)                                        \
	KEY(DIRECTION, "direction", false, read_condition, read_direction)                         \
	KEY(FAMILY, "family", false, read_condition, read_family)                                  \
	KEY(PROTO, "proto", false, read_condition, read_number)                                    \
	KEY(SRC, "src", false, read_condition, read_source)                                        \
	KEY(DST, "dst", false, read_condition, read_destination)                                   \
	KEY(SPORT, "sport", false, read_condition, read_number)                                    \
	KEY(DPORT, "dport", false, read_condition, read_number)                                    \
	KEY(DSCP, "dscp", false, read_condition, read_number)                                      \
	KEY(MARK, "mark", false, read_condition, read_mark)                                        \
	KEY(PRIORITY, "priority", false, read_condition, read_number)                              \
	KEY(LEN, "len", false, read_condition, read_number)                                        \
	KEY(UID, "uid", false, read_condition, read_number)                                        \
	KEY(CGROUP, "cgroup", false, read_condition, read_cgroup)

#define RULESET_KEY(id, text, must, reader, of_word)                                               \
	{ .name = text, .required = must, .read = reader, .word = of_word },

#endif /* TXPATH_CLASSIFY_RULESET_KEYS_H */
