// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The rules of txpath classify, at TC egress, after the packet has been counted and compared. The
 * program is loaded with the maps of one file of rules. One store in the map egress_calls replaces
 * it for all devices, so a packet meets either all old rules or all new ones.
 *
 * The flow of a packet, top to bottom:
 *   txpath_classify   TC egress calls it last, by a tail call (verify/egress.bpf.c)
 *    fields_read      reads what the rules of this file use of the packet (fields.bpf.h)
 *    match            finds the first rule that matches (match.bpf.h)
 *    action_apply     gives the packet priority, mark, DSCP and time of its class (action.bpf.h)
 *    event_classified a trace runs: what the packet was, and what it was given
 */
#include "classify/action.bpf.h"
#include "lib/context.bpf.h"
#include "lib/count.bpf.h"
#include "classify/match.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_tally);
} class_hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_name);
} class_names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_about);
} class_about SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_device);
} class_devices SEC(".maps");

/* The packet of txpath classify test. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_fields);
} class_packet SEC(".maps");

/* Too large for the stack. TC egress runs with softirqs off: nobody else uses this CPU's. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct txp_class_fields);
} class_fields SEC(".maps");

static __always_inline void count_hit(struct __sk_buff *ctx, __u32 place)
{
	struct txp_tally *tally = bpf_map_lookup_elem(&class_hits, &place);

	if (tally)
		count_tally(tally, ctx->len);
}

/* The event has the names of rule and class: the rules may be others when it is read. */
static __always_inline void event_classified(struct __sk_buff *ctx, __u32 rule,
					     const struct txp_class_fields *fields,
					     const struct txp_class *class)
{
	const struct txp_class_name *name = bpf_map_lookup_elem(&class_names, &rule);
	const struct txp_instance *inst = instance_get();
	struct txp_event *event;

	if (!name || !inst)
		return;
	event = event_begin(inst, TXP_EVENT_CLASSIFIED, ctx->ifindex, rule);
	if (!event)
		return;
	event->classified.fields = *fields;
	event->classified.class = *class;
	__builtin_memcpy(event->classified.rule, name->rule, sizeof(name->rule));
	__builtin_memcpy(event->classified.class_name, name->class, sizeof(name->class));
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void classify(struct __sk_buff *ctx, struct txp_class_fields *fields)
{
	const struct txp_class *class;
	bool traced = event_is_traced();
	__u32 rule;

	if (!fields_read(ctx, traced, fields)) {
		count_hit(ctx, plan.rules + TXP_CLASS_NOT_IP);
		return;
	}
	rule = match(fields);
	count_hit(ctx, rule);
	class = bpf_map_lookup_elem(&class_actions, &rule);
	if (!class) /* no rule matches */
		return;
	action_apply(ctx, fields, class);
	if (traced)
		event_classified(ctx, rule, fields, class);
}

SEC("tc")
int txpath_classify(struct __sk_buff *ctx)
{
	__u32 zero = 0;
	struct txp_class_fields *fields = bpf_map_lookup_elem(&class_fields, &zero);

	if (fields && context_is_in(ctx, plan.netns)) {
		__builtin_memset(fields, 0, sizeof(*fields));
		classify(ctx, fields);
	}
	return TXP_TC_ACT_UNSPEC;
}

/* For txpath classify test: returns the rule of class_packet; the number of rules: none. */
SEC("tc")
int txpath_classify_ask(struct __sk_buff *ctx)
{
	__u32 zero = 0;
	const struct txp_class_fields *packet_spec = bpf_map_lookup_elem(&class_packet, &zero);

	return packet_spec ? match(packet_spec) : plan.rules;
}
