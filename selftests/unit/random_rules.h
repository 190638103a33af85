/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Random rules and packets for them; the file that the rules are written as, and which of them a
 * packet matches.
 */
#ifndef DRAWN_H
#define DRAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <txpath/classify.h>

#define RULES_MAX 1024
#define RANGES_MAX 3

struct drawn_range {
	uint32_t first, last;
};

struct drawn_prefix {
	bool ipv6;
	unsigned int length;
	uint8_t bytes[16];
};

struct drawn_rule {
	size_t ranges[TXP_DIMENSION_COUNT]; /* how many */
	struct drawn_range range[TXP_DIMENSION_COUNT][RANGES_MAX];
	size_t sources, destinations, marks, cgroups;
	struct drawn_prefix source[RANGES_MAX], destination[RANGES_MAX];
	uint32_t mark[RANGES_MAX], mask;
	unsigned int cgroup[RANGES_MAX], depth; /* of cgroup /DEPTH/NUMBER */
	int family;				/* -1: any */
	int direction;				/* -1: any */
};

struct drawn_packet {
	struct txp_class_fields fields;
	unsigned int cgroup; /* /DEPTH/NUMBER for each depth alike; 0: none */
};

extern struct drawn_rule drawn_rules[RULES_MAX];
extern size_t drawn_count;

/* The same numbers for the same seed. */
void draw_seed(uint64_t seed);
uint64_t draw(uint64_t below);
bool chance(unsigned int percent);

/* percent: of what a rule may ask, as numbers */
void draw_rules(size_t count, unsigned int percent);

/* Of cgroup /DEPTH/NUMBER. */
uint64_t drawn_cgroup_id(unsigned int depth, unsigned int number);

void draw_packet(struct drawn_packet *packet, const struct txp_class_plan *plan);

/* For the caller to free. */
char *drawn_file(size_t *size);

/* The place of the first rule that matches; drawn_count: none does. */
size_t drawn_walk(const struct drawn_packet *packet);

#endif /* DRAWN_H */
