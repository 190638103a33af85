// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Names of enum skb_drop_reason from BTF, and of NETDEV_TX_x and NET_XMIT_x from a table. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/btf.h>

#include <txpath/trace.h>

#include "lib/array.h"
#include "trace/reason.h"

#define PREFIX "SKB_DROP_REASON_"

struct reasons {
	bool is_read;
	struct btf *btf;
	const struct btf_type *type; /* NULL: the kernel gives no reasons */
};

struct reasons *reasons_new(void)
{
	return calloc(1, sizeof(struct reasons));
}

/* Reading BTF takes long, so it is done at the first drop and not at the start. */
static void read_reasons(struct reasons *reasons)
{
	int id;

	if (reasons->is_read)
		return;
	reasons->is_read = true;
	reasons->btf = btf__load_vmlinux_btf();
	if (!reasons->btf)
		return;
	id = btf__find_by_name_kind(reasons->btf, "skb_drop_reason", BTF_KIND_ENUM);
	if (id > 0)
		reasons->type = btf__type_by_id(reasons->btf, id);
}

void reasons_free(struct reasons *reasons)
{
	if (!reasons)
		return;
	btf__free(reasons->btf);
	free(reasons);
}

/* "NEIGH_FAILED" for SKB_DROP_REASON_NEIGH_FAILED. NULL: the reason has no name. */
static const char *reason_name(struct reasons *reasons, __u16 reason)
{
	const struct btf_enum *values;
	const char *name;
	int i;

	read_reasons(reasons);
	if (!reasons->type)
		return reason ? NULL : "";
	values = btf_enum(reasons->type);
	for (i = 0; i < btf_vlen(reasons->type); i++) {
		if (values[i].val != reason)
			continue;
		name = btf__name_by_offset(reasons->btf, values[i].name_off);
		return strncmp(name, PREFIX, strlen(PREFIX)) ? name : name + strlen(PREFIX);
	}
	return NULL;
}

/* NETDEV_TX_x and NET_XMIT_x of include/linux/netdevice.h. */
static const char *answer_name(__u16 code)
{
	static const struct {
		__u16 code;
		const char *name;
	} answers[] = {
		{ 0, "" },
		{ 1, "NET_XMIT_DROP" },
		{ 2, "NET_XMIT_CN" },
		{ 0x10, "NETDEV_TX_BUSY" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(answers); i++) {
		if (answers[i].code == code)
			return answers[i].name;
	}
	return NULL;
}

const char *code_text(struct reasons *reasons, __u16 probe, __u16 code, char *text)
{
	const char *name = "";

	if (probe == TXP_PROBE_DROP && code == TXP_REASON_OF_SUBSYSTEM)
		name = "SUBSYSTEM";
	else if (probe == TXP_PROBE_DROP)
		name = reason_name(reasons, code);
	else if (probe == TXP_PROBE_NET_DEV_XMIT)
		name = answer_name(code);
	if (name)
		snprintf(text, REASON_TEXT_MAX, "%s", name);
	else if (probe == TXP_PROBE_DROP)
		snprintf(text, REASON_TEXT_MAX, "%u", code);
	else
		snprintf(text, REASON_TEXT_MAX, "%s", strerror((__u16)-code));
	return text;
}
