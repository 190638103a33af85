/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What C leaves out about arrays. */
#ifndef TXPATH_LIB_ARRAY_H
#define TXPATH_LIB_ARRAY_H

#include <stdlib.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Room for one more at count: doubles when full. All that is added to the array goes through here.
 * NULL: there is no memory, and the array is as it was.
 */
static inline void *array_grown(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array : reallocarray(array, count ? 2 * count : 1, size);
}

#endif /* TXPATH_LIB_ARRAY_H */
