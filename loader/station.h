/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stations and their hooks as tables (include/txpath/stations.h). */
#ifndef TXPATH_STATION_H
#define TXPATH_STATION_H

#include <stddef.h>

#include <txpath/stations.h>

struct watch_hook {
	enum txp_station station;
	enum txp_watch_kind kind;
	const char *target;
	const char *program;
	const char *limit;
};

/* In the order of TXP_WATCHES: of one station the best kind first. */
extern const struct watch_hook watch_hooks[];
extern const size_t watch_hook_count;

const char *station_name(enum txp_station station);
const char *station_what(enum txp_station station);

/* TXP_STATION_COUNT: there is none of that name. */
enum txp_station station_find(const char *name);

const char *watch_kind_name(enum txp_watch_kind kind);

#endif /* TXPATH_STATION_H */
