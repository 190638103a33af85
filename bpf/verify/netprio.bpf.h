/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The netprio map of a device (CONFIG_CGROUP_NET_PRIO): the priority that __dev_queue_xmit gives a
 * packet which has none, by the cgroup of its socket.
 */
#ifndef TXPATH_BPF_VERIFY_NETPRIO_H
#define TXPATH_BPF_VERIFY_NETPRIO_H

#include "verify/result.bpf.h"

#define TXP_PRIOIDX_ROOT 1

/* sk_to_full_sk: a timewait socket has no cgroup. */
static __always_inline const struct sock *sock_of_cgroup(const struct sock *sk)
{
	__u8 state = sk ? KERNEL_READ(sk, __sk_common.skc_state) : TXP_TCP_TIME_WAIT;

	if (state == TXP_TCP_NEW_SYN_RECV)
		return KERNEL_READ(sk, __sk_common.skc_listener);
	return state == TXP_TCP_TIME_WAIT ? NULL : sk;
}

/* sock_cgroup_prioidx: it used to share its place with the address of a cgroup of version 2. */
static __always_inline __u16 sock_prioidx(const struct sock *sk)
{
	const struct sock___shared *shared = (const void *)sk;

	if (!bpf_core_field_exists(shared->sk_cgrp_data.is_data))
		return KERNEL_READ(sk, sk_cgrp_data.prioidx);
	if (KERNEL_READ_BITS(shared, sk_cgrp_data.is_data) & 1)
		return KERNEL_READ(sk, sk_cgrp_data.prioidx);
	return TXP_PRIOIDX_ROOT;
}

/*
 * skb_update_prio: what a packet of priority 0 leaves with. A function of its own: the verifier
 * looks at it once.
 */
__noinline __u32 netprio(void)
{
	const struct txp_check *chk = check_get();
	const struct netprio_map *map;
	const struct net_device *dev;
	const struct sock *sk;
	__u32 index;

	if (!chk)
		return 0;
	dev = KERNEL_READ(check_skb(chk), dev);
	map = KERNEL_READ_OPTIONAL(dev, priomap);
	sk = map ? sock_of_cgroup(chk->sk) : NULL;
	if (!sk)
		return 0;
	index = sock_prioidx(sk);
	if (index >= KERNEL_READ(map, priomap_len))
		return 0;
	return kernel_int(kernel_address(map) + bpf_core_field_offset(map->priomap) +
			  index * sizeof(__u32));
}

#endif /* TXPATH_BPF_VERIFY_NETPRIO_H */
