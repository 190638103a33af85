/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The one engine that gives each probe its hooks, for attached devices (verify.h) and for the
 * commands probes, latency and trace (session.h). Which hook a kernel takes cannot be known from
 * its version: it may be built without BTF of a function, and a security module may refuse a
 * program. So each hook is tried by loading and attaching it, the best kind first. A refusal costs
 * that hook only, and the errno of the best kind is kept for the operator.
 *
 * A user fills the first part of struct hook_set, then calls hooks_load(), hooks_attach() and
 * hooks_close().
 */
#ifndef TXPATH_PROBES_HOOKS_H
#define TXPATH_PROBES_HOOKS_H

#include <stdbool.h>

#include "lib/probe_table.h"
#include "state/object.h"

/* What differs between the users of the engine. */
struct hook_user {
	enum txp_probe_user user;
	/*
	 * May each program be loaded by itself? The maps of attached devices are shared between
	 * loads. Those of a trace session belong to one load, so all hooks and fallbacks are in
	 * it.
	 */
	bool alone;
	/* Loads all of these programs or none. A negative errno, not logged. */
	int (*load)(void *context, struct program *programs, size_t count);
};

/* One row of probe_hooks. */
struct hook_state {
	bool selected; /* it may be used */
	int prog_fd;   /* loaded, else -1 */
	int link_fd;   /* attached, else -1: also if another row's link serves this one too */
	int err;       /* why the kernel refused it; 0: it did not, or it was not tried */
	bool used;     /* the probe sees packets by it; true also after hooks_detach() */
};

struct probe_state {
	enum txp_hook_kind kind; /* in use; before hooks_attach(): the first that loaded */
	bool attached;
	int best_errno; /* why a hook of the best kind was refused; 0: none was */
	bool left_out;	/* a kind that loaded was passed over: hook_set.kinds */
};

#define HOOK_KIND_BIT(kind) (1U << (kind))
#define HOOK_KINDS_NETFILTER                                                                       \
	(HOOK_KIND_BIT(TXP_HOOK_NETFILTER) | HOOK_KIND_BIT(TXP_HOOK_NETFILTER6))

struct hook_set {
	const struct hook_user *user;
	void *context;	     /* of user->load */
	__u32 probes;	     /* bit per enum txp_probe that is to be seen */
	__u32 kinds;	     /* bit per enum txp_hook_kind that may be used */
	__u32 ifindex;	     /* of the device for TC hooks */
	const char *no_hook; /* a program that is not to serve no_probe, NULL: none */
	enum txp_probe no_probe;
	/* From here on the engine's. */
	int load_errno; /* why programs were left out of the load, 0: none were */
	struct probe_state probe[TXP_PROBE_COUNT];
	struct hook_state hook[PROBE_HOOK_COUNT];
};

/*
 * Loads the programs; nothing is attached yet. Owns descriptors, also on failure: hooks_close().
 * A probe without a hook is no failure. -EINTR: a signal that lock_take() holds back is pending.
 * Other errors have been logged.
 */
int hooks_load(struct hook_set *set);

/* Attaches in the namespace that we are in, with fallbacks. A refusal is no failure. */
void hooks_attach(struct hook_set *set);

/* Detaches, and keeps what can be reported of the programs. */
void hooks_detach(struct hook_set *set);

void hooks_close(struct hook_set *set);

/* How many probes have a hook. */
int hooks_count(const struct hook_set *set);

/* The hook of a probe, NULL: it has none. Its program and its own link, -1: none. */
const struct probe_hook *hooks_of(const struct hook_set *set, enum txp_probe probe);
int hooks_program(const struct hook_set *set, enum txp_probe probe);
int hooks_link(const struct hook_set *set, enum txp_probe probe);

/* Attaches a loaded program. ifindex: for TC. A new link or a negative errno, not logged. */
int hook_attach(const struct probe_hook *hook, int prog_fd, __u32 ifindex);

/* Between hooks.c and hooks_load.c: the first load of a set; one program that is not loaded yet. */
int hooks_load_first(struct hook_set *set);
int hooks_load_one(struct hook_set *set, size_t row);

/* The kind of the probe's next best hooks, TXP_HOOK_NONE: none. after: TXP_HOOK_NONE, the best. */
enum txp_hook_kind hooks_next_kind(const struct hook_set *set, enum txp_probe probe,
				   enum txp_hook_kind after);

#endif /* TXPATH_PROBES_HOOKS_H */
