/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * For the files of rows: what they say of a row in short, and what several of them make its packets
 * with. The router's routes that decide about a row are in differential.sh.
 */
#ifndef ROWS_MAKE_H
#define ROWS_MAKE_H

#include "rows.h"

/* Each ends in a row without a name. */
extern const struct row rows_refused[];
extern const struct row rows_taken[];
extern const struct row rows_size[];
extern const struct row rows_bytes[];
extern const struct row rows_router[];

/* What is known of no flow before its first packet. */
#define MISS (VERDICT(MISS) | VERDICT(COLLISION))

#define BYTES(verdict)                                                                             \
	.kind = ROW_BYTES, .miss = 1ULL << TXP_TRANSIT_##verdict,                                  \
	.warm = 1ULL << TXP_TRANSIT_##verdict
#define NEVER(verdict) .kind = ROW_NEVER, .miss = VERDICT(verdict), .warm = VERDICT(verdict)
#define LEASE(verdict) .kind = ROW_LEASE, .miss = MISS, .warm = VERDICT(verdict)
#define REFUSED(verdict)                                                                           \
	.kind = ROW_NEVER, .miss = MISS, .warm = VERDICT(COLLISION) | VERDICT(verdict)
#define TAKEN LEASE(TAKEN)

#define R0_RP_FILTER "ip netns exec $ROUTER sysctl -qw net.ipv4.conf.r0.rp_filter="

#define ROUTE(n) ADDRESS(11, n, 0, 0) /* a /16 */

#define OUTPUT_MTU 1500 /* r2's; r0's is 9000 */
#define ROUTE_MTU 1000	/* of routes 1 and 2 */

#define DF 0x4000

/* To any address of a /16: before the packet is begun. */
void make_to(struct packet *packet, __u32 network);

void make_small(struct packet *packet);
void make_other_route(struct packet *packet, unsigned int network);
void make_segments_tcp(struct packet *packet, size_t payload, size_t gso_size);

/* Flags and offset, of one that is made. */
void make_fragment_field(struct packet *packet, __u16 field);

/* Makers of rows. */
void make_multipath(struct packet *packet, unsigned int nth);
void make_from_unroutable(struct packet *packet, unsigned int nth);
void make_from_behind(struct packet *packet, unsigned int nth);

#define ICMP_ERROR_TYPES 5
extern const __u8 icmp_error_types[ICMP_ERROR_TYPES];

#endif /* ROWS_MAKE_H */
