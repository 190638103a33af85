/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The probes and their hooks as tables (include/txpath/probes.h), and look-ups in them. */
#ifndef TXPATH_LIB_PROBE_TABLE_H
#define TXPATH_LIB_PROBE_TABLE_H

#include <stddef.h>

#include <txpath/probes.h>

struct probe_hook {
	enum txp_probe_user user;
	enum txp_probe probe;
	enum txp_hook_kind kind;
	const char *target;
	const char *program;
	const char *limit;
};

enum {
	PROBE_HOOK_COUNT = 0
#define PROBE_HOOK_ONE(user, probe, kind, target, program, limit) +1
	TXP_PROBE_HOOKS(PROBE_HOOK_ONE)
#undef PROBE_HOOK_ONE
};

/* In the order of TXP_PROBE_HOOKS: of one user and probe the best kind first. */
extern const struct probe_hook probe_hooks[PROBE_HOOK_COUNT];

/* "unknown" for a number that is no probe. */
const char *probe_name(enum txp_probe probe);
const char *probe_what(enum txp_probe probe);

/* What comparisons miss without the probe; "" if they do not use it. */
const char *probe_gives(enum txp_probe probe);

/* TXP_PROBE_COUNT: there is none of that name. */
enum txp_probe probe_find(const char *name);

const char *hook_kind_name(enum txp_hook_kind kind);

/* The VERIFY probe's best hook; its next best after hook. NULL: there is none. */
const struct probe_hook *probe_hook_best(enum txp_probe probe);
const struct probe_hook *probe_hook_next(const struct probe_hook *hook);

/* The VERIFY probe's hook of that kind; NULL: there is none. */
const struct probe_hook *probe_hook_of_kind(enum txp_probe probe, enum txp_hook_kind kind);

/* TXP_HOOK_NONE for NULL. */
enum txp_hook_kind probe_hook_kind(const struct probe_hook *hook);

/*
 * A hook of another VERIFY probe with the same program, which then counts for both: a program is
 * not attached twice. NULL: the program is attached for this hook, or hook is NULL.
 */
const struct probe_hook *probe_hook_host(const struct probe_hook *hook);

#define HOOK_TEXT_MAX 64

/* "fentry/ip_output", "none" for NULL. Returns text, of HOOK_TEXT_MAX bytes. */
const char *probe_hook_text(const struct probe_hook *hook, char *text);

#endif /* TXPATH_LIB_PROBE_TABLE_H */
