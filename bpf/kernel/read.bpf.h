/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Reading the kernel's memory, and its clock. */
#ifndef TXPATH_BPF_KERNEL_READ_H
#define TXPATH_BPF_KERNEL_READ_H

#include "kernel/types.bpf.h"

/* One access, in program order: a softirq may read or write in between. */
#define READ_ONCE(x) (*(volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))

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

/*
 * Whether the kernel has a member or type, in code that each packet goes through. The verifier
 * knows the answer and removes a branch that is never taken. It keeps the test, though, if the
 * branch for "no" leads to a place that others lead to. So that branch gets an end of its own,
 * without an instruction.
 */
#define KERNEL_HAS(answer)                                                                         \
	((answer) || ({                                                                            \
		 asm volatile("" : : "i"(__COUNTER__));                                            \
		 false;                                                                            \
	 }))

/* A member that kernels may be built without: then 0. */
#define KERNEL_READ_OPTIONAL(p, field)                                                             \
	(bpf_core_field_exists((p)->field) ? KERNEL_READ(p, field) : 0)

/* A setting of a typed struct net, as narrow or wide as the kernel has it; 0: it has none
 * (netns.bpf.h). */
#define NET_SETTING(net, setting)                                                                  \
	(!bpf_core_field_exists((net)->setting) ? 0                                                \
	 : bpf_core_field_size((net)->setting) == sizeof(__u8)                                     \
		 ? (net)->setting                                                                  \
		 : (__u8)((const struct net___wide *)(net))->setting)

/* For reading any eight bytes of the kernel's memory, as this struct's first member. */
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

/* CLOCK_MONOTONIC of the last tick, where the kernel has it (5.11): a load. ns */
static __always_inline __u64 kernel_time_coarse(void)
{
	if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_ktime_get_coarse_ns))
		return bpf_ktime_get_coarse_ns();
	return bpf_ktime_get_ns();
}

#endif /* TXPATH_BPF_KERNEL_READ_H */
