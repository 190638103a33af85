/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The content of the map "rule_bitmaps". Many values of a packet allow the same rules, so each
 * set of rules is stored once, and everything else refers to it by its index.
 */
#ifndef TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H
#define TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>

#include <txpath/classify.h>

#define RULE_BITMAPS_MAX 65536 /* struct txp_class_tables has 16 bits for an index */

struct rule_bitmaps {
	struct txp_rule_bitmap *bitmap;
	size_t count;
	__u32 *slots; /* hash table: index + 1 of a bitmap, 0 in an empty slot */
	size_t slot_count;
};

/*
 * Returns the index of a bitmap equal to this one, and adds the bitmap if there is none. Returns
 * -E2BIG if there are RULE_BITMAPS_MAX already, or -ENOMEM.
 */
int rule_bitmaps_intern(struct rule_bitmaps *bitmaps, const struct txp_rule_bitmap *bitmap);

void rule_bitmaps_free(struct rule_bitmaps *bitmaps);

/* Both keep the bitmap's summary correct. */
void rule_bitmap_add(struct txp_rule_bitmap *bitmap, size_t rule);
void rule_bitmap_remove(struct txp_rule_bitmap *bitmap, size_t rule);

#endif /* TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H */
