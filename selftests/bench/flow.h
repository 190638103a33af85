/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The flows of the benchmarks: each destination once, in a scattered order, so no cache knows the
 * next. */
#ifndef FLOW_H
#define FLOW_H

#include <linux/types.h>

#define FLOW_NET 0x0a800000U /* 10.128.0.0/9 */
#define FLOW_BITS 23
#define FLOWS_MAX (1U << FLOW_BITS)
#define FLOW_STRIDE 0x9e3779b1U /* odd: within so many bits each number comes once */

#define FLOW_TTL 64

/* host byte order */
static inline __u32 flow_address(__u32 i)
{
	return FLOW_NET | ((i * FLOW_STRIDE + 1) & (FLOWS_MAX - 1));
}

#endif /* FLOW_H */
