/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stations and the rungs of their ladders as tables (include/txpath/stages.h). */
#ifndef TXPATH_STAGE_H
#define TXPATH_STAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <txpath/abi.h>

struct rung {
	enum txp_stage stage;
	enum txp_hook_kind kind;
	const char *target;
	const char *program;
};

/* In the order of TXP_RUNGS: of one station best first. */
extern const struct rung rungs[];
extern const size_t rung_count;

/* The station's best rung; the one below a rung, NULL: there is none. */
const struct rung *rung_best(enum txp_stage stage);
const struct rung *rung_below(const struct rung *rung);

/* TXP_HOOK_NONE for NULL. */
enum txp_hook_kind rung_kind(const struct rung *rung);

/* The station's rung of that kind; NULL: there is none. */
const struct rung *rung_of_kind(enum txp_stage stage, enum txp_hook_kind kind);

/*
 * The rung of another station whose program this one's is, which then counts for both: a program is
 * not attached twice. NULL: it has a hook of its own, or there is no rung.
 */
const struct rung *rung_host(const struct rung *rung);

/* What the station's pin among the links is called: where its program has its hook. */
const char *stage_pin(const struct txp_instance *row, enum txp_stage stage);

#define RUNG_TEXT_MAX 64

/* "fentry/ip_output", "none" for NULL. Returns text, of RUNG_TEXT_MAX bytes. */
const char *rung_text(const struct rung *rung, char *text);

/* Was the netfilter rung left out because of the knob, and how that is said. */
bool stage_is_left_out(const struct txp_instance *row, enum txp_stage stage);
#define STAGE_LEFT_OUT                                                                             \
	"netfilter/POST_ROUTING left out: its link would keep the network namespace alive; "       \
	"netfilter-hook=on uses it"

/* Is it without a hook because nothing asks for one? */
bool stage_is_unneeded(const struct txp_instance *row, enum txp_stage stage);
#define STAGE_UNNEEDED "not needed"
#define STAGE_OFF "nothing is in shadow, or stations=off; stations=on watches them"

/* Not watched because that was asked for, and not for want of a hook. */
bool stage_is_off(const struct txp_instance *row, enum txp_stage stage);

/* Of a station without a hook: what may be changed to get one; "" if that is not ours. */
const char *stage_why_none(const struct txp_instance *row, enum txp_stage stage);

const char *stage_name(enum txp_stage stage);
const char *stage_gives(enum txp_stage stage);

#endif /* TXPATH_STAGE_H */
