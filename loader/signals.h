/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A change of the host that has begun is not to be cut off halfway by the terminal. */
#ifndef TXPATH_SIGNALS_H
#define TXPATH_SIGNALS_H

#include <signal.h>

/* Holds SIGINT, SIGTERM and SIGHUP back until signals_release(), which takes what this fills. */
void signals_hold(sigset_t *before);
void signals_release(const sigset_t *before);

#endif /* TXPATH_SIGNALS_H */
