// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Why a VERIFY probe has no hook, in the words that commands print. */
#include "state/probe_state.h"

bool probe_is_verified(enum txp_probe probe)
{
	return TXP_VERIFY_PROBE_BITS & TXP_PROBE_BIT(probe);
}

const char *probe_pin(const struct txp_instance *row, enum txp_probe probe)
{
	const struct probe_hook *host =
		probe_hook_host(probe_hook_of_kind(probe, row->probe_hook[probe]));

	return probe_name(host ? host->probe : probe);
}

static bool has_no_hook(const struct txp_instance *row, enum txp_probe probe)
{
	return row->probe_hook[probe] == TXP_HOOK_NONE && !row->probe_errno[probe];
}

bool probe_is_left_out(const struct txp_instance *row, enum txp_probe probe)
{
	return row->left_out & TXP_PROBE_BIT(probe);
}

bool probe_is_unneeded(const struct txp_instance *row, enum txp_probe probe)
{
	return probe == TXP_PROBE_RECEIVE && has_no_hook(row, probe);
}

bool probe_is_off(const struct txp_instance *row, enum txp_probe probe)
{
	return probe_is_verified(probe) && probe != TXP_PROBE_RECEIVE && has_no_hook(row, probe);
}

const char *probe_why_none(const struct txp_instance *row, enum txp_probe probe)
{
	if (probe_is_off(row, probe))
		return PROBE_OFF;
	return probe_is_left_out(row, probe) ? PROBE_LEFT_OUT : "";
}
