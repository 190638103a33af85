/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What pathgen.c tells its programs: the frames that they make. */
#ifndef PATHGEN_H
#define PATHGEN_H

#define PATHGEN_LENGTH 60  /* of a frame, without its checksum: the shortest there is */
#define PATHGEN_HEADERS 48 /* Ethernet, IP and UDP, rounded up to whole words */
#define PATHGEN_CPUS 256   /* a power of two */
#define PATHGEN_FLOW_BITS 20

/* The position of one generator in its flows, in a cache line of its own. */
struct pathgen_place {
	__u64 next;
	__u64 first; /* flow of this CPU: each has its own */
	__u64 sent;
	__u64 reserved[5];
};

#endif /* PATHGEN_H */
