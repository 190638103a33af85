/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Every kernel structure that txpath relies on, with only the members it reads. Offsets are
 * relocated at load time (CO-RE), so members may stand in any order and inside any anonymous
 * struct of the running kernel. A type with a ___suffix is one kernel generation's view.
 */
#ifndef TXPATH_KERNEL_BPF_H
#define TXPATH_KERNEL_BPF_H

#include <stdbool.h>
#include <linux/types.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/in6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_tracing.h>

/* One access, in program order: a softirq may read or write in between. */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

typedef struct {
	__s64 counter;
} atomic64_t;

struct ns_common {
	unsigned int inum;
};

struct nf_hook_entry {
	void *hook;
	void *priv;
};

struct nf_hook_entries {
	__u16 num_hook_entries;
	struct nf_hook_entry hooks[1];
};

struct netns_nf {
	struct nf_hook_entries *hooks_ipv4[5];
};

struct netns_xfrm {
	unsigned int policy_count[6];
	__u8 policy_default[3];
};

struct nf_tcp_net {
	__u8 tcp_be_liberal;
};

struct nf_ip_net {
	struct nf_tcp_net tcp;
};

struct netns_ct {
	struct nf_ip_net nf_ct_proto;
	void *stat; /* per CPU; NULL: conntrack is not in the kernel */
};

/* nf_tables changes one bit with each commit, and since 6.7 counts them here. */
struct netns_nftables {
	unsigned int base_seq;
	__u8 gencursor;
};

struct nf_ct_ext {
	__u8 offset[4]; /* by enum nf_ct_ext_id, the helper's first */
};

struct nf_conn {
	unsigned long status;
	struct nf_ct_ext *ext;
};

struct fib_table {
	__u32 tb_id;
	int tb_num_default;
};

struct ipv4_devconf {
	int data[8];
};

struct neigh_hash_table;

struct neigh_table {
	struct neigh_hash_table *nht;
};

struct neigh_parms {
	struct neigh_table *tbl;
};

struct in_ifaddr {
	struct in_ifaddr *ifa_next;
	__be32 ifa_local;
};

struct in_device {
	struct in_ifaddr *ifa_list;
	struct ipv4_devconf cnf;
	struct neigh_parms *arp_parms;
};

struct inet6_dev {
	struct neigh_parms *nd_parms;
};

struct netns_ipv4 {
	bool fib_has_custom_rules;
	struct fib_table *fib_main;
	unsigned int fib_rules_require_fldissect;
	struct ipv4_devconf *devconf_all;
	__u8 sysctl_ip_default_ttl;
	__u8 sysctl_ip_fwd_use_pmtu;
	__u8 sysctl_ip_fwd_update_priority;
	__u8 sysctl_tcp_reflect_tos;
	__u8 sysctl_fib_multipath_hash_policy;
	unsigned int fib_seq;
	atomic_t rt_genid;
};

struct netns_nexthop {
	unsigned int seq;
};

struct hlist_node {
	struct hlist_node *next;
};

struct hlist_head {
	struct hlist_node *first;
};

struct net {
	struct ns_common ns;
	struct hlist_head *dev_index_head;
	__u64 net_cookie;
	struct netns_ipv4 ipv4;
	struct netns_nf nf;
	struct netns_ct ct;
	struct netns_nftables nft;
	struct netns_nexthop nexthop;
	struct netns_xfrm xfrm;
};

/* Settings that were an int until 5.14, which is not read as if it were a __u8. */
struct net___wide {
	struct {
		int sysctl_ip_fwd_use_pmtu;
		int sysctl_ip_fwd_update_priority;
		int sysctl_fib_multipath_hash_policy;
	} ipv4;
	struct {
		struct {
			struct {
				int tcp_be_liberal;
			} tcp;
		} nf_ct_proto;
	} ct;
};

/* Up to 5.11 the cookie is made only when somebody asks, so it is no identity. */
struct net___lazy_cookie {
	atomic64_t net_cookie;
};

typedef struct {
	struct net *net;
} possible_net_t;

struct netprio_map {
	__u32 priomap_len;
	__u32 priomap[1]; /* by sock_prioidx */
};

struct header_ops;

struct bpf_prog;

/* TCX, 6.6: the programs of a hook, and behind them what clsact has. */
struct bpf_mprog_fp {
	struct bpf_prog *prog;
};

struct bpf_mprog_bundle;

struct bpf_mprog_entry {
	struct bpf_mprog_fp fp_items[64];
	struct bpf_mprog_bundle *parent;
};

struct bpf_mprog_bundle {
	struct bpf_mprog_entry a;
	atomic64_t revision; /* another one with each change, before it is acknowledged */
};

/* clsact: the filters of a hook; root is the filter's own, of cls_bpf a struct list_head. */
struct tcf_proto {
	struct tcf_proto *next;
	void *root;
};

struct list_head {
	struct list_head *next;
	struct list_head *prev;
};

struct mini_Qdisc {
	struct tcf_proto *filter_list;
};

struct tcx_entry {
	struct mini_Qdisc *miniq;
	struct bpf_mprog_bundle bundle;
};

struct Qdisc_ops {
	char id[16];
};

struct Qdisc {
	const struct Qdisc_ops *ops;
};

struct netdev_queue {
	struct net_device *dev;
	struct Qdisc *qdisc;
};

struct net_device_ops {
	void *ndo_select_queue;
};

struct xps_map {
	unsigned int len;
	__u16 queues[1];
};

struct xps_dev_maps {
	unsigned int nr_ids;	     /* 5.12 */
	struct xps_map *attr_map[1]; /* by CPU */
};

/* The VLAN devices above a device: eight parts for 802.1Q, eight for 802.1ad, by the VID. */
struct vlan_group {
	struct net_device **vlan_devices_arrays[16];
};

struct vlan_info {
	struct vlan_group grp;
};

struct net_device {
	char name[16];
	int ifindex;
	struct hlist_node index_hlist;
	unsigned int mtu;
	unsigned short hard_header_len;
	unsigned short needed_headroom;
	unsigned int real_num_tx_queues;
	const struct header_ops *header_ops;
	const struct net_device_ops *netdev_ops;
	struct netdev_queue *_tx;
	__s16 num_tc;
	struct xps_dev_maps *xps_maps[2];  /* 5.12: by CPU, by receive queue */
	struct xps_dev_maps *xps_cpus_map; /* before, each by itself */
	struct xps_dev_maps *xps_rxqs_map;
	struct netprio_map *priomap;
	unsigned int priv_flags; /* a bit field since 6.12 */
	possible_net_t nd_net;
	unsigned int flags;
	struct in_device *ip_ptr;
	struct inet6_dev *ip6_ptr;
	void *rx_handler;
	struct nf_hook_entries *nf_hooks_ingress;
	struct nf_hook_entries *nf_hooks_egress; /* 5.16 */
	struct bpf_mprog_entry *tcx_ingress;	 /* 6.6 */
	struct mini_Qdisc *miniq_ingress;	 /* before */
	struct vlan_info *vlan_info;
	const unsigned char *dev_addr;
	unsigned char priv[1]; /* 6.11; before, behind the struct */
};

struct vlan_priority_tci_mapping {
	__u32 priority;
	__u16 vlan_qos; /* where it stands in the tag */
	struct vlan_priority_tci_mapping *next;
};

struct vlan_dev_priv {
	struct vlan_priority_tci_mapping *egress_priority_map[16]; /* by the priority's last bits */
};

struct dst_ops {
	unsigned short family;
};

struct lwtunnel_state;
struct xfrm_state;

struct dst_entry {
	struct net_device *dev;
	struct dst_ops *ops;
	unsigned long _metrics;
	unsigned long expires;
	struct xfrm_state *xfrm;
	unsigned short flags;
	struct lwtunnel_state *lwtstate;
};

struct rtable {
	struct dst_entry dst;
	int rt_genid;
	unsigned int rt_flags;
	__u16 rt_type;
	__u8 rt_is_input;
	__u8 rt_uses_gateway;
	__u8 rt_gw_family;
	__be32 rt_gw4; /* rt_gw6 begins at the same place */
	__u32 rt_mtu_locked : 1, rt_pmtu : 31;
};

struct rt6_info {
	struct dst_entry dst;
	struct in6_addr rt6i_gateway;
};

struct ipv6_pinfo {
	struct in6_addr saddr;
};

struct sock;

struct sock_common {
	__be32 skc_daddr;
	__be16 skc_dport;
	struct in6_addr skc_v6_daddr;
	unsigned short skc_family;
	volatile unsigned char skc_state;
	unsigned short skc_tx_queue_mapping;
	int skc_bound_dev_if;
	unsigned long skc_flags;
	possible_net_t skc_net;
	struct sock *skc_listener; /* of a request_sock: rsk_listener */
};

struct sock_cgroup_data {
	__u16 prioidx;
};

struct sock {
	struct sock_common __sk_common;
	__u32 sk_priority;
	__u32 sk_mark;
	__u16 sk_type;
	__u16 sk_protocol;
	struct dst_entry *sk_dst_cache;
	struct sock_cgroup_data sk_cgrp_data;
};

/* Up to 5.14 prioidx is there only if this bit is set: else the place is a cgroup's address. */
struct sock___shared {
	struct {
		__u8 is_data : 1;
	} sk_cgrp_data;
};

enum sock_flags {
	SOCK_LOCALROUTE = 4, /* SO_DONTROUTE */
};

struct ip_options {
	unsigned char optlen;
};

struct ip_options_rcu {
	struct ip_options opt;
};

struct inet_sock {
	struct sock sk;
	__be32 inet_saddr;
	__be16 inet_sport;
	struct ipv6_pinfo *pinet6;
	__s16 uc_ttl;
	struct ip_options_rcu *inet_opt;
	__u8 tos;
	__u8 pmtudisc;
	int uc_index;
};

/* atomic since 6.6, and 6.1 in its later releases */
struct inet_sock___atomic_id {
	atomic_t inet_id;
};

struct inet_sock___plain_id {
	__u16 inet_id;
};

struct inet_cork {
	unsigned int flags;
	struct ip_options *opt;
	struct dst_entry *dst;
	__u8 ttl;
	__s16 tos;
	__u32 mark;
};

struct inet_cork___wide_priority {
	__u32 priority;
};

struct inet_cork___char_priority {
	char priority;
};

/* The priority of a message can be set by SO_PRIORITY cmsg where this exists (6.14). */
struct sockcm_cookie___priority {
	__u32 priority;
};

struct flowi_common {
	__u8 flowic_scope;
	__u8 flowic_proto;
};

struct flowi_ports {
	__be16 dport;
	__be16 sport;
};

union flowi_uli {
	struct flowi_ports ports;
};

struct flowi4 {
	struct flowi_common __fl_common;
	__be32 saddr;
	__be32 daddr;
	union flowi_uli uli;
};

struct flowi6 {
	struct flowi_common __fl_common;
	struct in6_addr daddr;
	struct in6_addr saddr;
	union flowi_uli uli;
};

struct flowi;

struct inet_cork_full {
	struct inet_cork base;
	struct {
		union {
			struct flowi6 ip6;
		} u;
	} fl;
};

struct sk_buff_head {
	struct sk_buff *next;
};

struct sk_buff {
	struct sk_buff *next;
	struct net_device *dev;
	struct sock *sk;
	char cb[48];
	unsigned long _skb_refdst;
	unsigned long _nfct;
	unsigned int len;
	unsigned int data_len;
	__u16 queue_mapping;
	__u8 pkt_type : 3;
	__u8 ignore_df : 1;
	__u8 encapsulation : 1;
	__u8 l4_hash : 1;
	__u8 sw_hash : 1;
	__u32 sender_cpu;
	__u32 hash;
	__u8 active_extensions;
	void *destructor;
	__u32 priority;
	__u32 mark;
	__be16 protocol;
	__u16 network_header;
	unsigned int end; /* an offset: 64 bit only */
	unsigned char *head;
	unsigned char *data;
};

struct skb_shared_info {
	struct sk_buff *frag_list;
};

/* Where the first word of __sk_buff's cb lies in sk_buff's. */
struct qdisc_skb_cb {
	unsigned char data[20];
};

enum skb_drop_reason { /* 5.17 */
		       SKB_NOT_DROPPED_YET = 0,
};

enum skb_ext_id {
	SKB_EXT_BRIDGE_NF = 0,
	SKB_EXT_SEC_PATH = 1,
};

struct neighbour {
	struct neighbour *next; /* up to 6.12 */
	struct net_device *dev;
	__u8 nud_state;
	__u8 dead;
	__u8 ha[32] __attribute__((aligned(8)));
	__u8 primary_key[1];
};

struct neighbour___hlist {
	struct hlist_node hash; /* 6.13 */
};

struct neigh_hash_table {
	struct neighbour **hash_buckets; /* up to 6.12 */
	unsigned int hash_shift;
	__u32 hash_rnd[4];
};

struct neigh_hash_table___hlist {
	struct hlist_head *hash_heads; /* 6.13 */
};

struct bpf_prog_aux {
	__u32 id;
};

struct bpf_prog {
	struct bpf_prog_aux *aux;
};

struct nf_hook_state {
	struct net_device *out;
	struct net *net;
};

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

#pragma clang attribute pop

/* Values of kernel constants that no uapi header gives. */
#define TXP_AF_INET 2
#define TXP_AF_INET6 10
#define TXP_RTN_UNICAST 1
#define TXP_RTAX_LOCK 1
#define TXP_RTAX_MTU 2
#define TXP_RTAX_HOPLIMIT 10
#define TXP_RTCF_REDIRECTED 0x00040000
#define TXP_RTCF_BROADCAST 0x10000000
#define TXP_RTCF_MULTICAST 0x20000000
#define TXP_RTCF_LOCAL 0x80000000
#define TXP_DST_FAKE_RTABLE 0x0010
#define TXP_DST_METADATA 0x0080
#define TXP_SKB_DST_PTRMASK (~1UL)
#define TXP_DST_METRICS_PTR (~3UL)
#define TXP_IPCORK_OPT 1
#define TXP_TCP_TIME_WAIT 6
#define TXP_TCP_CLOSE 7
#define TXP_TCP_NEW_SYN_RECV 12
#define TXP_SOCK_STREAM 1
#define TXP_SOCK_RAW 3
#define TXP_PACKET_HOST 0
#define TXP_IPV4_MIN_MTU 68
#define TXP_IP_MAX_MTU 65535U
#define TXP_GSO_BY_FRAGS 0xffff
#define TXP_IP_DF 0x4000
#define TXP_IP_MF 0x2000
#define TXP_IP_OFFSET 0x1fff
#define TXP_LOOPBACK_IFINDEX 1
#define TXP_IFF_XMIT_DST_RELEASE (1 << 5)
#define TXP_IFF_L3MDEV_MASTER (1 << 18)
#define TXP_IFF_L3MDEV_SLAVE (1 << 21)
#define TXP_NUD_VALID 0xde /* PERMANENT, NOARP, REACHABLE, PROBE, STALE, DELAY */
#define TXP_NFCT_PTRMASK (~7UL)
#define TXP_NFCT_INFOMASK 7UL
#define TXP_IP_CT_ESTABLISHED 0
#define TXP_IP_CT_ESTABLISHED_REPLY 3
#define TXP_IPS_SEQ_ADJUST (1 << 6)
#define TXP_NF_CT_EXT_HELPER 0
#define TXP_DEVCONF_FORWARDING 0 /* IPV4_DEVCONF_FORWARDING - 1, and so on */
#define TXP_DEVCONF_RP_FILTER 7
#define TXP_XFRM_POLICY_OUT 1
#define TXP_XFRM_POLICY_FWD 2
#define TXP_XFRM_BLOCK 1
#define TXP_IFF_UP 1
#define TXP_PMTUDISC_WANT 1
#define TXP_PMTUDISC_DO 2
#define TXP_PMTUDISC_PROBE 3
#define TXP_PMTUDISC_OMIT 5
#define TXP_TC_ACT_UNSPEC (-1) /* TCX_NEXT: whoever is behind us sees the packet too */

/*
 * Reads of kernel structures. Since 6.2 an address can be cast to its type, and reading is a
 * load; before, it is a call of bpf_probe_read_kernel, about 30 ns. KERNEL_READ(p, a, b) is
 * p->a->b; a wrong address reads as 0 either way.
 */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define kernel_typed(p) ((typeof(p))bpf_rdonly_cast(p, bpf_core_type_id_kernel(typeof(*(p)))))

#define kernel_load_1(p, a) ((p)->a)
#define kernel_load_2(p, a, b) ((p)->a->b)
#define kernel_load_3(p, a, b, c) ((p)->a->b->c)
#define kernel_load(p, ...) ___apply(kernel_load_, ___narg(__VA_ARGS__))(p, __VA_ARGS__)

#define KERNEL_READ(p, ...)                                                                        \
	(bpf_rdonly_cast ? kernel_load(kernel_typed(p), __VA_ARGS__)                               \
			 : BPF_CORE_READ(p, __VA_ARGS__))

#define KERNEL_READ_BITS(p, field)                                                                 \
	(bpf_rdonly_cast ? BPF_CORE_READ_BITFIELD(kernel_typed(p), field)                          \
			 : BPF_CORE_READ_BITFIELD_PROBED(p, field))

/* A member that kernels may be built without: then 0. */
#define KERNEL_READ_OPTIONAL(p, field)                                                             \
	(bpf_core_field_exists((p)->field) ? KERNEL_READ(p, field) : 0)

/* A setting of a typed struct net, as narrow or wide as the kernel has it; 0: it has none. */
#define NET_SETTING(net, setting)                                                                  \
	(!bpf_core_field_exists((net)->setting) ? 0                                                \
	 : bpf_core_field_size((net)->setting) == sizeof(__u8)                                     \
		 ? (net)->setting                                                                  \
		 : (__u8)((const struct net___wide *)(net))->setting)

/* The namespace's identity is its cookie, else its inode number: as loader/netns.c has it. */
static __always_inline bool kernel_has_netns_cookie(void)
{
	const struct net *net = NULL;
	const struct net___lazy_cookie *lazy = NULL;

	return bpf_core_field_exists(net->net_cookie) &&
	       !bpf_core_field_exists(lazy->net_cookie.counter);
}

static __always_inline __u64 kernel_netns_id(const struct net *net)
{
	if (kernel_has_netns_cookie())
		return KERNEL_READ(net, net_cookie);
	return KERNEL_READ(net, ns.inum);
}

/* From a TC program's context to the kernel's own packet, since 6.2. */
extern void *bpf_cast_to_kern_ctx(void *ctx) __ksym __weak;

/* CLOCK_MONOTONIC of the last tick, where the kernel has it (5.11): a load. ns */
static __always_inline __u64 kernel_time_coarse(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

/* Only its first member is used: eight bytes of the kernel's memory, whatever they are. */
struct timespec64 {
	__s64 tv_sec;
};

static __always_inline __u64 kernel_word(__u64 address)
{
	const struct timespec64 *word = (const void *)address;

	return KERNEL_READ(word, tv_sec);
}

static __always_inline __u32 kernel_int(__u64 address)
{
	const struct in_addr *word = (const void *)address;

	return KERNEL_READ(word, s_addr);
}

/* The same two, where kernel_typed is there for sure (6.2). */
static __always_inline __u64 typed_word(__u64 address)
{
	const struct timespec64 *word = kernel_typed((const struct timespec64 *)address);

	return word->tv_sec;
}

static __always_inline __u32 typed_int(__u64 address)
{
	const struct in_addr *word = kernel_typed((const struct in_addr *)address);

	return word->s_addr;
}

/* A kernel pointer as a number: the verifier allows no arithmetic on typed pointers. */
static __always_inline __u64 kernel_address(const void *pointer)
{
	__u64 address = 0;

	bpf_probe_read_kernel(&address, sizeof(address), &pointer);
	return address;
}

/* skb_dst, if it is a real IPv4 route; NULL otherwise. */
static __always_inline struct rtable *kernel_skb_rtable(const struct sk_buff *skb)
{
	struct dst_entry *dst = (void *)(KERNEL_READ(skb, _skb_refdst) & TXP_SKB_DST_PTRMASK);

	if (!dst || KERNEL_READ(dst, flags) & (TXP_DST_METADATA | TXP_DST_FAKE_RTABLE))
		return NULL;
	if (KERNEL_READ(dst, ops, family) != TXP_AF_INET)
		return NULL;
	return (struct rtable *)dst;
}

/* inet_id before the next packet takes its own. */
static __always_inline __u16 kernel_inet_id(const struct sock *sk)
{
	const struct inet_sock___atomic_id *atomic = (const void *)sk;
	const struct inet_sock___plain_id *plain = (const void *)sk;

	if (bpf_core_field_exists(atomic->inet_id.counter))
		return KERNEL_READ(atomic, inet_id.counter);
	return KERNEL_READ(plain, inet_id);
}

/* ip_select_ident_segs: where inet_id is atomic, datagrams send the sum, not the old value. */
static __always_inline bool kernel_inet_id_is_atomic(void)
{
	return bpf_core_field_exists(((struct inet_sock___atomic_id *)0)->inet_id.counter);
}

#endif /* TXPATH_KERNEL_BPF_H */
