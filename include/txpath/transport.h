/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Protocols above IP whose header begins with two ports.
 *
 * TXP_TRANSPORT(ID, length)
 *   ID      suffix of IPPROTO_ID
 *   length  bytes of the header; for TCP the minimum
 */
#ifndef TXPATH_TRANSPORT_H
#define TXPATH_TRANSPORT_H

#include <linux/types.h>

#define TXP_TRANSPORTS(TXP_TRANSPORT)                                                              \
	TXP_TRANSPORT(TCP, 20)                                                                     \
	TXP_TRANSPORT(UDP, 8)                                                                      \
	TXP_TRANSPORT(UDPLITE, 8)                                                                  \
	TXP_TRANSPORT(SCTP, 12)                                                                    \
	TXP_TRANSPORT(DCCP, 12)

/* 0: the protocol has no ports. Needs IPPROTO_ of <linux/in.h> or <netinet/in.h>. */
static inline __attribute__((always_inline)) __u8 transport_len(__u8 protocol)
{
	switch (protocol) {
#define TXP_TRANSPORT_CASE(id, length)                                                             \
	case IPPROTO_##id:                                                                         \
		return length;
		TXP_TRANSPORTS(TXP_TRANSPORT_CASE)
#undef TXP_TRANSPORT_CASE
	}
	return 0;
}

#endif /* TXPATH_TRANSPORT_H */
