/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What C leaves out about arrays. */
#ifndef TXPATH_ARRAY_H
#define TXPATH_ARRAY_H

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#endif /* TXPATH_ARRAY_H */
