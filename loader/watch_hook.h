/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the files of a watch: which hooks are for it, and their programs. */
#ifndef TXPATH_WATCH_HOOK_H
#define TXPATH_WATCH_HOOK_H

#include "watch.h"

struct bpf_program;

/* Runs when a packet is given up without a drop: by no station, for latency. */
#define CONSUME_PROGRAM "watch_consume"

/* Is the station to be seen? Is the hook one for it, and for this kind of question? */
bool watch_asks(const struct watch *watch, enum txp_station station);
bool watch_selects(const struct watch *watch, const struct watch_hook *hook);

struct bpf_program *watch_program(const struct watch *watch, const struct watch_hook *hook);

/*
 * Loads the programs of all hooks that are selected and that this kernel has, into watch->object.
 * refused: -errno of a load that more of them had part in, else as it was. Negative errno, told.
 */
int watch_load(struct watch *watch, const struct txp_watch *settings, int *refused);

#endif /* TXPATH_WATCH_HOOK_H */
