// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of names, and their look-ups. */
#include <stddef.h>
#include <string.h>

#include "array.h"
#include "command.h"
#include "words.h"

static const char *const modes[] = {
	[TXP_MODE_OFF] = "off",
	[TXP_MODE_SHADOW] = "shadow",
	[TXP_MODE_OFFLOAD] = "offload",
};

static const char *const netfilters[] = {
	[TXP_NETFILTER_DECLINE] = "decline",
	[TXP_NETFILTER_LEASE] = "lease",
	[TXP_NETFILTER_BYPASS] = "bypass",
};

static const char *const transits[] = {
#define TRANSIT_NAME(id, name, meaning) #name,
	TXP_TRANSITS(TRANSIT_NAME)
#undef TRANSIT_NAME
};

static const char *const transit_meanings[] = {
#define TRANSIT_MEANING(id, name, meaning) meaning,
	TXP_TRANSITS(TRANSIT_MEANING)
#undef TRANSIT_MEANING
};

static const char *word(const char *const *words, size_t count, __u32 number)
{
	return number < count ? words[number] : "unknown";
}

const char *mode_name(__u32 mode)
{
	return word(modes, ARRAY_SIZE(modes), mode);
}

const char *netfilter_name(__u32 netfilter)
{
	return word(netfilters, ARRAY_SIZE(netfilters), netfilter);
}

const char *transit_name(__u32 transit)
{
	return word(transits, ARRAY_SIZE(transits), transit);
}

const char *transit_meaning(__u32 transit)
{
	return word(transit_meanings, ARRAY_SIZE(transit_meanings), transit);
}

int netfilter_parse(const char *text, enum txp_netfilter *netfilter)
{
	size_t i;

	*netfilter = TXP_NETFILTER_DECLINE;
	for (i = 0; text && i < ARRAY_SIZE(netfilters); i++) {
		if (strcmp(text, netfilters[i]))
			continue;
		*netfilter = (enum txp_netfilter)i;
		return EXIT_DONE;
	}
	if (!text)
		return EXIT_DONE;
	return usage_error("--netfilter %s: there is no such mode; it is decline, lease or bypass",
			   text);
}
