/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The size of an array, and arrays that grow. */
#ifndef TXPATH_LIB_ARRAY_H
#define TXPATH_LIB_ARRAY_H

#include <stdlib.h>

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * Returns the array with room for one more element at index count. The room doubles when count is a
 * power of two, so every element must be added through this function. NULL: no memory; the array is
 * unchanged.
 */
static inline void *array_grown(void *array, size_t count, size_t size)
{
	return count & (count - 1) ? array : reallocarray(array, count ? 2 * count : 1, size);
}

#endif /* TXPATH_LIB_ARRAY_H */
