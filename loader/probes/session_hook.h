/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Between the files of a watch: which hooks are for it, and their programs. */
#ifndef TXPATH_PROBES_SESSION_HOOK_H
#define TXPATH_PROBES_SESSION_HOOK_H

#include "probes/session.h"

struct bpf_program;

/* Runs when a packet is given up without a drop: by no probe, for latency. */
#define CONSUME_PROGRAM "trace_consume"

/* Is the probe to be seen? Is the hook one for it, and for this kind of question? */
bool session_asks(const struct session *session, enum txp_probe probe);
bool session_selects(const struct session *session, const struct probe_hook *hook);

struct bpf_program *session_program(const struct session *session, const struct probe_hook *hook);

/*
 * Loads the programs of all hooks that are selected and that this kernel has, into watch->object.
 * refused: -errno of a load that more of them had part in, else as it was. Negative errno, told.
 */
int session_load(struct session *session, const struct txp_trace_config *settings, int *refused);

#endif /* TXPATH_PROBES_SESSION_HOOK_H */
