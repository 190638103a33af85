// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A light-weight tunnel (ip route ... encap bpf xmit) that drops what is long. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define LONG 500 /* bytes of IP */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

SEC("lwt_xmit")
int tunnel_drops_long(struct __sk_buff *skb)
{
	return skb->len > LONG ? BPF_DROP : BPF_OK;
}
