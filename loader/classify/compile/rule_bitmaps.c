// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A hash table over the bits, so that a file with many prefixes compiles in linear time. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "classify/compile/rule_bitmaps.h"

#define SLOTS_FIRST 64

void rule_bitmap_add(struct txp_rule_bitmap *bitmap, size_t rule)
{
	bitmap->words[rule / 64] |= 1ULL << rule % 64;
	bitmap->summary |= 1ULL << rule / 64;
}

void rule_bitmap_remove(struct txp_rule_bitmap *bitmap, size_t rule)
{
	bitmap->words[rule / 64] &= ~(1ULL << rule % 64);
	if (!bitmap->words[rule / 64])
		bitmap->summary &= ~(1ULL << rule / 64);
}

static size_t hash(const struct txp_rule_bitmap *bitmap)
{
	__u64 hash = 0;
	size_t i;

	for (i = 0; i < TXP_CLASS_WORDS; i++)
		hash = (hash ^ bitmap->words[i]) * 0x9e3779b97f4a7c15; /* 2^64 / golden ratio */
	return hash >> 32;
}

/* The slot of an equal bitmap, or the empty slot where this one belongs. */
static __u32 *find_slot(const struct rule_bitmaps *bitmaps, const struct txp_rule_bitmap *bitmap)
{
	size_t at = hash(bitmap) & (bitmaps->slot_count - 1);

	while (bitmaps->slots[at] &&
	       memcmp(&bitmaps->bitmap[bitmaps->slots[at] - 1], bitmap, sizeof(*bitmap)))
		at = (at + 1) & (bitmaps->slot_count - 1);
	return &bitmaps->slots[at];
}

/* Keeps slot_count a power of two, and at least half of the slots empty. */
static int grow(struct rule_bitmaps *bitmaps)
{
	size_t i, slot_count = bitmaps->slot_count ? bitmaps->slot_count * 2 : SLOTS_FIRST;
	struct txp_rule_bitmap *bitmap = realloc(bitmaps->bitmap, slot_count / 2 * sizeof(*bitmap));
	__u32 *slots;

	if (!bitmap)
		return -ENOMEM;
	bitmaps->bitmap = bitmap;
	slots = calloc(slot_count, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(bitmaps->slots);
	bitmaps->slots = slots;
	bitmaps->slot_count = slot_count;
	for (i = 0; i < bitmaps->count; i++)
		*find_slot(bitmaps, &bitmaps->bitmap[i]) = i + 1;
	return 0;
}

int rule_bitmaps_intern(struct rule_bitmaps *bitmaps, const struct txp_rule_bitmap *bitmap)
{
	__u32 *slot;
	int err = bitmaps->count * 2 >= bitmaps->slot_count ? grow(bitmaps) : 0;

	if (err)
		return err;
	slot = find_slot(bitmaps, bitmap);
	if (*slot)
		return *slot - 1;
	if (bitmaps->count == RULE_BITMAPS_MAX)
		return -E2BIG;
	bitmaps->bitmap[bitmaps->count++] = *bitmap;
	*slot = bitmaps->count;
	return bitmaps->count - 1;
}

void rule_bitmaps_free(struct rule_bitmaps *bitmaps)
{
	free(bitmaps->bitmap);
	free(bitmaps->slots);
	memset(bitmaps, 0, sizeof(*bitmaps));
}
