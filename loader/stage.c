// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tables that include/txpath/stages.h expands to, and their look-ups. */
#include <stdio.h>
#include <string.h>

#include "array.h"
#include "stage.h"

const struct rung rungs[] = {
#define RUNG_ROW(stage, kind, target, program)                                                     \
	{ TXP_STAGE_##stage, TXP_HOOK_##kind, target, #program },
	TXP_RUNGS(RUNG_ROW)
#undef RUNG_ROW
};

const size_t rung_count = ARRAY_SIZE(rungs);

static const struct rung *rung_from(size_t i, enum txp_stage stage)
{
	for (; i < rung_count; i++) {
		if (rungs[i].stage == stage)
			return &rungs[i];
	}
	return NULL;
}

const struct rung *rung_best(enum txp_stage stage)
{
	return rung_from(0, stage);
}

const struct rung *rung_below(const struct rung *rung)
{
	return rung_from(rung - rungs + 1, rung->stage);
}

enum txp_hook_kind rung_kind(const struct rung *rung)
{
	return rung ? rung->kind : TXP_HOOK_NONE;
}

const struct rung *rung_of_kind(enum txp_stage stage, enum txp_hook_kind kind)
{
	const struct rung *rung;

	for (rung = rung_best(stage); rung; rung = rung_below(rung)) {
		if (rung->kind == kind)
			return rung;
	}
	return NULL;
}

/* The best rung of that station: the other one is not. */
const struct rung *rung_host(const struct rung *rung)
{
	size_t i;

	for (i = 0; rung && i < rung_count; i++) {
		if (rungs[i].stage != rung->stage && rung != rung_best(rung->stage) &&
		    !strcmp(rungs[i].program, rung->program))
			return &rungs[i];
	}
	return NULL;
}

const char *stage_pin(const struct txp_instance *row, enum txp_stage stage)
{
	const struct rung *host = rung_host(rung_of_kind(stage, row->stage_rung[stage]));

	return stage_name(host ? host->stage : stage);
}

const char *rung_text(const struct rung *rung, char *text)
{
	static const char *const kinds[] = {
		[TXP_HOOK_NONE] = "none",	    [TXP_HOOK_FENTRY] = "fentry",
		[TXP_HOOK_TP_BTF] = "tp_btf",	    [TXP_HOOK_TC] = "tc",
		[TXP_HOOK_NETFILTER] = "netfilter",
	};

	if (rung)
		snprintf(text, RUNG_TEXT_MAX, "%s/%s", kinds[rung->kind], rung->target);
	else
		snprintf(text, RUNG_TEXT_MAX, "none");
	return text;
}

bool stage_is_left_out(const struct txp_instance *row, enum txp_stage stage)
{
	return row->left_out & (1U << stage);
}

bool stage_is_unneeded(const struct txp_instance *row, enum txp_stage stage)
{
	return stage == TXP_STAGE_RECEIVE && row->stage_rung[stage] == TXP_HOOK_NONE &&
	       !row->stage_errno[stage];
}

bool stage_is_off(const struct txp_instance *row, enum txp_stage stage)
{
	return stage != TXP_STAGE_RECEIVE && row->stage_rung[stage] == TXP_HOOK_NONE &&
	       !row->stage_errno[stage];
}

const char *stage_why_none(const struct txp_instance *row, enum txp_stage stage)
{
	if (stage_is_off(row, stage))
		return STAGE_OFF;
	return stage_is_left_out(row, stage) ? STAGE_LEFT_OUT : "";
}

const char *stage_name(enum txp_stage stage)
{
	static const char *const names[] = {
#define STAGE_NAME(id, name, gives) #name,
		TXP_STAGES(STAGE_NAME)
#undef STAGE_NAME
	};

	return names[stage];
}

const char *stage_gives(enum txp_stage stage)
{
	static const char *const texts[] = {
#define STAGE_GIVES(id, name, gives) gives,
		TXP_STAGES(STAGE_GIVES)
#undef STAGE_GIVES
	};

	return texts[stage];
}
