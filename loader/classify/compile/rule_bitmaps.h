/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Sets of rules, each kept once: what the map "rule_bitmaps" becomes. */
#ifndef TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H
#define TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>

#include <txpath/classify.h>

#define ROWS_MAX 65536 /* tables have 16 bits for a row */

struct rows {
	struct txp_rule_bitmap *row;
	size_t count;
	__u32 *slots; /* by hash, place + 1 of a row */
	size_t slot_count;
};

/* Place of a row like this one, a new one if need be. -E2BIG: ROWS_MAX; -ENOMEM. */
int rows_place(struct rows *rows, const struct txp_rule_bitmap *row);

void rows_free(struct rows *rows);

/* Keep the summary right. */
void row_add(struct txp_rule_bitmap *row, size_t rule);
void row_remove(struct txp_rule_bitmap *row, size_t rule);

#endif /* TXPATH_CLASSIFY_COMPILE_RULE_BITMAPS_H */
