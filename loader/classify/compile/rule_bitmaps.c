// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A hash table of rows, by their bits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classify/compile/rule_bitmaps.h"

#define SLOTS_FIRST 64

void row_add(struct txp_rule_bitmap *row, size_t rule)
{
	row->words[rule / 64] |= 1ULL << rule % 64;
	row->summary |= 1ULL << rule / 64;
}

void row_remove(struct txp_rule_bitmap *row, size_t rule)
{
	row->words[rule / 64] &= ~(1ULL << rule % 64);
	if (!row->words[rule / 64])
		row->summary &= ~(1ULL << rule / 64);
}

static size_t row_hash(const struct txp_rule_bitmap *row)
{
	__u64 hash = 0;
	size_t i;

	for (i = 0; i < TXP_CLASS_WORDS; i++)
		hash = (hash ^ row->words[i]) * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio */
	return hash >> 32;
}

/* Where it is, or would be. */
static __u32 *rows_slot(const struct rows *rows, const struct txp_rule_bitmap *row)
{
	size_t at = row_hash(row) & (rows->slot_count - 1);

	while (rows->slots[at] && memcmp(&rows->row[rows->slots[at] - 1], row, sizeof(*row)))
		at = (at + 1) & (rows->slot_count - 1);
	return &rows->slots[at];
}

/* slot_count is a power of two, and more than half of the slots are empty. */
static int rows_grow(struct rows *rows)
{
	size_t i, slot_count = rows->slot_count ? rows->slot_count * 2 : SLOTS_FIRST;
	struct txp_rule_bitmap *row = realloc(rows->row, slot_count / 2 * sizeof(*row));
	__u32 *slots;

	if (!row)
		return -ENOMEM;
	rows->row = row;
	slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(rows->slots);
	rows->slots = slots;
	rows->slot_count = slot_count;
	for (i = 0; i < rows->count; i++)
		*rows_slot(rows, &rows->row[i]) = i + 1;
	return 0;
}

int rows_place(struct rows *rows, const struct txp_rule_bitmap *row)
{
	__u32 *slot;
	int err = rows->count * 2 >= rows->slot_count ? rows_grow(rows) : 0;

	if (err)
		return err;
	slot = rows_slot(rows, row);
	if (*slot)
		return *slot - 1;
	if (rows->count == ROWS_MAX)
		return -E2BIG;
	rows->row[rows->count++] = *row;
	*slot = rows->count;
	return rows->count - 1;
}

void rows_free(struct rows *rows)
{
	free(rows->row);
	free(rows->slots);
	memset(rows, 0, sizeof(*rows));
}
