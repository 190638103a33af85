// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The tables that include/txpath/stations.h expands to. */
#include <string.h>

#include "array.h"
#include "station.h"

const struct watch_hook watch_hooks[] = {
#define WATCH_ROW(station, kind, target, program, limit)                                           \
	{ TXP_STATION_##station, TXP_WATCH_##kind, target, #program, limit },
	TXP_WATCHES(WATCH_ROW)
#undef WATCH_ROW
};

const size_t watch_hook_count = ARRAY_SIZE(watch_hooks);

const char *station_name(enum txp_station station)
{
	static const char *const names[] = {
#define STATION_NAME(id, name, traits, what) #name,
		TXP_STATIONS(STATION_NAME)
#undef STATION_NAME
	};

	return station < TXP_STATION_COUNT ? names[station] : "unknown";
}

const char *station_what(enum txp_station station)
{
	static const char *const texts[] = {
#define STATION_WHAT(id, name, traits, what) what,
		TXP_STATIONS(STATION_WHAT)
#undef STATION_WHAT
	};

	return texts[station];
}

enum txp_station station_find(const char *name)
{
	enum txp_station station = 0;

	while (station < TXP_STATION_COUNT && strcmp(station_name(station), name))
		station++;
	return station;
}

const char *watch_kind_name(enum txp_watch_kind kind)
{
	static const char *const names[] = {
		[TXP_WATCH_NONE] = "none",
		[TXP_WATCH_FENTRY] = "fentry",
		[TXP_WATCH_TP_BTF] = "tp_btf",
		[TXP_WATCH_NETFILTER] = "netfilter",
		[TXP_WATCH_NETFILTER6] = "netfilter6",
		[TXP_WATCH_TC] = "tc",
	};

	return names[kind];
}
