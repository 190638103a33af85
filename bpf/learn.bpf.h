/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Egress learns: this packet came in on a device with transit, the kernel forwarded it, and it
 * left as the kernel wanted it. What was done with it holds for its flow until something moves,
 * and for one lease at most. The generations are those of the packet's arrival: whatever moved
 * since makes the lease stale before its first use.
 */
#ifndef TXPATH_LEARN_BPF_H
#define TXPATH_LEARN_BPF_H

#include "dossier.bpf.h"
#include "explain.bpf.h"
#include "lease.bpf.h"

/* Header and metadata as predicted; the route as predicted, or as only the kernel can choose it. */
static __always_inline bool learn_agrees(const struct txp_check *chk)
{
	__u32 route = chk->differs & TXP_FIELDS_ROUTE;

	return !(chk->differs & ~TXP_FIELDS_ROUTE) && !(route & chk->unknown) &&
	       !(route & ~chk->declined);
}

/* The kernel had a neighbour, and either the look-up had the same or it chose another path. */
static __always_inline bool learn_has_neighbour(const struct txp_check *chk)
{
	return chk->differs & TXP_BIT(DMAC) ||
	       (chk->settled & TXP_BIT(DMAC) && chk->verdict[TXP_FIELD_DMAC] == TXP_VERDICT_MATCH);
}

static __always_inline enum txp_transit learn_verdict(const struct txp_check *chk)
{
	const struct net_device *dev = KERNEL_READ(check_skb(chk), dev);

	if (!learn_agrees(chk))
		return TXP_TRANSIT_DISAGREES;
	if (chk->ifindex == chk->iif)
		return TXP_TRANSIT_SAME_DEVICE;
	if (!chk->pkt.l2_len)
		return TXP_TRANSIT_OUTPUT_KIND;
	if (!(KERNEL_READ_BITS(dev, priv_flags) & TXP_IFF_XMIT_DST_RELEASE))
		return TXP_TRANSIT_NEEDS_DST;
	return TXP_TRANSIT_TAKEN;
}

static __always_inline bool lease_same_way(const struct txp_lease *a, const struct txp_lease *b)
{
	const __u32 *old = (const __u32 *)a->ethernet;
	const __u32 *new = (const __u32 *)b->ethernet;

	return a->oif == b->oif && a->transit == b->transit && a->mtu == b->mtu &&
	       old[0] == new[0] && old[1] == new[1] && old[2] == new[2];
}

static __always_inline bool stamp_equal(const struct txp_stamp *a, const struct txp_stamp *b)
{
	return stamp_equal_routes(a, b) && a->neighbours == b->neighbours &&
	       a->settings == b->settings;
}

/* A renewal that differs although nothing moved: the lease was wrong. */
static __always_inline bool lease_is_surprised(const struct txp_lease *old,
					       const struct txp_lease *new)
{
	return old->oif && lease_key_equal(&old->key, &new->key) &&
	       stamp_equal(&old->stamp, &new->stamp) && !lease_same_way(old, new);
}

/* Enough surprises and the device offloads no more, on any CPU, from this store on. */
static __always_inline void surprise(const struct txp_instance *inst, __u32 iif,
				     struct txp_counters *cnt)
{
	struct txp_device_key key = { .netns = inst->netns, .ifindex = iif };
	struct txp_device *dev = bpf_map_lookup_elem(&devices, &key);

	cnt->surprises++;
	if (!dev)
		return;
	__sync_fetch_and_add(&dev->surprises, 1);
	if (dev->surprises > inst->max_surprises)
		__sync_fetch_and_add(&dev->demotions, 1);
}

static __always_inline void lease_fill(struct txp_lease *lease, const struct txp_check *chk,
				       const struct txp_note *note, enum txp_transit verdict)
{
	lease->key = note->key;
	lease->stamp = note->stamp;
	lease->learned = note->time_ns;
	lease->output = (__u64)KERNEL_READ(check_skb(chk), dev);
	lease->oif = chk->ifindex;
	lease->mtu =
		route_mtu(&chk->route, KERNEL_READ(check_net(chk), ipv4.sysctl_ip_fwd_use_pmtu));
	lease->transit = verdict;
	__builtin_memcpy(lease->ethernet, &chk->pkt.eth, ETH_HLEN);
}

static __always_inline void learn(const struct txp_check *chk, struct __sk_buff *ctx)
{
	const struct txp_instance *inst = instance_get();
	struct txp_dossier *dossier = dossier_of(kernel_address(check_skb(chk)));
	struct txp_lease lease = {};
	struct txp_counters *cnt;
	struct txp_lease *place;

	if (!inst || !dossier || !dossier->note.valid ||
	    dossier->note.key.saddr != chk->pkt.ip.saddr ||
	    dossier->note.key.daddr != chk->pkt.ip.daddr || dossier->note.key.iif != chk->iif ||
	    !learn_has_neighbour(chk) || !transport_unchanged(ctx, &chk->pkt, &dossier->note))
		return;
	cnt = counters_of(inst->netns, chk->iif);
	place = lease_place(&dossier->note.key);
	if (!cnt || !place)
		return;
	lease_fill(&lease, chk, &dossier->note, learn_verdict(chk));
	if (lease_is_surprised(place, &lease)) {
		surprise(inst, chk->iif, cnt);
		lease.oif = 0;
	} else {
		cnt->learned++;
	}
	*place = lease;
}

#endif /* TXPATH_LEARN_BPF_H */
