// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tables of include/txpath/probes.h. In lib, because every room names probes, and only probes/
 * attaches them.
 */
#include <stdio.h>
#include <string.h>

#include "lib/array.h"
#include "lib/probe_table.h"

const struct probe_hook probe_hooks[PROBE_HOOK_COUNT] = {
#define HOOK_ROW(user, probe, kind, target, program, limit)                                        \
	{ TXP_##user, TXP_PROBE_##probe, TXP_HOOK_##kind, target, #program, limit },
	TXP_PROBE_HOOKS(HOOK_ROW)
#undef HOOK_ROW
};

const char *probe_name(enum txp_probe probe)
{
	static const char *const names[] = {
#define PROBE_NAME(id, name, traits, what) #name,
		TXP_PROBES(PROBE_NAME)
#undef PROBE_NAME
	};

	return probe < TXP_PROBE_COUNT ? names[probe] : "unknown";
}

const char *probe_what(enum txp_probe probe)
{
	static const char *const texts[] = {
#define PROBE_WHAT(id, name, traits, what) what,
		TXP_PROBES(PROBE_WHAT)
#undef PROBE_WHAT
	};

	return texts[probe];
}

const char *probe_gives(enum txp_probe probe)
{
	static const char *const texts[TXP_PROBE_COUNT] = {
#define PROBE_WITHOUT(id, name, without) [TXP_PROBE_##id] = without,
		TXP_VERIFY_PROBES(PROBE_WITHOUT)
#undef PROBE_WITHOUT
	};

	return texts[probe] ?: "";
}

enum txp_probe probe_find(const char *name)
{
	enum txp_probe probe = 0;

	while (probe < TXP_PROBE_COUNT && strcmp(probe_name(probe), name))
		probe++;
	return probe;
}

const char *hook_kind_name(enum txp_hook_kind kind)
{
	static const char *const names[] = {
		[TXP_HOOK_NONE] = "none",
		[TXP_HOOK_FENTRY] = "fentry",
		[TXP_HOOK_TP_BTF] = "tp_btf",
		[TXP_HOOK_NETFILTER] = "netfilter",
		[TXP_HOOK_NETFILTER6] = "netfilter6",
		[TXP_HOOK_TC] = "tc",
	};

	return names[kind];
}

static const struct probe_hook *verify_hook_from(size_t i, enum txp_probe probe)
{
	for (; i < PROBE_HOOK_COUNT; i++) {
		if (probe_hooks[i].user == TXP_VERIFY && probe_hooks[i].probe == probe)
			return &probe_hooks[i];
	}
	return NULL;
}

const struct probe_hook *probe_hook_best(enum txp_probe probe)
{
	return verify_hook_from(0, probe);
}

const struct probe_hook *probe_hook_next(const struct probe_hook *hook)
{
	return verify_hook_from(hook - probe_hooks + 1, hook->probe);
}

const struct probe_hook *probe_hook_of_kind(enum txp_probe probe, enum txp_hook_kind kind)
{
	const struct probe_hook *hook;

	for (hook = probe_hook_best(probe); hook; hook = probe_hook_next(hook)) {
		if (hook->kind == kind)
			return hook;
	}
	return NULL;
}

enum txp_hook_kind probe_hook_kind(const struct probe_hook *hook)
{
	return hook ? hook->kind : TXP_HOOK_NONE;
}

const struct probe_hook *probe_hook_host(const struct probe_hook *hook)
{
	size_t i;

	/* the program is attached for the probe of which it is the best hook */
	if (!hook || hook == probe_hook_best(hook->probe))
		return NULL;
	for (i = 0; i < PROBE_HOOK_COUNT; i++) {
		if (probe_hooks[i].user == TXP_VERIFY && probe_hooks[i].probe != hook->probe &&
		    !strcmp(probe_hooks[i].program, hook->program))
			return &probe_hooks[i];
	}
	return NULL;
}

const char *probe_hook_text(const struct probe_hook *hook, char *text)
{
	if (hook)
		snprintf(text, HOOK_TEXT_MAX, "%s/%s", hook_kind_name(hook->kind), hook->target);
	else
		snprintf(text, HOOK_TEXT_MAX, "none");
	return text;
}
