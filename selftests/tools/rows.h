/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The table of the differential test: kinds of packets, and what transit must say of each. */
#ifndef ROWS_H
#define ROWS_H

#include "packets.h"

#include <txpath/reasons.h>

/* A set of verdicts: bit per enum txp_transit. */
typedef __u64 verdicts;

_Static_assert(TXP_TRANSIT_COUNT < 64, "a verdict has a bit");

#define VERDICT(name) (1ULL << TXP_TRANSIT_##name)
#define ANY_VERDICT ((1ULL << TXP_TRANSIT_COUNT) - 1)

/* When the verdict falls. */
enum row_kind {
	/* By the packet's own bytes: a good packet of the flow is taken over behind it. */
	ROW_BYTES,
	/* By the flow's lease, which a good packet of the flow has made. */
	ROW_LEASE,
	/* No packet of this flow is ever forwarded: nothing to learn from. */
	ROW_NEVER,
};

/*
 * Commands are shell, run with ROUTER (the router's namespace) and ATTACH (txpath attach and the
 * router's devices; does nothing to the router without txpath).
 */
struct row {
	const char *name;
	enum row_kind kind;
	verdicts miss;
	verdicts warm;
	void (*make)(struct packet *packet, unsigned int nth);
	unsigned int share; /* of all packets; 0: only a few */
	bool ends;	    /* the lease: the kernel forwards it in its own way, the flow follows */
	bool newer;	    /* older kernels' packet sockets refuse it */
	bool outlive;	    /* wait until the lease is over before the packet is sent again */
	const char *before; /* the row's first packet, */
	const char *after;  /* its last; */
	const char *change; /* before each packet that counts, */
	const char *undo;   /* and behind it */
};

/* Milliseconds for which a row that waits attaches its leases. */
#define OUTLIVE_MS 200

/* NULL: there are no more. */
const struct row *row_at(unsigned int nth);

/* Every one of them must have been said of some packet. */
extern const verdicts rows_demand;

/* The nth packet of a row, of a flow that no packet had before. */
void row_packet(const struct row *row, struct packet *packet, unsigned int nth);

/* A good packet of the same flow. */
void row_good(struct packet *good, const struct packet *packet);

#endif /* ROWS_H */
