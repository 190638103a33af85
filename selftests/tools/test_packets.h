/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packets of a plan's kinds on the client's c0, and where they come out: at the server's
 * devices s2 to s9, which belong to the router's r2 to r9, or as an ICMP error at c0.
 *
 * MAC addresses say where a packet is: 02:00:00:00:DD:GG is GG on the router's device rDD.
 */
#ifndef PROBES_H
#define PROBES_H

#include "plan.h"

struct probes;

/* Opens the sockets in the namespaces with these paths; says what is wrong and exits. */
struct probes *probes_open(const struct plan *plan, const char *client, const char *server);

/* Sends so many packets of the kind's load; returns how many went. */
int probes_load(const struct probes *probes, int kind, int count);

/* Sends one numbered packet of the kind and says what became of it. */
int probes_send(const struct probes *probes, int kind, unsigned int number);

#endif /* PROBES_H */
